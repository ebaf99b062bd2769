//! Between booth and hub, at `/ws/booth` under mutual TLS.

use super::{
    Bounded, Closing, MAX_CANDIDATE, MAX_ITEMS, MAX_MESSAGE, MAX_SDP, MAX_VALUE, SessionSnapshot, WireError, limit,
    limit_text,
};
use crate::audit::AuditHead;
use crate::ids::{CallId, ClaimId, OfficerId, SessionId, WallTime};
use crate::session::item::Item;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// From the booth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum BoothToHub {
    /// First frame.
    Hello {
        protocol: u16,
        software: String,
    },
    /// The state of the booth: at start, after each change, and every [`HEARTBEAT_SECONDS`] as a sign of life.
    State {
        state: BoothState,
    },
    /// The whole state of the running session after a change.
    Session {
        snapshot: Box<SessionSnapshot>,
    },
    /// The session is over; nothing of it is left at the booth but what is in the queue.
    SessionEnded {
        session: SessionId,
        outcome: Outcome,
    },
    Signal {
        call: CallId,
        signal: Signal,
    },
    /// The call is broken for good: the hub starts a new one while the officer stays.
    CallFailed {
        call: CallId,
    },
    /// How the participant liked it, 1 (bad) to 4 (very good).
    Rated {
        claim: ClaimId,
        rating: u8,
    },
}

/// A booth is taken for lost after three of these without a frame.
pub const HEARTBEAT_SECONDS: u64 = 5;

/// What a booth says of itself. No personal data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BoothState {
    /// Claims kept here that the hub has not confirmed.
    pub queued: u32,
    /// Of these, those that the hub will not take or that are damaged: a technician is needed.
    pub refused: u32,
    /// Claims that were kept here and that a failing disk has lost.
    pub lost: u32,
    /// End of the booth's audit trail, for the hub to remember. None until the queue is open.
    pub audit: Option<AuditHead>,
    pub reader: DeviceState,
    pub camera: DeviceState,
    pub document_camera: DeviceState,
    pub microphone: DeviceState,
    /// How the running call does. None while there is none.
    pub call: Option<CallQuality>,
    /// Why the booth takes nobody, if so.
    pub out_of_service: Option<String>,
    /// The office's last word on that: a hub that was started anew learns it from here.
    pub closed: Option<Closing>,
}

/// A call as its booth sees it now, in kbit/s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CallQuality {
    /// What the path to the officer is believed to carry; 0 before that is known.
    pub carried_kbps: u32,
    /// What the picture is sent at; 0 on hold.
    pub picture_kbps: u32,
}

/// A path that carries less, in kbit/s, makes the picture of a booth in focus small and slow.
pub const NARROW_KBPS: u32 = 500;

impl CallQuality {
    /// Whether the path is why the picture is worse than it should be.
    pub fn is_narrow(self) -> bool {
        (1..NARROW_KBPS).contains(&self.carried_kbps)
    }
}

/// A device as the booth sees it now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Not configured, so nobody misses it.
    #[default]
    Absent,
    Ready,
    /// Configured but not there.
    Missing,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A claim was kept.
    Kept,
    /// The officer returned the claim with reasons.
    Returned,
    /// The participant did not consent.
    Declined,
    /// The participant went of their own will.
    Left,
    /// Nobody touched the booth any more.
    TimedOut,
    /// The officer ended the session, or the booth failed.
    Aborted,
}

/// To the booth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum HubToBooth {
    /// Answer to `hello`.
    Welcome {
        protocol: u16,
        booth_name: String,
        branch_name: String,
        time: WallTime,
    },
    /// Who could serve a participant now; sent on change.
    Office {
        officers_ready: u16,
        expected_wait_s: u32,
    },
    /// Where this session stands: who serves it, or its place in the line.
    Assignment {
        session: SessionId,
        assignment: Assignment,
    },
    /// Start this call: the booth answers with an offer. Replaces an earlier call.
    Call {
        session: SessionId,
        call: CallId,
    },
    /// How much picture and sound the officer takes now. `place` (from 1) and the wait are this booth's in the line of
    /// those who need the same officer; 0 while it needs nobody.
    Attention {
        session: SessionId,
        mode: CallMode,
        place: u16,
        expected_wait_s: u32,
    },
    Signal {
        call: CallId,
        signal: Signal,
    },
    /// No console looks at this booth any more.
    EndCall {
        call: CallId,
    },
    Check {
        session: SessionId,
        item: Item,
        verdict: Verdict,
        /// Revision of the snapshot that the officer judged by. What has changed since is not judged.
        seen: u32,
    },
    Message {
        session: SessionId,
        text: String,
    },
    Decision {
        session: SessionId,
        decision: Decision,
    },
    /// Whether somebody beside the officer reads this session's answers and documents. Until it is said, nobody does.
    Watched {
        session: SessionId,
        watched: bool,
    },
    /// The office lets nobody in, or does again. Who is inside finishes.
    Closed {
        why: Option<Closing>,
    },
    /// The officer ends the session (nobody is there, or the participant asked for it).
    EndSession {
        session: SessionId,
    },
}

/// Who serves a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Assignment {
    Officer {
        officer: OfficerId,
        name: String,
    },
    /// In line: `place` counts from 1.
    Waiting {
        place: u16,
        expected_wait_s: u32,
    },
    /// No officer is on duty.
    Nobody,
}

/// How much of the booth the officer sees and hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CallMode {
    /// Large picture, sound both ways.
    Focus,
    /// A small picture, no sound.
    Tile,
    /// Neither picture nor voice leaves the booth until the officer is back.
    Hold,
}

/// One step of setting up a call, between booth and console; the hub passes it on unread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Signal {
    /// From the booth.
    Offer { sdp: String },
    /// From the console.
    Answer { sdp: String },
    /// An ICE candidate line as in `RTCIceCandidate.candidate`.
    Candidate { candidate: String },
}

/// What the officer says of one field or document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    Correct,
    /// `reason` is shown to the participant as it stands.
    AskAgain {
        reason: String,
    },
    /// Takes the last verdict back.
    Pending,
}

/// The officer's word on the whole claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    Verified,
    Returned { reasons: Vec<String> },
}

impl Bounded for BoothToHub {
    fn check(&self) -> Result<(), WireError> {
        match self {
            BoothToHub::Hello { software, .. } => limit_text("software", software, MAX_VALUE),
            BoothToHub::State { state } => {
                state.out_of_service.iter().try_for_each(|t| limit_text("out_of_service", t, MAX_VALUE))
            }
            BoothToHub::Session { snapshot } => snapshot.check(),
            BoothToHub::Signal { signal, .. } => signal.check(),
            BoothToHub::SessionEnded { .. } | BoothToHub::CallFailed { .. } | BoothToHub::Rated { .. } => Ok(()),
        }
    }
}

impl Bounded for HubToBooth {
    fn check(&self) -> Result<(), WireError> {
        match self {
            HubToBooth::Welcome { booth_name, branch_name, .. } => {
                limit_text("booth_name", booth_name, MAX_VALUE)?;
                limit_text("branch_name", branch_name, MAX_VALUE)
            }
            HubToBooth::Assignment { assignment, .. } => match assignment {
                Assignment::Officer { name, .. } => limit_text("officer's name", name, MAX_VALUE),
                Assignment::Waiting { .. } | Assignment::Nobody => Ok(()),
            },
            HubToBooth::Signal { signal, .. } => signal.check(),
            HubToBooth::Check { verdict, .. } => verdict.check(),
            HubToBooth::Message { text, .. } => limit_text("message", text, MAX_MESSAGE),
            HubToBooth::Decision { decision, .. } => decision.check(),
            HubToBooth::Office { .. }
            | HubToBooth::Call { .. }
            | HubToBooth::Attention { .. }
            | HubToBooth::EndCall { .. }
            | HubToBooth::Watched { .. }
            | HubToBooth::Closed { .. }
            | HubToBooth::EndSession { .. } => Ok(()),
        }
    }
}

impl Bounded for Signal {
    fn check(&self) -> Result<(), WireError> {
        match self {
            Signal::Offer { sdp } | Signal::Answer { sdp } => limit("sdp", sdp.len(), MAX_SDP),
            Signal::Candidate { candidate } => limit("candidate", candidate.len(), MAX_CANDIDATE),
        }
    }
}

impl Bounded for Verdict {
    fn check(&self) -> Result<(), WireError> {
        match self {
            Verdict::AskAgain { reason } => limit_text("reason", reason, MAX_MESSAGE),
            Verdict::Correct | Verdict::Pending => Ok(()),
        }
    }
}

impl Bounded for Decision {
    fn check(&self) -> Result<(), WireError> {
        match self {
            Decision::Verified => Ok(()),
            Decision::Returned { reasons } => {
                limit("reasons", reasons.len(), MAX_ITEMS)?;
                reasons.iter().try_for_each(|reason| limit_text("reason", reason, MAX_MESSAGE))
            }
        }
    }
}
