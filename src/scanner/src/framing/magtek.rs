//! Tracks of a magnetic stripe, `[STX] %track 1?;track 2?+track 3? [CR] [ETX]`, as MagTek's serial readers send them.
//!
//! Each track stands between its start sentinel (`%`, `;` or `+`, ISO/IEC 7811-2 and the industry's for track 3) and `?`. Any of
//! them may be missing, and STX, CR and ETX are options of the reader, so a frame begins with whichever comes first and ends
//! with a terminator or with silence. The sentinels prove the tracks; what stands between one `?` and the next sentinel (a
//! longitudinal check, if the reader passes it on) is dropped, and so is a last track without `?`. A track that could not be
//! read comes as `E` between its sentinels and is passed on: which tracks matter is not for the framing to say.
//!
//! ```text
//!         STX                  % ; +                ?
//!   Idle ─────▶ Between ◀────────────▶ Track ─────────────▶ Between
//!    ▲  % ; +: Track          513th byte: TooLong │
//!    │                                            ▼
//!    └── CR, LF, ETX or gap: Payload, or ── Skipping: CR, LF, ETX or gap
//!        Cut (no ? came), Empty (no track began)
//! ```
//!
//! An STX begins the frame anew, in every state: tracks are text. In `Idle`, line ends, ETX and NUL mean nothing and all else
//! is stray.

use super::buffer::{FrameBuffer, Full};
use super::stray::Stray;
use super::{Evidence, Fault, Output, Payload};
use crate::profile::LineFraming;
use std::time::{Duration, Instant};

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const CR: u8 = b'\r';
const LF: u8 = b'\n';
const END_SENTINEL: u8 = b'?';
/// Silence after which stray bytes are reported where no silence ends a frame.
const STRAY_TIMEOUT: Duration = Duration::from_millis(500);

/// Decoder for [`Framing::Magtek`](crate::profile::Framing::Magtek).
#[derive(Debug)]
pub struct MagtekDecoder {
    idle_gap: Option<Duration>,
    state: State,
    buffer: FrameBuffer,
    stray: Stray,
    last_byte: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// In a frame, outside of its tracks.
    Between,
    /// In a track.
    Track,
    /// An overlong frame, reported.
    Skipping,
}

impl MagtekDecoder {
    /// A decoder at rest.
    pub fn new(settings: &LineFraming) -> Self {
        Self {
            idle_gap: settings.idle_gap(),
            state: State::Idle,
            buffer: FrameBuffer::new(),
            stray: Stray::default(),
            last_byte: None,
        }
    }

    /// See [`Decoder::push`](super::Decoder::push).
    pub fn push(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Output<'_>)) {
        for &byte in bytes {
            self.take(byte, out);
        }
        if !bytes.is_empty() {
            self.last_byte = (self.state != State::Idle || self.stray.any()).then_some(now);
        }
    }

    /// See [`Decoder::poll`](super::Decoder::poll).
    pub fn poll(&mut self, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.end(out);
            self.stray.end(out);
        }
    }

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        let gap = match self.state {
            State::Idle => Some(self.idle_gap.unwrap_or(STRAY_TIMEOUT)),
            State::Between | State::Track | State::Skipping => self.idle_gap,
        };
        Some(self.last_byte? + gap?)
    }

    fn take(&mut self, byte: u8, out: &mut impl FnMut(Output<'_>)) {
        match (self.state, byte) {
            (State::Idle | State::Skipping, STX) => self.begin(State::Between, out),
            (State::Between | State::Track, STX) => {
                self.buffer.clear();
                self.state = State::Between;
            }
            (State::Idle, b'%' | b';' | b'+') => {
                self.begin(State::Track, out);
                self.keep(byte, out);
            }
            (State::Idle, 0 | CR | LF | ETX) => {}
            (State::Idle, _) => self.stray.take(out),
            (State::Between | State::Track | State::Skipping, CR | LF | ETX) => self.end(out),
            (State::Between, b'%' | b';' | b'+') => {
                self.state = State::Track;
                self.keep(byte, out);
            }
            (State::Track, END_SENTINEL) => {
                self.state = State::Between;
                self.keep(byte, out);
            }
            (State::Track, _) => self.keep(byte, out),
            (State::Between | State::Skipping, _) => {}
        }
    }

    fn begin(&mut self, state: State, out: &mut impl FnMut(Output<'_>)) {
        self.stray.forget();
        self.state = state;
        out(Output::Begun);
    }

    fn keep(&mut self, byte: u8, out: &mut impl FnMut(Output<'_>)) {
        if let Err(Full) = self.buffer.push(byte) {
            self.buffer.clear();
            self.state = State::Skipping;
            out(Output::Fault(Fault::TooLong));
        }
    }

    fn end(&mut self, out: &mut impl FnMut(Output<'_>)) {
        match self.state {
            State::Idle | State::Skipping => {}
            State::Between | State::Track => out(self.result()),
        }
        self.buffer.clear();
        self.state = State::Idle;
        self.last_byte = None;
    }

    fn result(&self) -> Output<'_> {
        let bytes = self.buffer.as_slice();
        match bytes.iter().rposition(|byte| *byte == END_SENTINEL) {
            Some(last) => {
                let bytes = bytes.get(..=last).unwrap_or_default();
                Output::Payload(Payload { bytes, symbology: None, evidence: Evidence::Structure })
            }
            None if bytes.is_empty() => Output::Fault(Fault::Empty),
            None => Output::Fault(Fault::Cut),
        }
    }
}
