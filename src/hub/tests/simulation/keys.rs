//! Who is who: the same booths, keys and officer in every simulation.

use crate::keys::ClaimKeys;
use crate::seal::Identities;
use age::x25519::Identity;
use bilik_claim::filing::{FORMAT, Signed};
use bilik_claim::ids::{BoothId, OfficerId};
use bilik_claim::reconcile::{HubKeys, MAX_RECEIPT_KEYS};
use bilik_journal::JournalConfig;
use ed25519_dalek::{SigningKey, VerifyingKey};
use std::sync::LazyLock;
use uuid::Uuid;

/// Booths that are enrolled; a simulation may have fewer.
pub const BOOTHS: usize = 4;
pub const OFFICER: OfficerId = OfficerId(Uuid::from_u128(0x0ff1ce));
/// Bytes that the journal holds back: enough to be taken and given back.
const RESERVE: u64 = 64 << 10;

/// A key is replaced so many times at most; the old ones go on counting.
pub const ROTATIONS: usize = MAX_RECEIPT_KEYS - 1;

/// What claims are sealed to. Another one in each process: nothing depends on what is sealed.
static IDENTITIES: LazyLock<Vec<Identity>> = LazyLock::new(|| (0..=ROTATIONS).map(|_| Identity::generate()).collect());
static RECIPIENT: LazyLock<String> = LazyLock::new(|| IDENTITIES[0].to_public().to_string());

pub fn booth_id(booth: usize) -> BoothId {
    BoothId(Uuid::from_u128(0xb007 + booth as u128))
}

pub fn manifest_key(booth: usize) -> SigningKey {
    SigningKey::from_bytes(&[0x20 + booth as u8; 32])
}

pub fn config(booth: usize) -> JournalConfig {
    let (booth, manifest_key) = (booth_id(booth), manifest_key(booth));
    JournalConfig { recipient: RECIPIENT.clone(), receipt_key: receipt_key(), booth, manifest_key, reserve: RESERVE }
}

/// What the hub opens claims and signs receipts with, after so many rotations of each key.
pub fn claim_keys(sealing: usize, receipt: usize) -> ClaimKeys {
    let replaced = IDENTITIES[..sealing].iter().rev().cloned().collect();
    let identities = Identities::new(IDENTITIES[sealing].clone(), replaced);
    let key = |number| SigningKey::from_bytes(&[1 + number as u8; 32]);
    ClaimKeys { identities, receipt: key(receipt), replaced: (0..receipt).rev().map(key).collect() }
}

/// What booths are told about them.
pub fn announced(keys: &ClaimKeys, serial: u64) -> Result<Vec<Signed<HubKeys>>, String> {
    let receipt_keys = keys.counting().map(|key| hex::encode(key.verifying_key().to_bytes())).collect();
    let told = HubKeys { format: FORMAT, serial, recipient: keys.identities.recipient().to_string(), receipt_keys };
    keys.counting().map(|key| Signed::sign(&told, key).map_err(|error| error.to_string())).collect()
}

/// That booths have enrolled with.
pub fn receipt_key() -> VerifyingKey {
    claim_keys(0, 0).receipt.verifying_key()
}
