//! What booth, hub and console say to each other, as JSON text frames over WebSocket.
//!
//! ```text
//! booth ── BoothToHub ──►  hub  ◄── ConsoleToHub ── console
//!       ◄── HubToBooth ──       ── HubToConsole ──►
//! ```
//!
//! * The first frame of a booth and of a console is `hello` with [`PROTOCOL`]; the hub answers `welcome` or closes.
//! * The booth owns the state of a session. It sends the whole [`SessionSnapshot`] after each change, with a growing
//!   revision, so a lost or repeated frame and a reconnect need no repair. The hub keeps the newest one and shows it to
//!   the console; what an officer clicks travels to the booth and comes back as a snapshot, so both see the same.
//! * Ages are durations, not times of day: three machines with three clocks agree on how long somebody has waited.
//! * [`decode`] bounds the length of a frame before it is parsed and every text in it after. What does not fit is refused
//!   whole, and changes nothing.

mod booth;
mod console;
mod floor;
mod snapshot;

pub use booth::*;
pub use console::*;
pub use floor::*;
pub use snapshot::*;

use serde::de::DeserializeOwned;
use thiserror::Error;

/// Version of this protocol. Both ends must speak the same one; the hub says so when they don't.
pub const PROTOCOL: u16 = 4;
/// Longest frame either side accepts, in bytes.
pub const MAX_FRAME: usize = 128 << 10;
/// Longest session description (SDP), in bytes.
pub const MAX_SDP: usize = 32 << 10;
/// Longest ICE candidate line, in bytes.
pub const MAX_CANDIDATE: usize = 1 << 10;
/// Longest text that one person writes to another, in characters.
pub const MAX_MESSAGE: usize = 500;
/// Longest value of a field, a name or a label, in characters.
pub const MAX_VALUE: usize = 200;
/// Most items in a list of a message.
pub const MAX_ITEMS: usize = 64;

/// Why a frame is refused.
#[derive(Debug, Error)]
pub enum WireError {
    #[error("frame of {0} bytes is longer than {MAX_FRAME}")]
    FrameTooLong(usize),
    #[error("frame is not a message of this protocol: {0}")]
    Malformed(String),
    #[error("{what} is longer than {limit}")]
    TooLong { what: &'static str, limit: usize },
}

/// A message whose parts have limits beyond the length of the frame.
pub trait Bounded: DeserializeOwned {
    fn check(&self) -> Result<(), WireError>;
}

/// Reads one frame.
pub fn decode<T: Bounded>(frame: &str) -> Result<T, WireError> {
    if frame.len() > MAX_FRAME {
        return Err(WireError::FrameTooLong(frame.len()));
    }
    // Serde's message can quote the input: only its place is told, for a frame may hold a person's data.
    let message: T = serde_json::from_str(frame)
        .map_err(|e| WireError::Malformed(format!("{:?} at column {}", e.classify(), e.column())))?;
    message.check()?;
    Ok(message)
}

/// Writes one frame. Our own messages always serialise: they hold no map with keys other than text.
pub fn encode<T: serde::Serialize>(message: &T) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

pub(crate) fn limit(what: &'static str, length: usize, limit: usize) -> Result<(), WireError> {
    if length > limit { Err(WireError::TooLong { what, limit }) } else { Ok(()) }
}

/// At most so many characters.
pub fn limit_text(what: &'static str, text: &str, max: usize) -> Result<(), WireError> {
    // A character is at most four bytes: the cheap test first.
    if text.len() <= max { Ok(()) } else { limit(what, text.chars().count(), max) }
}
