//! The fields of a finished claim, as they are sealed, kept in the ledger and read by officers.

use crate::document::DocumentKind;
use crate::filing::Standing;
use crate::ids::{BoothId, ClaimId, Digest, SessionId, TrackingCode, WallTime};
use crate::personal::{Personal, PersonalBytes};
use crate::reason::Reason;
use crate::session::item::Field;
use crate::text::Language;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The content of [`crate::filing::CLAIM_PART`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ClaimRecord {
    /// [`crate::filing::FORMAT`].
    pub format: u16,
    pub claim: ClaimId,
    pub tracking: TrackingCode,
    pub booth: BoothId,
    pub session: SessionId,
    pub language: Language,
    pub consent: Consent,
    pub reason: Reason,
    /// Each answered field once, in the order of the form. [`Field::Reason`] is not among them.
    pub entries: Vec<Entry>,
    pub documents: Vec<DocumentRecord>,
    pub standing: Standing,
    pub signed_at: WallTime,
}

/// What the participant agreed to, and when (UU 27/2022, articles 20 to 24: consent must be provable).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Version of the consent text that was shown.
    pub version: u16,
    pub language: Language,
    pub given_at: WallTime,
}

/// One answered field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub field: Field,
    /// In its stored form: digits without spaces, a date as `YYYY-MM-DD`, the bank by its code.
    pub value: Personal,
    pub source: EntrySource,
    /// What the booth found doubtful, in Indonesian.
    pub doubts: Vec<String>,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EntrySource {
    Typed,
    CardReader,
}

/// One photographed document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DocumentRecord {
    pub kind: DocumentKind,
    /// Of the JPEG before sealing.
    pub digest: Digest,
    #[ts(type = "number")]
    pub size: u64,
}

/// A finished claim with everything that goes into the queue, in clear and in memory only.
#[derive(Clone, Debug)]
pub struct FinishedClaim {
    pub record: ClaimRecord,
    /// JPEG photographs, in the order of [`ClaimRecord::documents`].
    pub photos: Vec<(DocumentKind, PersonalBytes)>,
    /// SVG document.
    pub signature: PersonalBytes,
}
