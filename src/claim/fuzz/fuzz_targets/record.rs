//! `claim.json`, which a hub opens and which a booth may have written to deceive it.

#![no_main]

use bilik_claim::session::claim::ClaimRecord;
use bilik_claim_fuzz::round_trip;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = serde_json::from_slice::<ClaimRecord>(bytes) {
        round_trip(&record);
        // Logs may print what holds a person's data: they get no word of it.
        let told = format!("{:?}", record.entries.iter().map(|entry| &entry.value).collect::<Vec<_>>());
        let secret = |value: &str| value.chars().count() > 24 && told.contains(value);
        assert!(!record.entries.iter().any(|entry| secret(entry.value.reveal())), "a value is printed");
    }
});
