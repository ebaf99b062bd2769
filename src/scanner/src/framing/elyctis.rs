//! Answers of Elyctis' readers of machine-readable zones: a letter, a length of two bytes, high byte first, and data.
//!
//! | Letter | Answer to | Data | Read as |
//! |---|---|---|---|
//! | `I` | *inquire*, or none: reading is continuous | the lines, with CR between or after them | `Payload`, or `Empty` |
//! | `C` | *continuous* | an echo or a status, at most 16 bytes | [`Reply::Done`] |
//!
//! What the data of a `C` answer say is not published in the guides at hand. The reader answers at all only if it knows the
//! command, so any answer is taken as assent; one that refuses in its data would show by not reading.
//!
//! There is no checksum and no end mark, but the lines are text and the length's high byte is not. So a byte that is no text
//! proves that the frame around it is broken, and three bytes that look like the head of an answer begin one wherever they
//! stand. The length is read as the older firmware writes it.
//!
//! ```text
//!            I, length 1..=512: Begun              last byte: Payload or Empty
//!   Outside ──────────────────────────▶ Inside ────────────────────────────────▶ Outside
//!    │  ▲    I, length 0: Begun, Empty    ▲ │ no text: Cut       silence: Cut
//!    │  │           I, length 0..=512:    │ ▼
//!    │  │           Begun              Skipping ── silence ──▶ Outside
//!    │  └── last byte: Reply ─┐
//!    └── C, short length ──▶ Replying ── silence ──▶ Outside
//! ```

use super::buffer::FrameBuffer;
use super::silence::Silence;
use super::stray::Stray;
use super::window::Window;
use super::{Evidence, Fault, MAX_FRAME, Output, Payload, Reply};
use crate::profile::{PacketFraming, millis};
use std::time::Instant;

const INQUIRE: u8 = b'I';
const CONTINUOUS: u8 = b'C';
const CR: u8 = b'\r';
const LF: u8 = b'\n';
/// Most bytes of data that an answer to *continuous* is believed to have; the command itself has two.
const MAX_REPLY: usize = 16;

/// Decoder for [`Framing::Elyctis`](crate::profile::Framing::Elyctis).
#[derive(Debug)]
pub struct ElyctisDecoder {
    silence: Silence,
    state: State,
    /// Where the head of an answer may come to stand.
    window: Window<3>,
    buffer: FrameBuffer,
    stray: Stray,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Outside,
    /// So many bytes of lines are to come.
    Inside {
        left: usize,
    },
    /// What remains of a broken frame, reported.
    Skipping,
    /// So many bytes of an answer to a command are to come.
    Replying {
        left: usize,
    },
}

impl ElyctisDecoder {
    /// A decoder at rest.
    pub fn new(settings: &PacketFraming) -> Self {
        Self {
            silence: Silence::new(millis(settings.timeout_ms)),
            state: State::Outside,
            window: Window::new(),
            buffer: FrameBuffer::new(),
            stray: Stray::default(),
        }
    }

    /// See [`Decoder::push`](super::Decoder::push).
    pub fn push(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Output<'_>)) {
        for &byte in bytes {
            self.take(byte, out);
        }
        if !bytes.is_empty() {
            self.silence.heard(self.state != State::Outside || self.stray.any(), now);
        }
    }

    /// See [`Decoder::poll`](super::Decoder::poll).
    pub fn poll(&mut self, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        if !self.silence.is_over(now) {
            return;
        }
        match self.state {
            State::Inside { .. } => out(Output::Fault(Fault::Cut)),
            State::Outside | State::Skipping | State::Replying { .. } => {}
        }
        self.stray.end(out);
        self.rest();
        self.silence.forget();
    }

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        self.silence.deadline()
    }

    fn take(&mut self, byte: u8, out: &mut impl FnMut(Output<'_>)) {
        self.window.push(byte);
        let [letter, high, low] = self.window.bytes();
        let head = (letter, usize::from(u16::from_be_bytes([high, low])));
        match (self.state, head) {
            (State::Inside { left }, _) if is_text(byte) => self.keep(byte, left, out),
            (State::Outside | State::Skipping | State::Replying { .. }, (INQUIRE, length @ 0..=MAX_FRAME)) => {
                self.begin(length, out);
            }
            (State::Outside, (CONTINUOUS, 0)) => self.reply(out),
            (State::Outside, (CONTINUOUS, left @ 1..=MAX_REPLY)) => {
                self.stray.forget();
                self.state = State::Replying { left };
            }
            (State::Outside, _) if [0, CR, LF].contains(&byte) => {}
            (State::Outside, _) => self.stray.take(out),
            (State::Inside { .. }, _) => {
                out(Output::Fault(Fault::Cut));
                self.buffer.clear();
                self.state = State::Skipping;
            }
            (State::Skipping, _) => {}
            (State::Replying { left: 0 | 1 }, _) => self.reply(out),
            (State::Replying { left }, _) => self.state = State::Replying { left: left - 1 },
        }
    }

    fn begin(&mut self, length: usize, out: &mut impl FnMut(Output<'_>)) {
        out(Output::Begun);
        self.stray.forget();
        self.state = State::Inside { left: length };
        if length == 0 {
            self.accept(out);
        }
    }

    fn keep(&mut self, byte: u8, left: usize, out: &mut impl FnMut(Output<'_>)) {
        // There is room: the head of an answer tells no length beyond `MAX_FRAME`.
        let _ = self.buffer.push(byte);
        match left {
            2.. => self.state = State::Inside { left: left - 1 },
            0 | 1 => self.accept(out),
        }
    }

    fn accept(&mut self, out: &mut impl FnMut(Output<'_>)) {
        let bytes = self.buffer.as_slice();
        out(if bytes.iter().all(u8::is_ascii_whitespace) {
            Output::Fault(Fault::Empty)
        } else {
            Output::Payload(Payload { bytes, symbology: None, evidence: Evidence::Structure })
        });
        self.rest();
    }

    fn reply(&mut self, out: &mut impl FnMut(Output<'_>)) {
        self.stray.forget();
        out(Output::Reply(Reply::Done));
        self.rest();
    }

    fn rest(&mut self) {
        self.window.clear();
        self.buffer.clear();
        self.state = State::Outside;
    }
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | CR | LF)
}
