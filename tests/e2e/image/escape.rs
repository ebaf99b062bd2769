//! Ways out of the booth that people try: keys, chords, gestures, and what can be plugged in.

use super::drills::with_shell;
use super::fixture::{WELCOME, same_page};
use bilik_tests::machine::Machine;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

/// Presses by chance, beside those that are known to lead somewhere.
const BY_CHANCE: usize = 360;
const SEED: u64 = 5;

const MODIFIERS: [&str; 7] = ["ctrl", "alt", "shift", "meta_l", "ctrl_r", "alt_r", "sysrq"];
const KEYS: [&str; 42] = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "i",
    "k",
    "l",
    "m",
    "n",
    "o",
    "q",
    "r",
    "s",
    "t",
    "u",
    "v",
    "w",
    "x",
    "y",
    "z",
    "1",
    "2",
    "9",
    "0",
    "f1",
    "f2",
    "f4",
    "f7",
    "f12",
    "delete",
    "backspace",
    "esc",
    "tab",
    "print",
    "home",
    "insert",
    "menu",
    "pause",
];
/// Strokes of a finger that other systems listen to: from each edge inwards, along it, and through the corners.
const STROKES: [[(u32, u32); 3]; 8] = [
    [(640, 0), (640, 60), (640, 140)],
    [(640, 799), (640, 760), (640, 700)],
    [(0, 300), (60, 300), (140, 300)],
    [(1279, 720), (1240, 720), (1180, 720)],
    [(0, 0), (20, 20), (60, 60)],
    [(1279, 799), (1240, 770), (1200, 740)],
    [(0, 799), (30, 770), (60, 740)],
    [(300, 799), (640, 799), (1000, 799)],
];

/// What may not change: the programs that run, from the kernel's own list, and the booth's process.
fn running(machine: &mut Machine) -> String {
    // Not the tools that ask, nor those that the system calls for a moment.
    const PASSING: &str = "/(sleep|sort|grep|readlink|udevadm|systemctl|rauc|systemd-timedated|systemd-hostnamed)$";
    let programs = "udevadm settle -t 20; for one in /proc/[0-9]*; do readlink $one/exe; done | sort -u";
    let programs = machine.inside(&format!("{programs} | grep -v -E '{PASSING}'")).unwrap();
    let booth =
        machine.inside("systemctl show bilik-booth -P MainPID; ip -brief link; ls /dev/sd* 2>/dev/null; :").unwrap();
    format!("{programs}\n{booth}")
}

fn known_chords() -> Vec<Vec<String>> {
    let mut chords: Vec<Vec<String>> = Vec::new();
    let mut add = |keys: &[&str]| chords.push(keys.iter().map(|key| (*key).to_owned()).collect());
    for number in 1..=12 {
        let key = format!("f{number}");
        add(&["ctrl", "alt", &key]);
        add(&["alt", &key]);
        add(&[&key]);
    }
    // systemd restarts at once after the seventh within two seconds.
    for _ in 0..8 {
        add(&["ctrl", "alt", "delete"]);
    }
    add(&["ctrl", "alt", "backspace"]);
    // Kill everything, remount, restart, switch off.
    for key in ["r", "e", "i", "k", "s", "u", "c", "b", "o", "f", "t", "w", "1", "9"] {
        add(&["alt", "sysrq", key]);
    }
    for keys in [
        &["alt", "f4"][..],
        &["alt", "tab"],
        &["meta_l"],
        &["meta_l", "l"],
        &["esc"],
        &["ctrl", "c"],
        &["ctrl", "z"],
        &["ctrl", "backslash"],
        &["shift", "shift_r"],
        &["power"],
        &["sleep"],
        &["alt", "right"],
        &["alt", "left"],
    ] {
        add(keys);
    }
    chords
}

/// A key, or some together, as somebody drums on a keyboard.
fn by_chance(chance: &mut StdRng) -> Vec<String> {
    let modifiers = chance.random_range(0..=3);
    let mut keys: Vec<&str> = MODIFIERS.to_vec();
    keys.shuffle(chance);
    keys.truncate(modifiers);
    keys.extend(KEYS.choose(chance));
    keys.into_iter().map(str::to_owned).collect()
}

fn press(machine: &mut Machine, chords: &[Vec<String>], after: &str) {
    for chord in chords {
        let keys: Vec<_> = chord.iter().map(String::as_str).collect();
        machine.chord(&keys).unwrap();
    }
    same_page(machine, WELCOME, after);
}

#[test]
#[ignore = "make image-test"]
fn nothing_leads_out() {
    let mut machine = with_shell("escape");
    machine.see(WELCOME).unwrap();
    let (resets, before) = (machine.resets().unwrap(), running(&mut machine));
    assert!(before.contains("/bilik-booth"), "{before}");
    let mut chance = StdRng::seed_from_u64(SEED);
    let drummed: Vec<_> = (0..BY_CHANCE).map(|_| by_chance(&mut chance)).collect();
    let (first, second) = drummed.split_at(BY_CHANCE / 2);

    press(&mut machine, &known_chords(), "chords on the PC's own keyboard");
    press(&mut machine, first, "drumming on the PC's own keyboard");
    for (driver, name) in [("usb-kbd", "keyboard"), ("usb-mouse", "mouse"), ("usb-tablet", "tablet")] {
        machine.plug_in(driver, name).unwrap();
    }
    press(&mut machine, &known_chords(), "chords on a keyboard that was plugged in");
    press(&mut machine, second, "drumming on a keyboard that was plugged in");
    for name in ["keyboard", "mouse", "tablet"] {
        machine.unplug(name).unwrap();
    }
    assert_eq!(running(&mut machine), before, "after keys");

    // A network adapter, another stick to start from, a second sound card, a hub: none becomes anything.
    machine.plug_in("usb-net", "adapter").unwrap();
    machine.plug_in("usb-hub", "hub").unwrap();
    let stick = machine.drives.plain_stick(&[]).unwrap();
    machine.insert(&stick).unwrap();
    machine.pause();
    machine.pull_out(&stick).unwrap();
    machine.unplug("adapter").unwrap();
    machine.unplug("hub").unwrap();
    same_page(&mut machine, WELCOME, "things that were plugged in");
    assert_eq!(running(&mut machine), before, "after things that were plugged in");

    for stroke in &STROKES {
        machine.draw(stroke, std::time::Duration::from_millis(100)).unwrap();
    }
    same_page(&mut machine, WELCOME, "strokes of a finger");
    assert_eq!(running(&mut machine), before, "after strokes");
    assert_eq!(machine.resets().unwrap(), resets, "the machine has started anew");
    machine.scrap();
}
