//! Booths and how they come in.

use super::LedgerError;
use bilik_claim::ids::{BoothId, Digest, WallTime};

/// An enrolment code is good for this long: 10 minutes.
pub const ENROLMENT_MS: i64 = 10 * 60 * 1000;

/// A booth that has enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoothRow {
    pub booth: BoothId,
    pub name: String,
    /// Ed25519 public key for manifests.
    pub manifest_key: [u8; 32],
    pub enrolled_at: WallTime,
    pub revoked: bool,
}

pub trait Booths {
    /// Keeps the digest of a code's secret.
    fn add_enrolment_code(&self, secret: Digest, booth_name: &str, now: WallTime) -> Result<(), LedgerError>;

    /// Whether a code could be used now.
    fn enrolment_code_is_good(&self, secret: Digest, now: WallTime) -> Result<bool, LedgerError>;

    /// Uses a code up and registers the booth. The booth's name, or none if the code is unknown, used or too old.
    fn enrol(
        &self,
        secret: Digest,
        booth: BoothId,
        manifest_key: [u8; 32],
        now: WallTime,
    ) -> Result<Option<String>, LedgerError>;

    fn booth(&self, booth: BoothId) -> Result<Option<BoothRow>, LedgerError>;

    fn booths(&self) -> Result<Vec<BoothRow>, LedgerError>;

    /// Shuts a booth out for good. False if there is no such booth.
    fn revoke_booth(&self, booth: BoothId, now: WallTime) -> Result<bool, LedgerError>;
}
