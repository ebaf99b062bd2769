//! What is remembered of each visit, and of officers' time on duty, so that a day can be told in figures.
//!
//! Ids, times and codes: nothing of a participant.

use super::LedgerError;
use bilik_claim::ids::{BoothId, OfficerId, SessionId, WallTime};
use bilik_claim::sentence::Code;
use bilik_claim::statistics::DayStatistics;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A visit that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub session: SessionId,
    pub booth: BoothId,
    /// Whose it was at its end.
    pub officer: Option<OfficerId>,
    pub began_at: WallTime,
    pub ended_at: WallTime,
    pub outcome: VisitOutcome,
    /// Why it was returned.
    pub reasons: Vec<Code>,
    /// From its begin to its first officer. None: it never had one.
    pub unseated_ms: Option<i64>,
    /// How long each need of an officer's eyes waited.
    pub waits_ms: Vec<i64>,
    /// How long officers looked.
    pub attention_ms: i64,
}

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitOutcome {
    Verified,
    Returned,
    /// A claim was kept without an officer's word.
    Unverified,
    /// There is no claim.
    Left,
}

impl VisitOutcome {
    const ALL: [Self; 4] = [Self::Verified, Self::Returned, Self::Unverified, Self::Left];

    /// An officer has decided the claim in the call.
    pub fn is_decided(self) -> bool {
        match self {
            Self::Verified | Self::Returned => true,
            Self::Unverified | Self::Left => false,
        }
    }

    pub fn code(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Returned => "returned",
            Self::Unverified => "unverified",
            Self::Left => "left",
        }
    }
}

impl fmt::Display for VisitOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Another outcome than this version knows.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not the outcome of a visit")]
pub struct UnknownOutcome;

impl FromStr for VisitOutcome {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == text).ok_or(UnknownOutcome)
    }
}

/// What a visit's officer was on duty for: taking participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    pub officer: OfficerId,
    pub until: WallTime,
    pub lasted_ms: i64,
}

pub trait Statistics {
    /// Said again of the same visit, nothing changes.
    fn note_visit(&self, visit: &Visit) -> Result<(), LedgerError>;

    fn note_duty(&self, duty: &Duty) -> Result<(), LedgerError>;

    /// A day of this number ([`crate::clock::local_day`]); of one officer, or of all.
    fn day(&self, day: i64, utc_offset_hours: i64, officer: Option<OfficerId>) -> Result<DayStatistics, LedgerError>;
}
