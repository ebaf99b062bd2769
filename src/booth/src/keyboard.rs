//! Which keys of a real keyboard reach the screen of a booth.
//!
//! On the bare screen Slint's own back end ends the program on Ctrl+Alt+Delete and Ctrl+Alt+Backspace. A booth has no keyboard,
//! but a USB port can be found; so only the keys that the pages understand are let through, and none that makes a chord of them.
//! On a desktop (the winit back end) nothing is filtered: there the window system has its own.

use crate::app::{Incoming, Post};
use crate::touchscreen::Touchscreens;
use input::event::keyboard::KeyboardEventTrait as _;
use std::cell::RefCell;

/// Whether Slint draws on the bare screen, and takes its input from libinput.
pub fn is_bare() -> bool {
    std::env::var("SLINT_BACKEND").is_ok_and(|backend| backend.to_lowercase().starts_with("linuxkms"))
}

/// Chooses Slint's back end for the bare screen, with the filter, which also tells of touch screens. Elsewhere Slint chooses for
/// itself.
///
/// # Errors
/// If the screen cannot be opened.
pub fn filter() -> Result<(), slint::PlatformError> {
    if !is_bare() {
        return Ok(());
    }
    let plugged_in = Touchscreens::plugged_in().unwrap_or_else(|error| {
        tracing::error!(%error, "touch screens cannot be listed; the first touch will tell");
        Touchscreens::default()
    });
    let there = plugged_in.is_any();
    let screens = RefCell::new(plugged_in);
    let hook = move |event: &input::Event| {
        if let Some(there) = screens.borrow_mut().hear(event) {
            Post.send(Incoming::Touchscreen(there));
        }
        is_swallowed(event)
    };
    slint::BackendSelector::new().with_libinput_event_hook(hook).select()?;
    Post.send(Incoming::Touchscreen(there));
    Ok(())
}

fn is_swallowed(event: &input::Event) -> bool {
    if let input::Event::Keyboard(key) = event
        && let input::event::KeyboardEvent::Key(key) = key
    {
        return !is_understood(key.key());
    }
    false
}

/// By code of the key (`linux/input-event-codes.h`): letters, digits, the signs of names and addresses, Shift, Space, Enter,
/// Backspace, Delete, and the block of digits. Not Ctrl, Alt, Meta, AltGr, nor any that steers.
fn is_understood(code: u32) -> bool {
    const NUM_LOCK: u32 = 69;
    matches!(code, 2..=14 | 16..=25 | 28 | 30..=38 | 40 | 42 | 44..=54 | 57 | NUM_LOCK | 71..=83 | 96 | 98 | 111)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_chord_and_no_steering_key_comes_through() {
        let left_out = [
            (1, "escape"),
            (15, "tab"),
            (29, "left ctrl"),
            (97, "right ctrl"),
            (56, "left alt"),
            (100, "right alt"),
            (125, "left meta"),
            (126, "right meta"),
            (127, "menu"),
            (99, "sysrq"),
            (59, "F1"),
            (88, "F12"),
            (103, "up"),
            (116, "power"),
            (142, "sleep"),
        ];
        for (code, name) in left_out {
            assert!(!is_understood(code), "{name}");
        }
        for (code, name) in [
            (2, "1"),
            (30, "a"),
            (52, "dot"),
            (42, "shift"),
            (28, "enter"),
            (14, "backspace"),
            (111, "delete"),
            (82, "keypad 0"),
        ] {
            assert!(is_understood(code), "{name}");
        }
    }
}
