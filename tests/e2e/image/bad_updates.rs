//! Updates that must not take a booth away: each ends in the version that ran before, with a word that says why.
//!
//! `BILIK_UPDATES` picks some by their names; without it all are tried, about three minutes for each that is started.

use super::drills::with_shell;
use super::fixture::{WELCOME, booth, its_hub, open_menu};
use super::update::{OWN, Repack, bring, button, put_in, restart};
use bilik_tests::machine::Machine;
use bilik_tests::machine::drill::OVERLAY;
use bilik_tests::machine::tools::{script, tests};
use std::path::{Path, PathBuf};

/// When it shows what it is.
enum Ends {
    /// Before or while it is written: the running version says so.
    Refused(&'static str),
    /// At its trial: after so many resets the old version is back and says so. A kernel image that the firmware refuses
    /// needs none but the one that was asked for.
    GivenUp(usize, &'static str),
}
use Ends::{GivenUp, Refused};

struct Case {
    name: &'static str,
    make: fn() -> PathBuf,
    ends: Ends,
}

/// Version of each that claims to be one.
const VERSION: &str = "0.9.3";

fn made(words: &str) -> Repack<'_> {
    Repack { version: VERSION, words, keys: OWN, ..Repack::default() }
}

/// Changes a good bundle by a shell script, with the bundle as `$1`.
fn spoilt(how: &str) -> PathBuf {
    let bundle = made("").make();
    let inside = Path::new("/mnt").join(bundle.strip_prefix(tests()).unwrap());
    script("updates", how, &[inside.to_str().unwrap()]).unwrap();
    bundle
}

const CASES: &[Case] = &[
    Case {
        name: "stranger",
        make: || Repack { keys: "strangers", ..made("") }.make(),
        ends: Refused("Pembaruan asing"),
    },
    Case {
        name: "older",
        make: || Repack { version: "0.0.9", ..made("") }.make(),
        ends: Refused("Pembaruan lebih tua"),
    },
    Case {
        name: "other-product",
        make: || Repack { manifest: "s/^compatible=.*/compatible=other/", ..made("") }.make(),
        ends: Refused("tidak ditandatangani"),
    },
    Case { name: "truncated", make: || spoilt("truncate -s 90M \"$1\""), ends: Refused("Berkas pembaruan rusak") },
    Case {
        name: "corrupt-block",
        make: || spoilt("printf BILIK | dd of=\"$1\" bs=1M seek=100 conv=notrunc status=none"),
        ends: Refused("gagal; yang lama masih utuh"),
    },
    // Signed as an update, but its kernel image is nobody's.
    Case {
        name: "unsigned-kernel",
        make: || Repack { kernel: "sbattach --remove \"$kernel\"", ..made("bilik.unsigned") }.make(),
        ends: GivenUp(1, "Tidak pernah menyala"),
    },
    // Written and signed as it is: the root is not the one that its kernel image names.
    Case {
        name: "other-root",
        make: || {
            Repack { root: "printf BILIK | dd of=\"$root\" bs=1M seek=50 conv=notrunc status=none", ..made("") }.make()
        },
        ends: GivenUp(2, "Tidak pernah menyala"),
    },
    Case { name: "no-init", make: || made("rdinit=/nothing").make(), ends: GivenUp(2, "Tidak pernah menyala") },
    Case { name: "no-first-frame", make: without_page, ends: GivenUp(2, "tidak siap dalam lima menit") },
    Case {
        name: "no-screen-driver",
        make: || made("module_blacklist=virtio_gpu").make(),
        ends: GivenUp(2, "berhenti berulang kali"),
    },
    Case {
        name: "crashes",
        make: || drilled("while sleep 5; do pkill -KILL -x bilik-booth; done"),
        ends: GivenUp(2, "berhenti berulang kali"),
    },
    Case {
        name: "hangs",
        make: || drilled("sleep 30; echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger"),
        ends: GivenUp(2, "listrik padam atau macet"),
    },
    // Well for its minute, and kept. Then it breaks.
    Case {
        name: "crashes-later",
        make: || drilled("sleep 240; while sleep 5; do pkill -KILL -x bilik-booth; done"),
        ends: GivenUp(2, "berhenti berulang kali"),
    },
];

/// Whose system knows of no booth. The image has nothing that would mask a unit for the kernel's command line.
fn without_page() -> PathBuf {
    const BEFORE: &str = "mkdir -p \\$at/multi-user.target.wants\n";
    with_overlay(BEFORE, &format!("{BEFORE}ln -s /dev/null \\$at/bilik-booth.service\n"))
}

/// Whose system does this by itself.
fn drilled(deed: &str) -> PathBuf {
    with_overlay("ExecStart=/bin/sh\n", &format!("ExecStart=/bin/sh -c '{deed}'\n"))
}

fn with_overlay(line: &str, instead: &str) -> PathBuf {
    let overlay = OVERLAY.replace(line, instead);
    assert_ne!(overlay, OVERLAY, "the line to replace is not there");
    Repack { overlay: &overlay, ..made("") }.make()
}

#[test]
#[ignore = "make image-test"]
fn bad_updates_end_in_the_good_version() {
    let wanted = std::env::var("BILIK_UPDATES").unwrap_or_default();
    let mut hub = its_hub();
    hub.run().unwrap();
    for case in CASES.iter().filter(|case| wanted.is_empty() || wanted.split(',').any(|name| name == case.name)) {
        let bundle = (case.make)();
        let mut machine = booth(&format!("bad-{}", case.name));
        machine.plug_in_reader().unwrap();
        let stick = bring(&mut machine, &bundle);
        match case.ends {
            Refused(word) => refused(&mut machine, word),
            GivenUp(starts, word) => {
                put_in(&mut machine);
                machine.pull_out(&stick).unwrap();
                let resets = machine.resets().unwrap();
                restart(&mut machine);
                given_up(&mut machine, resets + starts, word);
            }
        }
        machine.scrap();
    }
}

/// A trial that cannot be noted is not begun.
#[test]
#[ignore = "make image-test"]
fn a_full_data_partition_takes_no_update() {
    const FILL: &str =
        "fallocate -l $(stat -f -c '%f * %S' /var | xargs expr) /var/full || true; cat /dev/zero >>/var/full || true";
    let bundle = Repack { overlay: OVERLAY, ..made("") }.make();
    let mut hub = its_hub();
    hub.run().unwrap();
    let mut machine = with_shell("bad-full");
    bring(&mut machine, &bundle);
    machine.inside(FILL).unwrap();
    refused(&mut machine, "Tidak ada ruang lagi");
    // With room again the booth serves, and takes it.
    machine.inside("rm /var/full").unwrap();
    put_in(&mut machine);
    machine.scrap();
}

/// The page says it at once, or does when it is asked to.
fn refused(machine: &mut Machine, word: &str) {
    while machine.look().unwrap().find(word).is_none() {
        if let Some(at) = button(machine) {
            machine.tap(at).unwrap();
        }
        machine.pause();
    }
    machine.offers_no_way_out().unwrap();
}

/// The trial's own welcome page may come before.
fn given_up(machine: &mut Machine, resets: usize, word: &str) {
    while machine.resets().unwrap() < resets {
        machine.offers_no_way_out().unwrap();
        machine.pause();
    }
    machine.see(WELCOME).unwrap();
    open_menu(machine);
    machine.tap_on("Pembaruan").unwrap();
    machine.see("kembali ke").unwrap();
    machine.see(word).unwrap();
}
