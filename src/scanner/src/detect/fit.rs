//! What a frame says for a profile.

use crate::framing::{Evidence, Payload};
use crate::profile::Profile;
use crate::scan::{Scan, Unreadable};
use std::fmt;

/// Fewest bytes of a text that tells the speed.
const TELLING_TEXT: usize = 4;

/// The profile that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The profile, at the speed at which it was heard.
    pub profile: Profile,
    /// What speaks for it.
    pub why: Why,
}

/// What speaks for a profile. The order of the fields is the order of their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// The frame held a card's number or a travel document, not just any text.
    pub scan: bool,
    /// What made the frame one.
    pub evidence: Evidence,
    /// The reader confirmed the profile's command.
    pub replied: bool,
    /// The frame came after the profile's own start command, and not before it.
    pub started: bool,
    /// It repeats its frames as a reader does that waits for an answer, and the profile answers; or neither.
    pub answers: bool,
}

/// What a frame is worth; none if it cannot be one of this profile.
pub(super) fn weigh(payload: Payload<'_>, profile: &Profile, started: bool) -> Option<Why> {
    let scan = match Scan::read(payload, &profile.payload) {
        Ok(_) => true,
        Err(
            Unreadable::Noise | Unreadable::TooLong | Unreadable::BadCheck | Unreadable::Tracks | Unreadable::Blank,
        ) => return None,
        Err(
            Unreadable::NotDigits
            | Unreadable::WrongLength(_)
            | Unreadable::NoFields
            | Unreadable::MalformedZone(_)
            | Unreadable::ZoneChecks(_)
            | Unreadable::NoRead,
        ) => false,
    };
    let text = payload.bytes.trim_ascii();
    let names = |answer: &String| answer.trim().as_bytes().eq_ignore_ascii_case(text);
    let telling = text.len() >= TELLING_TEXT || !text.is_empty() && profile.payload.no_read.iter().any(names);
    if !scan && payload.evidence < Evidence::Structure && !telling {
        return None;
    }
    Some(Why { scan, evidence: payload.evidence, replied: false, started, answers: false })
}

/// In a technician's words.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.evidence {
            Evidence::Silence => "a pause ended the text",
            Evidence::Terminator => "an end of line ended the text",
            Evidence::Structure => "the frame has the structure of this protocol",
            Evidence::Checksum => "the checksum of the frame is right",
        })?;
        f.write_str(if self.scan { ", it holds a card's number or document" } else { ", it holds some other text" })?;
        if self.replied {
            f.write_str(", the reader confirmed the command")?;
        }
        if self.started {
            f.write_str(", it came after the start command of this profile")?;
        }
        Ok(())
    }
}
