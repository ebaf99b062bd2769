//! What booth and hub tell each other beside the claims: `POST /api/v1/reconcile`, when the link comes up and from time to
//! time.
//!
//! ```text
//! booth                                                        hub
//! Reconcile: claims that a receipt is here for,            ──► looks each up in its ledger
//!            and whether the sealed bytes are still held
//! Reconciled: which of them are missing there,             ◄── notes those that nobody has any more
//!             which may be erased, what keys it has now
//! ```
//!
//! * **A hub that was restored from a backup** has forgotten its last claims, and cannot know it. The booths' receipts tell
//!   it. What a booth still holds it sends again; what is gone is on record at the hub by its id.
//! * **Holding.** A hub that is backed up asks booths to hold a claim after its receipt, sealed as it was, until it lies in
//!   a backup ([`Reconciled::safe`]): so the claims since the last backup exist twice.
//! * **Keys.** [`HubKeys`] is the hub's word on the keys that count now, signed by a receipt key that the booth trusts
//!   already. Of two, the one with the higher serial counts.
//!
//! Ids and digests only: nothing here tells who a participant is.

use crate::filing::{FORMAT, Signable, Signed};
use crate::ids::{ClaimId, Digest};
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Receipts in one [`Reconcile`], at most. A booth that has more asks again.
pub const MAX_NOTES: usize = 256;
/// Receipt keys that count at the same time, at most.
pub const MAX_RECEIPT_KEYS: usize = 8;

/// From the booth. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// Serial of the [`HubKeys`] that the booth goes by; 0 for those of its enrolment.
    pub keys: u64,
    pub receipts: Vec<ReceiptNote>,
}

/// A receipt that the booth has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptNote {
    pub claim: ClaimId,
    /// Of the manifest's body.
    pub manifest: Digest,
    pub ledger_sequence: u64,
    /// The sealed bytes are still here.
    pub held: bool,
}

/// The hub's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconciled {
    /// Of the claims that were named, those that the ledger lacks.
    pub missing: Vec<ClaimId>,
    /// Of the claims that were named, those that lie in a backup: nobody needs the booth's copy.
    pub safe: Vec<ClaimId>,
    /// Whether sealed bytes have to outlive their receipt. False from a hub that nobody backs up.
    pub hold: bool,
    /// The same keys, signed by each receipt key that counted before and by the one that counts now.
    pub keys: Vec<Signed<HubKeys>>,
}

/// The keys of a hub that count from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubKeys {
    /// [`FORMAT`].
    pub format: u16,
    /// Grows with each change.
    pub serial: u64,
    /// age recipient that claims are sealed to from now on.
    pub recipient: String,
    /// Ed25519 public keys in hexadecimal; a receipt of any of them counts, one of any other key no longer.
    pub receipt_keys: Vec<String>,
}

impl Signable for HubKeys {
    const DOMAIN: &'static str = "bilik hub keys 1";
}

/// Why keys that are properly signed are of no use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HubKeysError {
    #[error("hub's keys have format {0}, this program reads {FORMAT}")]
    Format(u16),
    #[error("hub names {0} receipt keys, expected 1 to {MAX_RECEIPT_KEYS}")]
    Count(usize),
    #[error("receipt key {0} is not 64 hexadecimal digits of an Ed25519 key")]
    ReceiptKey(usize),
}

impl HubKeys {
    /// The receipt keys, if this program can go by these. The recipient is for whoever seals to judge.
    pub fn receipt_keys(&self) -> Result<Vec<VerifyingKey>, HubKeysError> {
        if self.format != FORMAT {
            return Err(HubKeysError::Format(self.format));
        }
        if self.receipt_keys.is_empty() || self.receipt_keys.len() > MAX_RECEIPT_KEYS {
            return Err(HubKeysError::Count(self.receipt_keys.len()));
        }
        let read = |(index, text): (usize, &String)| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(text, &mut bytes).map_err(|_| HubKeysError::ReceiptKey(index + 1))?;
            VerifyingKey::from_bytes(&bytes).map_err(|_| HubKeysError::ReceiptKey(index + 1))
        };
        self.receipt_keys.iter().enumerate().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filing::{Receipt, SignedError};
    use ed25519_dalek::SigningKey;

    fn keys(receipt_keys: &[&str]) -> HubKeys {
        let receipt_keys = receipt_keys.iter().map(|key| (*key).to_owned()).collect();
        HubKeys { format: FORMAT, serial: 1, recipient: "age1specimen".into(), receipt_keys }
    }

    #[test]
    fn keys_are_judged() {
        let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
        let good = hex::encode(key.to_bytes());
        let check = |keys: HubKeys, expect: Result<Vec<VerifyingKey>, HubKeysError>| {
            assert_eq!(keys.receipt_keys(), expect);
        };
        check(keys(&[&good]), Ok(vec![key]));
        check(keys(&[&good, &good]), Ok(vec![key, key]));
        check(keys(&[]), Err(HubKeysError::Count(0)));
        check(keys(&[good.as_str(); 9]), Err(HubKeysError::Count(9)));
        check(keys(&[&good, &good[1..]]), Err(HubKeysError::ReceiptKey(2)));
        // A number that is on no curve.
        check(keys(&[&hex::encode([2; 32])]), Err(HubKeysError::ReceiptKey(1)));
        check(HubKeys { format: 2, ..keys(&[&good]) }, Err(HubKeysError::Format(2)));
    }

    #[test]
    fn keys_are_signed_for_this_purpose_only() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signed = Signed::sign(&keys(&["00"]), &key).unwrap();
        assert_eq!(signed.open(&key.verifying_key()).unwrap(), keys(&["00"]));
        let receipt = Signed::<Receipt>::from_parts(signed.body.clone(), signed.signature.clone());
        assert!(matches!(receipt.open(&key.verifying_key()), Err(SignedError::WrongSignature)));
    }
}
