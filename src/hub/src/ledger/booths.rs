//! Booths and how they come in.

use super::LedgerError;
use crate::clock::HOUR_MS;
use bilik_claim::ids::{BoothId, Digest, WallTime};
use std::fmt;
use std::str::FromStr;

/// How long an enrolment code is good: 10 minutes to 14 days.
///
/// One that is read from one screen and typed at another needs minutes. One that travels in a file, by hand, needs days, and
/// those cost little: it has 128 bits, works once, can be revoked, and a booth that somebody else became is seen at once, for
/// the technician's own attempt fails and the office has a booth too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity(i64);

impl Validity {
    pub const TYPED: Self = Self(HOUR_MS / 6);
    pub const MAX_HOURS: u16 = 14 * 24;

    /// None below one hour and above [`Self::MAX_HOURS`].
    pub fn hours(hours: u16) -> Option<Self> {
        (1..=Self::MAX_HOURS).contains(&hours).then(|| Self(i64::from(hours) * HOUR_MS))
    }

    /// The moment from which on the code is refused.
    pub fn end(self, now: WallTime) -> WallTime {
        WallTime(now.0.saturating_add(self.0))
    }
}

/// Names a code without telling it: the first half of the digest of its secret that the ledger has, in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeId(pub [u8; 8]);

impl CodeId {
    pub fn of(secret: Digest) -> Self {
        let mut id = [0; 8];
        id.copy_from_slice(&secret.0[..8]);
        Self(id)
    }
}

impl fmt::Display for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for CodeId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; 8];
        hex::decode_to_slice(text, &mut id).map(|()| Self(id))
    }
}

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

/// A code that nobody has used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCode {
    pub id: CodeId,
    pub enrolment: Enrolment,
    pub expires_at: WallTime,
}

pub trait Booths {
    /// Keeps the digest of a code's secret.
    fn add_enrolment_code(
        &self,
        secret: Digest,
        enrolment: &Enrolment,
        validity: Validity,
        now: WallTime,
    ) -> Result<(), LedgerError>;

    /// Codes that are neither used nor too old, those first that end first.
    fn enrolment_codes(&self, now: WallTime) -> Result<Vec<OpenCode>, LedgerError>;

    /// Takes a code back. False if there is no such code any more.
    fn revoke_enrolment_code(&self, id: CodeId, now: WallTime) -> Result<bool, LedgerError>;

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
