//! What a session wants done.

use super::claim::FinishedClaim;
use crate::ids::{ClaimId, SessionId};
use crate::text::Language;
use crate::wire::{Outcome, SessionSnapshot};

#[derive(Debug)]
pub enum Effect {
    /// Consent is given: the hub may look for an officer.
    SessionStarted {
        session: SessionId,
        language: Language,
    },
    /// The officer's view of the session has changed.
    Publish(Box<SessionSnapshot>),
    SessionEnded {
        session: SessionId,
        outcome: Outcome,
    },
    /// A photograph was taken over: the officer may see it.
    ShowPhoto {
        session: SessionId,
        kind: crate::document::DocumentKind,
        photo: u32,
        jpeg: crate::personal::PersonalBytes,
    },
    /// Show what this camera sees on the documents page, or nothing.
    Preview(Option<PhotoSource>),
    TakePhoto {
        request: u32,
        source: PhotoSource,
    },
    Mute(bool),
    /// Seal it, queue it, and say when it is durable.
    Keep(Box<FinishedClaim>),
    Rated {
        claim: ClaimId,
        rating: u8,
    },
    /// Drop every picture, text and buffer of the visit, end the call.
    Wipe,
    /// Something from outside came at the wrong time and was ignored: for the log.
    Ignored(&'static str),
}

/// Which camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoSource {
    /// The one above the table.
    Documents,
    /// The one that faces the participant.
    Face,
}
