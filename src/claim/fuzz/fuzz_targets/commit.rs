//! The hub's answer to a manifest, as a booth reads it.

#![no_main]

use bilik_claim::filing::CommitAnswer;
use bilik_claim_fuzz::{round_trip, signed};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(answer) = serde_json::from_slice::<CommitAnswer>(bytes) else { return };
    round_trip(&answer);
    match answer {
        CommitAnswer::Received { receipt } => drop(signed::read::<bilik_claim::filing::Receipt>(&receipt.body)),
        CommitAnswer::Missing { .. } | CommitAnswer::Refused { .. } => {}
    }
});
