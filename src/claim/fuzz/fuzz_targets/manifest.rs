//! Manifests, as a hub gets them and as a booth finds them in its own queue.

#![no_main]

use bilik_claim::filing::{CLAIM_PART, FORMAT, MAX_PART, MAX_PARTS, Manifest, SIGNATURE_PART};
use bilik_claim::ids::TrackingCode;
use bilik_claim_fuzz::signed;
use std::collections::BTreeSet;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Some((manifest, _)) = signed::read::<Manifest>(text) else { return };
    match manifest.validate() {
        Ok(()) => {
            assert_eq!((manifest.format, &manifest.tracking), (FORMAT, &TrackingCode::of(manifest.claim)));
            let names: BTreeSet<&str> = manifest.parts.iter().map(|part| part.name.as_str()).collect();
            assert!(names.len() == manifest.parts.len() && names.len() <= MAX_PARTS, "parts named alike");
            assert!(names.contains(CLAIM_PART) && names.contains(SIGNATURE_PART));
            // Names become paths when a technician takes a queue out.
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.';
            assert!(names.iter().all(|name| name.bytes().all(plain) && !name.contains("..")), "{names:?}");
            assert!(manifest.parts.iter().all(|part| (1..=MAX_PART as u64).contains(&part.size)));
        }
        // It is told to the booth's technician: a long name is cut.
        Err(error) => assert!(error.to_string().chars().count() < 1000, "a long refusal"),
    }
});
