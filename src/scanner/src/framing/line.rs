//! Frames that end with CR, LF, CR LF, or with silence.
//!
//! Most readers end a frame with CR or CR LF; some of the older hand scanners send no terminator unless they are told to, and
//! there only the pause after the last byte ends it. One decoder serves both, so a technician need not know which one is
//! plugged in. Empty frames are nothing: that makes CR LF one end instead of two, and drops the CR of a missing line.
//!
//! ```text
//!            byte                         513th byte: TooLong
//!   Idle ───────────▶ Collecting ────────────────────────────▶ Skipping
//!    ▲   Begun            │ CR, LF or gap: Payload                 │ CR, LF or gap
//!    └────────────────────┴────────────────────────────────────────┘
//! ```

use super::buffer::{FrameBuffer, Full};
use super::{Evidence, Fault, Output, Payload};
use crate::profile::LineFraming;
use std::time::{Duration, Instant};

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// Decoder for [`LineFraming`].
#[derive(Debug)]
pub struct LineDecoder {
    idle_gap: Option<Duration>,
    state: State,
    buffer: FrameBuffer,
    last_byte: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Collecting,
    Skipping,
}

impl LineDecoder {
    /// A decoder at rest.
    pub fn new(settings: &LineFraming) -> Self {
        Self { idle_gap: settings.idle_gap(), state: State::Idle, buffer: FrameBuffer::new(), last_byte: None }
    }

    /// See [`Decoder::push`](super::Decoder::push).
    pub fn push(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Output<'_>)) {
        for &byte in bytes {
            match byte {
                CR | LF => self.end(Evidence::Terminator, out),
                _ => self.take(byte, out),
            }
        }
        if self.state != State::Idle && !bytes.is_empty() {
            self.last_byte = Some(now);
        }
    }

    /// See [`Decoder::poll`](super::Decoder::poll).
    pub fn poll(&mut self, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.end(Evidence::Silence, out);
        }
    }

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        Some(self.last_byte? + self.idle_gap?)
    }

    /// The line was not silent up to `now`, whatever else came over it.
    pub(super) fn heard(&mut self, now: Instant) {
        if self.last_byte.is_some() {
            self.last_byte = Some(now);
        }
    }

    fn take(&mut self, byte: u8, out: &mut impl FnMut(Output<'_>)) {
        match self.state {
            State::Skipping => return,
            State::Collecting => {}
            State::Idle => {
                self.state = State::Collecting;
                out(Output::Begun);
            }
        }
        if let Err(Full) = self.buffer.push(byte) {
            self.buffer.clear();
            self.state = State::Skipping;
            out(Output::Fault(Fault::TooLong));
        }
    }

    fn end(&mut self, evidence: Evidence, out: &mut impl FnMut(Output<'_>)) {
        if self.state == State::Collecting {
            out(Output::Payload(Payload { bytes: self.buffer.as_slice(), symbology: None, evidence }));
        }
        self.buffer.clear();
        self.state = State::Idle;
        self.last_byte = None;
    }
}
