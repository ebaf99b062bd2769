//! Frames between booth and hub, read by either end.

#![no_main]

use bilik_claim::wire::{BoothToHub, HubToBooth};
use bilik_claim_fuzz::frame;

libfuzzer_sys::fuzz_target!(|text: &str| {
    frame::<BoothToHub>(text);
    frame::<HubToBooth>(text);
});
