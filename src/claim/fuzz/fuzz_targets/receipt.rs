//! Receipts, on which a booth erases what it has.

#![no_main]

use bilik_claim::filing::{FORMAT, Manifest, Receipt, Signed};
use bilik_claim::ids::{ClaimId, Digest};
use bilik_claim_fuzz::signed;
use uuid::Uuid;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Some((mut receipt, signed)) = signed::read::<Receipt>(text) else { return };
    // The text stands in for a manifest: what counts is its digest.
    let manifest = Signed::<Manifest>::from_parts(text.to_owned(), signed.signature);
    let claim = receipt.claim;
    assert!(!receipt.covers(claim, &manifest), "a receipt that names its own digest");
    receipt.manifest = Digest::of(text.as_bytes());
    assert_eq!(receipt.covers(claim, &manifest), receipt.format == FORMAT);
    assert!(!receipt.covers(ClaimId(Uuid::from_u128(claim.0.as_u128() ^ 1)), &manifest), "covers another claim");
    receipt.format ^= 1;
    assert!(receipt.format == FORMAT || !receipt.covers(claim, &manifest), "covers in another format");
});
