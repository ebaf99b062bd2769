//! What can happen to a session.

use super::reader::CardReading;
use super::signature::Stroke;
use crate::document::DocumentKind;
use crate::identity::PhotoDoubt;
use crate::ids::{ClaimId, OfficerId, SessionId, TrackingCode, WallTime};
use crate::personal::PersonalBytes;
use crate::reason::Reason;
use crate::session::item::{Field, Item};
use crate::wire::{Assignment, CallMode, Closing, Decision, DeviceState, Verdict};
use jiff::civil::Date;
use std::fmt;
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

/// Why a booth can take nobody. Its words for people are the booth's; `Display` is one English line for the hub and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfService {
    NotEnrolled,
    WrongHub,
    QueueFailed,
    DiskFull,
    /// The queue is being opened and checked, or the machine has not said yet what it is.
    Starting,
    /// A new version runs that has not been well for its minute.
    OnTrial,
    /// A supervisor has closed it.
    Closed(Closing),
}

impl OutOfService {
    pub const ALL: [Self; 10] = [
        Self::NotEnrolled,
        Self::WrongHub,
        Self::QueueFailed,
        Self::DiskFull,
        Self::Starting,
        Self::OnTrial,
        Self::Closed(Closing::Cleaning),
        Self::Closed(Closing::Repair),
        Self::Closed(Closing::Unattended),
        Self::Closed(Closing::Other),
    ];

    /// As it stands on the screen and in the technicians' table.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotEnrolled => "B-01",
            Self::WrongHub => "B-02",
            Self::QueueFailed => "B-03",
            Self::DiskFull => "B-04",
            Self::Starting => "B-05",
            Self::OnTrial => "B-06",
            Self::Closed(_) => "B-07",
        }
    }
}

impl fmt::Display for OutOfService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::NotEnrolled => "not enrolled",
            Self::WrongHub => "the hub's certificate is not the enrolled one",
            Self::QueueFailed => "the queue of claims has failed",
            Self::DiskFull => "no room on the disk for another claim",
            Self::Starting => "getting ready",
            Self::OnTrial => "a new version is being tried",
            Self::Closed(Closing::Cleaning) => "closed by the office for cleaning",
            Self::Closed(Closing::Repair) => "closed by the office for repair",
            Self::Closed(Closing::Unattended) => "closed by the office: nobody looks after it",
            Self::Closed(Closing::Other) => "closed by the office",
        };
        write!(f, "{}: {why}", self.code())
    }
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
    OutOfService(Option<OutOfService>),
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
