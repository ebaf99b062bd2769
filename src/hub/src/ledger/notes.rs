//! What officers write about a claim for each other.
//!
//! A note goes with a decision: *verified* in the call, *verified* or *returned* on the phone, and *reopened*. Participants
//! and booths never see it. Officers write names and numbers into such notes, so the ledger holds them as it holds claims:
//! sealed, and read only through an entry of the trail. The trail itself tells that there is one, never its words.
//!
//! A claim that is returned in the call has no note: nothing of it is kept at the booth or here, so there would be no claim
//! to read it with, and words about a person who has left with nothing kept are words that nobody may keep.

use super::LedgerError;
use bilik_claim::ids::{ClaimId, OfficerId, WallTime};
use bilik_claim::personal::Personal;
use std::str::FromStr;

/// Notes of one claim that are read, the newest first. Older ones stay in the ledger.
pub const NOTES_SHOWN: u32 = 50;

/// Words that only this hub can read.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedNote {
    /// The age recipient of the key that opens it.
    pub recipient: String,
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for SealedNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedNote({} bytes)", self.bytes.len())
    }
}

/// What a note was left with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteOn {
    Verified,
    Returned,
    Reopened,
}

impl NoteOn {
    const ALL: [NoteOn; 3] = [NoteOn::Verified, NoteOn::Returned, NoteOn::Reopened];

    pub fn code(self) -> &'static str {
        match self {
            NoteOn::Verified => "verified",
            NoteOn::Returned => "returned",
            NoteOn::Reopened => "reopened",
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no occasion of a note")]
pub struct UnknownOccasion;

impl FromStr for NoteOn {
    type Err = UnknownOccasion;

    fn from_str(text: &str) -> Result<Self, UnknownOccasion> {
        Self::ALL.into_iter().find(|on| on.code() == text).ok_or(UnknownOccasion)
    }
}

/// What an officer has written, if it is more than blanks.
pub fn written(note: Option<Personal>) -> Option<Personal> {
    note.filter(|note| !note.reveal().trim().is_empty())
}

/// A note of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteRow {
    /// Who wrote it, and their name, if the account is still there.
    pub officer: OfficerId,
    pub name: Option<String>,
    pub at: WallTime,
    pub on: NoteOn,
    pub sealed: SealedNote,
}

pub trait Notes {
    /// The newest first, at most [`NOTES_SHOWN`].
    fn notes(&self, claim: ClaimId) -> Result<Vec<NoteRow>, LedgerError>;
}
