//! Visits: whatever hands, cards, cameras, the officer, the journal and time do, in whatever order.
//!
//! Each byte is something that happens; some take the next byte as well ([`bilik_claim_fuzz::visit`] has the list).

#![no_main]

use bilik_claim_fuzz::visit::Booth;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut booth = Booth::new();
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        booth.happens(byte, &mut rest);
    }
    booth.is_left_alone();
});
