//! Ways out of the booth that people try.

use super::fixture::{WELCOME, booth, same_page};

#[test]
#[ignore = "make image-test"]
fn no_key_leads_out() {
    let mut machine = booth("escape");
    machine.see(WELCOME).unwrap();
    let resets = machine.resets().unwrap();
    // Once on the keyboard that every PC has, once on one that is plugged in.
    for keyboard in ["own", "plugged in"] {
        if keyboard == "plugged in" {
            machine.plug_in("usb-kbd", "keyboard").unwrap();
            machine.plug_in("usb-mouse", "mouse").unwrap();
        }
        for number in 1..=12 {
            let key = format!("f{number}");
            machine.chord(&["ctrl", "alt", &key]).unwrap();
            machine.chord(&["alt", &key]).unwrap();
        }
        same_page(&mut machine, WELCOME, "function keys");
        for _ in 0..8 {
            machine.chord(&["ctrl", "alt", "delete"]).unwrap();
        }
        machine.chord(&["ctrl", "alt", "backspace"]).unwrap();
        same_page(&mut machine, WELCOME, "Ctrl-Alt-Del and Ctrl-Alt-Backspace");
        // Kill everything, remount, restart, switch off: SysRq.
        for key in ["r", "e", "i", "k", "s", "u", "c", "b", "o"] {
            machine.chord(&["alt", "sysrq", key]).unwrap();
        }
        same_page(&mut machine, WELCOME, "SysRq");
        for keys in
            [&["alt", "f4"][..], &["alt", "tab"], &["meta_l"], &["esc"], &["ctrl", "c"], &["ctrl", "z"], &["power"]]
        {
            machine.chord(keys).unwrap();
        }
        same_page(&mut machine, WELCOME, "a desktop's keys");
    }
    machine.unplug("keyboard").unwrap();
    machine.unplug("mouse").unwrap();
    machine.see(WELCOME).unwrap();
    assert_eq!(machine.resets().unwrap(), resets, "the machine has started anew");
    machine.scrap();
}
