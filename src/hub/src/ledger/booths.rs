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
    pub enrolled_at: WallTime,
    pub revoked: bool,
}

/// What an enrolment code is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// None: a new booth. Else one that is known and gets a new identity: what it has queued stays its own.
    pub booth: Option<BoothId>,
    pub name: String,
}

pub trait Booths {
    /// Keeps the digest of a code's secret.
    fn add_enrolment_code(&self, secret: Digest, enrolment: &Enrolment, now: WallTime) -> Result<(), LedgerError>;

    /// What a code is for, or none if it is unknown, used or too old.
    fn enrolment(&self, secret: Digest, now: WallTime) -> Result<Option<Enrolment>, LedgerError>;

    /// Uses a code up and registers the booth, or a further key of a known one, whose earlier keys are retired. The
    /// booth's name, or none if the code is unknown, used or too old, was made for another booth, or the booth has been
    /// revoked.
    fn enrol(
        &self,
        secret: Digest,
        booth: BoothId,
        manifest_key: [u8; 32],
        now: WallTime,
    ) -> Result<Option<String>, LedgerError>;

    fn booth(&self, booth: BoothId) -> Result<Option<BoothRow>, LedgerError>;

    fn booths(&self) -> Result<Vec<BoothRow>, LedgerError>;

    /// Every Ed25519 public key that has ever signed this booth's manifests, the newest first. A retired key still
    /// verifies: what it signed may have waited in the queue.
    fn booth_keys(&self, booth: BoothId) -> Result<Vec<[u8; 32]>, LedgerError>;

    /// Shuts a booth out for good. False if there is no such booth.
    fn revoke_booth(&self, booth: BoothId, now: WallTime) -> Result<bool, LedgerError>;
}
