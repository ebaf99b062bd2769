//! Frames between console and hub. What the hub sends is read by the browser; here only what it writes can be looked at.

#![no_main]

use bilik_claim::wire::{ConsoleToHub, HubToConsole};
use bilik_claim_fuzz::{frame, round_trip};

libfuzzer_sys::fuzz_target!(|text: &str| {
    frame::<ConsoleToHub>(text);
    if let Ok(message) = serde_json::from_str::<HubToConsole>(text) {
        round_trip(&message);
    }
});
