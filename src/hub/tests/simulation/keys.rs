//! Who is who: the same booths, keys and officer in every simulation.

use crate::keys::ClaimKeys;
use crate::seal::Identities;
use age::x25519::Identity;
use bilik_claim::ids::{BoothId, OfficerId};
use bilik_journal::JournalConfig;
use ed25519_dalek::{SigningKey, VerifyingKey};
use std::sync::LazyLock;
use uuid::Uuid;

/// Booths that are enrolled; a simulation may have fewer.
pub const BOOTHS: usize = 4;
pub const OFFICER: OfficerId = OfficerId(Uuid::from_u128(0x0ff1ce));
/// Bytes that the journal holds back: enough to be taken and given back.
const RESERVE: u64 = 64 << 10;

/// What claims are sealed to. Another one in each process: nothing depends on what is sealed.
static IDENTITY: LazyLock<Identity> = LazyLock::new(Identity::generate);
static RECIPIENT: LazyLock<String> = LazyLock::new(|| IDENTITY.to_public().to_string());

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

/// What the hub opens claims and signs receipts with.
pub fn claim_keys() -> ClaimKeys {
    let identities = Identities::new(IDENTITY.clone(), Vec::new());
    ClaimKeys { identities, receipt: SigningKey::from_bytes(&[1; 32]), replaced: Vec::new() }
}

pub fn receipt_key() -> VerifyingKey {
    claim_keys().receipt.verifying_key()
}
