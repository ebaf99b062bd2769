//! Profiles, as a technician may write them.
//!
//! What parses can be written and read back, and its faults are the same; what is sound has a decoder and reads payloads.

#![no_main]

use bilik_scanner::framing::{Decoder, Output};
use bilik_scanner::{Profile, Scan};
use std::time::Instant;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(profile) = toml::from_str::<Profile>(text) else { return };
    let written = toml::to_string(&profile).expect("a profile that cannot be written");
    let again: Profile = toml::from_str(&written).expect("a profile that cannot be read back");
    assert_eq!(again, profile, "{written}");
    let checked = profile.check();
    assert_eq!(again.check(), checked);
    assert!(!profile.title().is_empty() || profile.name.is_empty());
    match checked {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(()) => {
            let (mut decoder, now) = (Decoder::new(&profile.framing), Instant::now());
            decoder.push(b"\x023171011708450001\x03\r\n", now, &mut |output| {
                if let Output::Payload(payload) = output {
                    // Whatever it says, it says it without a panic.
                    let _ = Scan::read(payload, &profile.payload);
                }
            });
        }
    }
});
