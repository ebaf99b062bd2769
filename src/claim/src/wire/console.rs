//! Between console and hub, at `/ws/console` under an officer's cookie.

use super::booth::{BoothState, CallMode, Decision, Signal, Verdict};
use super::floor::{Closing, Colleague, FloorBooth, Note, Question};
use super::snapshot::SessionSnapshot;
use super::{Bounded, MAX_MESSAGE, WireError, limit_text};
use crate::ids::{BoothId, CallId, OfficerId, SessionId, WallTime};
use crate::personal::Personal;
use crate::session::item::Item;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// From the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ConsoleToHub {
    /// First frame.
    Hello {
        protocol: u16,
    },
    /// How many sessions this officer takes: 1 to 6, or 0 for no new ones.
    Capacity {
        capacity: u8,
    },
    /// The shift ends with the last session: no new ones. Or it goes on after all, and the officer says how many. The hub
    /// keeps it for the next page of the same shift; a capacity above 0 ends it too.
    EndShift {
        ending: bool,
    },
    /// Look at this booth; none looks at no booth. The one left behind goes to its tile or on hold.
    Focus {
        session: Option<SessionId>,
    },
    /// Put a session on hold or take it off.
    Hold {
        session: SessionId,
        hold: bool,
    },
    Signal {
        booth: BoothId,
        call: CallId,
        signal: Signal,
    },
    /// The call is broken for good: start a new one.
    CallFailed {
        booth: BoothId,
        call: CallId,
    },
    Check {
        session: SessionId,
        item: Item,
        verdict: Verdict,
        /// Revision of the snapshot that the officer judged by.
        seen: u32,
    },
    Message {
        session: SessionId,
        text: String,
    },
    Decide {
        session: SessionId,
        decision: Decision,
        /// For colleagues, about a claim that is verified; neither booth nor participant sees it.
        note: Option<Personal>,
    },
    EndSession {
        session: SessionId,
    },
    /// Hands a session to another officer; supervisors any session to anybody, also to themselves. Who takes it reads
    /// the note.
    Transfer {
        session: SessionId,
        to: OfficerId,
        note: String,
    },
    /// Asks the supervisors about an own session; in place of an earlier question.
    Ask {
        session: SessionId,
        question: String,
    },
    /// Takes the question back, or puts its answer away.
    CloseQuestion {
        session: SessionId,
    },
    /// A supervisor's answer.
    Answer {
        session: SessionId,
        text: String,
    },
    /// A supervisor reads along, one session at a time; none ends it.
    Watch {
        session: Option<SessionId>,
    },
    /// A supervisor lets nobody into a booth any more, or lets them in again.
    CloseBooth {
        booth: BoothId,
        why: Option<Closing>,
    },
    /// Sign of life.
    Ping,
}

/// To the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum HubToConsole {
    /// Answer to `hello`; tiles follow.
    Welcome {
        protocol: u16,
        officer: OfficerId,
        name: String,
        branch_name: String,
        capacity: u8,
        /// The shift ends with the last session.
        ending: bool,
        time: WallTime,
    },
    /// One of the officer's sessions, new or changed.
    Tile {
        tile: Box<Tile>,
    },
    /// No longer this officer's.
    TileGone {
        session: SessionId,
    },
    Signal {
        booth: BoothId,
        call: CallId,
        signal: Signal,
    },
    Office {
        office: OfficeView,
    },
    /// Who serves, on change.
    Colleagues {
        colleagues: Vec<Colleague>,
    },
    /// To supervisors: a booth, new or changed.
    Floor {
        booth: Box<FloorBooth>,
    },
    /// To supervisors: a booth that is forgotten.
    FloorGone {
        booth: BoothId,
    },
    /// To who watches: the session, new or changed; none when it is over or in their own hands.
    Watching {
        tile: Option<Box<Tile>>,
    },
    /// A frame was refused; nothing has changed.
    Refused {
        reason: Refusal,
    },
    /// The same officer has opened another console; this one is closed.
    Replaced,
    Pong,
}

/// A session in the hands of an officer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Tile {
    /// Key of the tile, 1 to 6: stays while the session lasts. 0 for who watches a session that nobody serves.
    pub slot: u8,
    pub booth: BoothId,
    pub booth_name: String,
    pub state: BoothState,
    /// Whether the booth's connection is up.
    pub online: bool,
    /// The running call, if any.
    pub call: Option<CallId>,
    pub mode: CallMode,
    pub snapshot: SessionSnapshot,
    pub attention: Attention,
    /// Milliseconds since the attention changed to this; for who needs the officer, since they need them.
    pub attention_age_ms: u32,
    /// Milliseconds since the session began.
    pub session_age_ms: u32,
    /// From who handed the session over.
    pub note: Option<Note>,
    /// What this officer has asked the supervisors.
    pub question: Option<Question>,
    /// Names of the supervisors who read along.
    pub watched_by: Option<String>,
}

/// Whose turn a tile says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// The participant works alone.
    SelfServing,
    /// The participant waits for this officer.
    NeedsOfficer,
    /// This officer looks at it.
    InFocus,
    /// Camera and microphone off, by the officer's choice.
    OnHold,
    /// The booth's connection is lost.
    Lost,
}

/// The office at a glance, for the bar on top.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OfficeView {
    /// Participants at a booth without an officer.
    pub waiting: u16,
    pub expected_wait_s: u32,
    pub officers: u16,
    /// Claims received today.
    pub claims_today: u32,
    /// Claims kept without an officer that nobody has taken up.
    pub unverified: u32,
    /// Mean attention for each claim that was decided today, in seconds.
    pub attention_s: Option<u32>,
}

/// Why the hub refused a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Another version of the protocol: reload the page.
    Protocol,
    /// Not a message, or one of its parts is too long.
    Malformed,
    /// This session is not, or no longer, this officer's.
    NotYours,
    /// Not in this state, e.g. *verified* before everything is checked.
    OutOfOrder,
    /// Not for this role.
    Forbidden,
    /// The colleague is not there or takes nobody.
    Away,
    /// The colleague has no room.
    Full,
    /// Too many frames in a short time.
    TooFast,
}

impl Bounded for ConsoleToHub {
    fn check(&self) -> Result<(), WireError> {
        match self {
            ConsoleToHub::Signal { signal, .. } => signal.check(),
            ConsoleToHub::Check { verdict, .. } => verdict.check(),
            ConsoleToHub::Message { text, .. } => limit_text("message", text, MAX_MESSAGE),
            ConsoleToHub::Decide { decision, note, .. } => {
                note.iter().try_for_each(|note| limit_text("note", note.reveal(), MAX_MESSAGE))?;
                decision.check()
            }
            ConsoleToHub::Transfer { note, .. } => limit_text("note", note, MAX_MESSAGE),
            ConsoleToHub::Ask { question, .. } => limit_text("question", question, MAX_MESSAGE),
            ConsoleToHub::Answer { text, .. } => limit_text("answer", text, MAX_MESSAGE),
            ConsoleToHub::Hello { .. }
            | ConsoleToHub::Capacity { .. }
            | ConsoleToHub::EndShift { .. }
            | ConsoleToHub::Focus { .. }
            | ConsoleToHub::Hold { .. }
            | ConsoleToHub::CallFailed { .. }
            | ConsoleToHub::EndSession { .. }
            | ConsoleToHub::CloseQuestion { .. }
            | ConsoleToHub::Watch { .. }
            | ConsoleToHub::CloseBooth { .. }
            | ConsoleToHub::Ping => Ok(()),
        }
    }
}
