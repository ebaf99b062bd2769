//! What officers know of each other, and supervisors of every booth. No participant's name or answer is in here: who has
//! to see those asks for the session, and the participant is told.

use super::booth::BoothState;
use super::console::Attention;
use super::snapshot::{Step, Turn};
use crate::ids::{BoothId, OfficerId, SessionId};
use crate::text::Language;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Somebody who serves, or whose sessions have not gone to others yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Colleague {
    pub officer: OfficerId,
    pub name: String,
    pub supervisor: bool,
    /// Their console is open.
    pub here: bool,
    /// Sessions that they take at a time; 0: no new ones.
    pub capacity: u8,
    /// Sessions in their hands.
    pub load: u8,
}

/// What one colleague wrote to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Name of who wrote it.
    pub from: String,
    pub text: String,
}

/// An officer's question to the supervisors about a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub text: String,
    /// Milliseconds since it was asked.
    pub age_ms: u32,
    pub answer: Option<Note>,
}

/// A booth as supervisors see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FloorBooth {
    pub booth: BoothId,
    pub booth_name: String,
    pub online: bool,
    /// Without the end of its audit trail.
    pub state: BoothState,
    pub visit: Option<FloorVisit>,
}

/// A session as supervisors see it without watching it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FloorVisit {
    pub session: SessionId,
    /// None: it waits for one.
    pub officer: Option<OfficerId>,
    pub language: Language,
    pub step: Step,
    pub turn: Turn,
    pub attention: Attention,
    /// As in a tile.
    pub attention_age_ms: u32,
    pub session_age_ms: u32,
    /// While nobody has answered it.
    pub question: Option<Question>,
    /// Names of the supervisors who watch it.
    pub watched_by: Option<String>,
}

/// Why the office lets nobody into a booth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    Cleaning,
    Repair,
    /// Nobody looks after that part of the office.
    Unattended,
    Other,
}
