//! What can happen to a session.

use super::reader::CardReading;
use super::signature::Stroke;
use crate::document::DocumentKind;
use crate::identity::PhotoDoubt;
use crate::ids::{ClaimId, OfficerId, SessionId, TrackingCode, WallTime};
use crate::personal::PersonalBytes;
use crate::reason::Reason;
use crate::session::item::{Field, Item};
use crate::wire::{Assignment, CallMode, Decision, DeviceState, Verdict};
use jiff::civil::Date;
use std::time::{Duration, Instant};

/// The three times a session needs, read once for each event.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For timers.
    pub instant: Instant,
    /// For records.
    pub wall: WallTime,
    /// At the office, for dates on letters.
    pub today: Date,
}

#[derive(Debug)]
pub enum Event {
    Tap(Tap),
    Reader(ReaderNews),
    Hub(HubNews),
    Call(CallNews),
    Photo {
        request: u32,
        outcome: PhotoOutcome,
    },
    Device {
        device: Device,
        state: DeviceState,
    },
    /// The booth can take nobody, for this reason; or it can again.
    OutOfService(Option<String>),
    /// The claim is durably in the journal.
    Kept {
        claim: ClaimId,
        tracking: TrackingCode,
    },
    KeepFailed {
        claim: ClaimId,
    },
    /// The hub's receipt is verified and the claim erased here.
    Confirmed {
        claim: ClaimId,
    },
    /// Only time has passed.
    Tick,
}

/// What a hand does on the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Tap {
    Language,
    TextSize,
    Contrast,
    Start,
    AcceptConsent,
    DeclineConsent,
    Help,
    CloseOverlay,
    CallOfficer,
    StillHere,
    Leave,
    LeaveConfirmed,
    Finish,
    Back,
    Next,
    Skip,
    Key(Key),
    TypeInstead,
    IdentityField(Field),
    ChooseReason(Reason),
    MoreReasons,
    ChooseBank(&'static str),
    SelectDocument(usize),
    ChooseAlternative(DocumentKind),
    TakePhoto,
    RetakePhoto,
    UsePhoto,
    Fix(Item),
    ToggleMute,
    ContinueAlone,
    Stroke(Stroke),
    ClearSignature,
    Rate(u8),
}

/// A key of the keyboard on the screen, or of a real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Character(char),
    Backspace,
    Clear,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderNews {
    Ready,
    Lost,
    /// The first bytes of a card.
    Reading,
    Card {
        reading: CardReading,
        /// It was read as soon as the booth asked for one.
        lay_there: bool,
    },
    Unreadable,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HubNews {
    Connected,
    Disconnected,
    Office { officers_ready: u16, expected_wait: Duration },
    Assignment { session: SessionId, assignment: Assignment },
    Attention { session: SessionId, mode: CallMode, place: u16, expected_wait: Duration },
    Check { session: SessionId, item: Item, verdict: Verdict, seen: u32 },
    Message { session: SessionId, text: String },
    Decision { session: SessionId, decision: Decision },
    Watched { session: SessionId, watched: bool },
    EndSession { session: SessionId },
}

/// What the media engine says of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallNews {
    Connecting,
    /// Frames arrive from the officer.
    Live,
    Interrupted,
    Ended,
}

#[derive(Clone, Debug)]
pub enum PhotoOutcome {
    Taken { jpeg: PersonalBytes, doubt: Option<PhotoDoubt> },
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    Reader,
    Camera,
    DocumentCamera,
    Microphone,
}

/// The officer of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer {
    pub id: OfficerId,
    pub name: String,
}
