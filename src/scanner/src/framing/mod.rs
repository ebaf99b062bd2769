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
//! places to fill. A length prefix or a packet checksum finds all it needs in [`Output`]. A reader that must be triggered is
//! told so by its profile; its framing does not change.

mod buffer;
pub mod line;
pub mod stx_etx;

use crate::profile::Framing;
use std::time::Instant;

pub use line::LineDecoder;
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
    /// A whole frame, without its delimiters and checksum; never empty. Personal data: not to be logged.
    Payload(&'a [u8]),
    /// A frame that cannot be used, or bytes that belong to none.
    Fault(Fault),
    /// A byte to write to the reader.
    Answer(u8),
}

/// Why a frame cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More than [`MAX_FRAME`] bytes; reported once per frame, the rest of which is skipped.
    TooLong,
    /// The checksum is missing or differs.
    BadCheck,
    /// The frame broke off before its end.
    Cut,
    /// Bytes outside of any frame, not followed by one: most often the wrong profile or the wrong baud rate.
    Stray,
}

/// The decoder for a profile's framing.
#[derive(Debug)]
pub enum Decoder {
    /// See [`LineFraming`](crate::profile::LineFraming).
    Line(LineDecoder),
    /// See [`StxEtxFraming`](crate::profile::StxEtxFraming).
    StxEtx(StxEtxDecoder),
}

impl Decoder {
    /// A decoder at rest, between frames.
    pub fn new(framing: &Framing) -> Self {
        match framing {
            Framing::Line(settings) => Self::Line(LineDecoder::new(settings)),
            Framing::StxEtx(settings) => Self::StxEtx(StxEtxDecoder::new(settings)),
        }
    }

    /// Takes bytes in the order of their arrival; `now` is when they were read.
    pub fn push(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Output<'_>)) {
        match self {
            Self::Line(decoder) => decoder.push(bytes, now, out),
            Self::StxEtx(decoder) => decoder.push(bytes, now, out),
        }
    }

    /// Ends what silence ends. The caller vouches that nothing arrived up to `now` (see the module head).
    pub fn poll(&mut self, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        match self {
            Self::Line(decoder) => decoder.poll(now, out),
            Self::StxEtx(decoder) => decoder.poll(now, out),
        }
    }

    /// When to call `poll` if nothing arrives before; `None` while silence means nothing.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Line(decoder) => decoder.deadline(),
            Self::StxEtx(decoder) => decoder.deadline(),
        }
    }
}

#[cfg(test)]
mod tests;
