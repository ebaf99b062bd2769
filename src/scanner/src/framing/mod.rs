//! Framing: where one answer of a reader ends and the next begins.
//!
//! A decoder is pure. Bytes and the time go in, [`Output`]s come out through a callback, and [`Decoder::deadline`] names the
//! time at which [`Decoder::poll`] wants to be called if nothing arrives before. It allocates nothing: a frame is collected in
//! a buffer of [`MAX_FRAME`] bytes that is part of the decoder.
//!
//! # Time
//!
//! Only `poll` ends a frame because of silence, `push` never does. Bytes that are pushed late may have waited in the kernel
//! while this process was not scheduled, so a late push proves no silence on the line. Hence the rule for the caller: call
//! `poll(t)` only when the line is known to have been empty up to `t`. A starved process then joins two frames (an unreadable
//! card, scanned again) and never splits one, which could turn the 16 digits of an identity number into 11 and 5.
//!
//! For the same reason the outputs do not depend on how the bytes were cut into pushes.
//!
//! # A further framing
//!
//! It gets a module with a decoder of this shape, a variant in [`Decoder`] and in [`Framing`]; the compiler then names the
//! places to fill. A reader that must be triggered is told so by its profile; its framing does not change.

mod buffer;
pub mod elyctis;
pub mod length;
pub mod line;
pub mod magtek;
pub mod newland;
pub mod rte6701;
mod silence;
pub mod ssi;
mod stray;
pub mod stx_etx;
mod window;

use crate::profile::Framing;
use crate::symbology::Symbology;
use std::fmt;
use std::time::Instant;
use thiserror::Error;

pub use elyctis::ElyctisDecoder;
pub use length::LengthDecoder;
pub use line::LineDecoder;
pub use magtek::MagtekDecoder;
pub use newland::NewlandDecoder;
pub use rte6701::Rte6701Decoder;
pub use ssi::SsiDecoder;
pub use stx_etx::StxEtxDecoder;

/// Longest payload a frame may have, in bytes. The longest known is a magnetic stripe with all three tracks, about 230.
pub const MAX_FRAME: usize = 512;

/// The answer for "received".
pub const ACK: u8 = 0x06;
/// The answer for "not received, please repeat".
pub const NAK: u8 = 0x15;

/// What a decoder found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output<'a> {
    /// The first byte of a frame has arrived. A `Payload` or a `Fault` follows, unless the line is lost.
    Begun,
    /// A whole frame.
    Payload(Payload<'a>),
    /// A frame that cannot be used, or bytes that belong to none.
    Fault(Fault),
    /// The reader's own answer to a command. Not announced by `Begun`.
    Reply(Reply),
    /// Bytes to write to the reader.
    Answer(&'static [u8]),
}

/// What a frame carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Payload<'a> {
    /// Its content without delimiters and checksum; never empty, at most [`MAX_FRAME`]. Personal data: not to be logged.
    pub bytes: &'a [u8],
    /// The kind of code, where the framing itself tells it.
    pub symbology: Option<Symbology>,
    /// How sure it is that this is a whole frame of this framing and nothing else.
    pub evidence: Evidence,
}

/// What makes a frame one, from weak to strong. Tells the profiles apart when it is not known which one fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// Silence followed.
    Silence,
    /// An end-of-line character followed.
    Terminator,
    /// It stands between the characters, or has the inner structure, that its framing demands.
    Structure,
    /// Its checksum is right.
    Checksum,
}

/// A reader's answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It will do as told.
    Done,
    /// It does not know the command or cannot follow it.
    Refused,
}

/// Shows the length only: the content may be a person's number.
impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes, {:?}, {:?})", self.bytes.len(), self.symbology, self.evidence)
    }
}

/// Why a frame cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// More than [`MAX_FRAME`] bytes; reported once per frame, the rest of which is skipped.
    #[error("it does not end")]
    TooLong,
    /// The checksum is missing or differs.
    #[error("its checksum is missing or wrong")]
    BadCheck,
    /// A character of it arrived damaged, where that shows whether to ask for it again.
    #[error("a character of it arrived damaged")]
    Damaged,
    /// The frame broke off before its end.
    #[error("it broke off")]
    Cut,
    /// A whole frame without content: the reader saw a card and could not read it.
    #[error("it is empty")]
    Empty,
    /// Bytes outside of any frame, not followed by one: most often the wrong profile or the wrong baud rate.
    #[error("these bytes belong to none")]
    Stray,
}

/// The decoder for a profile's framing.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one per reader, in place; SSI joins packets and needs two buffers")]
pub enum Decoder {
    /// See [`Framing::Line`].
    Line(LineDecoder),
    /// See [`Framing::StxEtx`].
    StxEtx(StxEtxDecoder),
    /// See [`Framing::Length`].
    Length(LengthDecoder),
    /// See [`Framing::Ssi`].
    Ssi(SsiDecoder),
    /// See [`Framing::Newland`].
    Newland(NewlandDecoder),
    /// See [`Framing::Rte6701`].
    Rte6701(Rte6701Decoder),
    /// See [`Framing::Elyctis`].
    Elyctis(ElyctisDecoder),
    /// See [`Framing::Magtek`].
    Magtek(MagtekDecoder),
}

impl Decoder {
    /// A decoder at rest, between frames.
    pub fn new(framing: &Framing) -> Self {
        match framing {
            Framing::Line(settings) => Self::Line(LineDecoder::new(settings)),
            Framing::StxEtx(settings) => Self::StxEtx(StxEtxDecoder::new(settings)),
            Framing::Length(settings) => Self::Length(LengthDecoder::new(settings)),
            Framing::Ssi(settings) => Self::Ssi(SsiDecoder::new(settings)),
            Framing::Newland(settings) => Self::Newland(NewlandDecoder::new(settings)),
            Framing::Rte6701(settings) => Self::Rte6701(Rte6701Decoder::new(settings)),
            Framing::Elyctis(settings) => Self::Elyctis(ElyctisDecoder::new(settings)),
            Framing::Magtek(settings) => Self::Magtek(MagtekDecoder::new(settings)),
        }
    }

    /// Takes bytes in the order of their arrival; `now` is when they were read.
    pub fn push(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Output<'_>)) {
        match self {
            Self::Line(decoder) => decoder.push(bytes, now, out),
            Self::StxEtx(decoder) => decoder.push(bytes, now, out),
            Self::Length(decoder) => decoder.push(bytes, now, out),
            Self::Ssi(decoder) => decoder.push(bytes, now, out),
            Self::Newland(decoder) => decoder.push(bytes, now, out),
            Self::Rte6701(decoder) => decoder.push(bytes, now, out),
            Self::Elyctis(decoder) => decoder.push(bytes, now, out),
            Self::Magtek(decoder) => decoder.push(bytes, now, out),
        }
    }

    /// Ends what silence ends. The caller vouches that nothing arrived up to `now` (see the module head).
    pub fn poll(&mut self, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        match self {
            Self::Line(decoder) => decoder.poll(now, out),
            Self::StxEtx(decoder) => decoder.poll(now, out),
            Self::Length(decoder) => decoder.poll(now, out),
            Self::Ssi(decoder) => decoder.poll(now, out),
            Self::Newland(decoder) => decoder.poll(now, out),
            Self::Rte6701(decoder) => decoder.poll(now, out),
            Self::Elyctis(decoder) => decoder.poll(now, out),
            Self::Magtek(decoder) => decoder.poll(now, out),
        }
    }

    /// When to call `poll` if nothing arrives before; `None` while silence means nothing.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Line(decoder) => decoder.deadline(),
            Self::StxEtx(decoder) => decoder.deadline(),
            Self::Length(decoder) => decoder.deadline(),
            Self::Ssi(decoder) => decoder.deadline(),
            Self::Newland(decoder) => decoder.deadline(),
            Self::Rte6701(decoder) => decoder.deadline(),
            Self::Elyctis(decoder) => decoder.deadline(),
            Self::Magtek(decoder) => decoder.deadline(),
        }
    }
}

#[cfg(test)]
mod tests;
