//! A running session as the officer sees it.

use super::{Bounded, MAX_ITEMS, MAX_MESSAGE, MAX_VALUE, WireError, limit, limit_text};
use crate::ids::{SessionId, TrackingCode};
use crate::personal::Personal;
use crate::session::item::{Check, Item};
use crate::text::Language;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Everything the console shows of one session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SessionSnapshot {
    pub session: SessionId,
    /// Grows with each change; an older one never replaces a newer one.
    pub revision: u32,
    pub language: Language,
    pub step: Step,
    /// The participant's name as typed so far.
    pub name: Personal,
    pub turn: Turn,
    pub items: Vec<ItemView>,
    pub microphone_muted: bool,
    /// The newest message that the booth shows, to see that it arrived.
    pub message: Option<String>,
    /// Set once the claim is kept.
    pub tracking: Option<TrackingCode>,
}

/// The seven steps of the progress bar, and the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Consent,
    Identify,
    Reason,
    Details,
    Documents,
    Review,
    Verification,
    Signing,
    Kept,
    Confirmed,
    Returned,
}

/// Who has to do something next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The participant works alone.
    Participant,
    /// The participant has asked for help.
    Help,
    /// The claim waits for the officer's eyes.
    Officer,
    /// The officer asked for something again; the participant is at it.
    Correction,
    /// Nobody: the claim is decided.
    Done,
}

/// One row of the checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ItemView {
    pub item: Item,
    /// As the participant sees it, e.g. `3171 0117 0845 0001`. Empty for a document.
    pub value: Personal,
    /// What the booth found doubtful, for the officer's eyes (in Indonesian).
    pub doubts: Vec<String>,
    /// Documents: which photograph it is, counted from 1; none while not taken.
    pub photo: Option<u32>,
    pub check: Check,
}

impl Bounded for SessionSnapshot {
    fn check(&self) -> Result<(), WireError> {
        limit_text("name", self.name.reveal(), MAX_VALUE)?;
        limit("items", self.items.len(), MAX_ITEMS)?;
        self.message.iter().try_for_each(|text| limit_text("message", text, MAX_MESSAGE))?;
        self.items.iter().try_for_each(|item| {
            limit_text("value", item.value.reveal(), MAX_VALUE)?;
            limit("doubts", item.doubts.len(), MAX_ITEMS)?;
            item.doubts.iter().try_for_each(|text| limit_text("doubt", text, MAX_MESSAGE))?;
            match &item.check {
                Check::AskedAgain { reason } => limit_text("reason", reason, MAX_MESSAGE),
                Check::Pending | Check::Correct | Check::Corrected => Ok(()),
            }
        })
    }
}
