//! Frames between STX (0x02) and ETX (0x03), optionally with a checksum byte and with answers.
//!
//! The checksum is the usual longitudinal one: XOR over the payload and ETX. Readers that wait for an answer repeat a frame
//! on NAK; one that has sent a frame and hears nothing repeats it after a while too, so a lost answer costs time only.
//!
//! An STX inside a frame begins it anew: the payload is text and cannot contain one, so the end of the former frame was lost.
//! Bytes between frames are skipped. They are reported, once, only when silence follows instead of a frame, since that is how
//! a wrong profile shows; line ends and NUL (a break, or a wake-up byte) are no such sign.
//!
//! | State | STX | ETX | other byte | silence |
//! |---|---|---|---|---|
//! | outside | begun, inside | stray | stray | `Stray` if there were any |
//! | behind | behind, with an STX | outside | outside | outside |
//! | inside | inside, anew | `Payload` or `Damaged`, outside; or checking | kept; the 513th: `TooLong`, skipping | `Cut`, outside |
//! | checking | see below | `Payload` or `BadCheck`, outside | the same | `BadCheck`, outside |
//! | skipping | begun, inside | skipped | skipped | outside |
//!
//! Without a checksum the parity of its characters is all that shows whether a frame is whole. A reader that waits for an answer
//! relies on it, so a frame with a damaged character is refused there, and the reader sends it again.
//!
//! A checksum may have the value of STX. One that is wrong *and* looks like STX is taken as the start of the next frame, whose
//! predecessor then lacked its checksum.
//!
//! Some readers add a checksum where none is expected. So where there is none, a single byte directly *behind* a frame is no
//! sign of anything. If it is an STX, what follows tells: another STX begins a frame, a line end or silence does not, and
//! anything else shows that the first one did.

use super::buffer::{FrameBuffer, Full};
use super::silence::Silence;
use super::stray::Stray;
use super::{ACK, Evidence, Fault, NAK, Output, Payload};
use crate::marks::DAMAGED;
use crate::profile::{FrameCheck, StxEtxFraming, millis};
use std::time::Instant;

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
/// What may stand between frames without being a sign of anything.
const FILLERS: [u8; 3] = [0x00, b'\r', b'\n'];

/// Decoder for [`StxEtxFraming`].
#[derive(Debug)]
pub struct StxEtxDecoder {
    check: FrameCheck,
    answers: bool,
    silence: Silence,
    state: State,
    buffer: FrameBuffer,
    stray: Stray,
    /// How many of the stray bytes may be an unexpected checksum.
    innocent: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Outside,
    /// Directly behind a frame without checksum; `stx`: and one STX further.
    Behind {
        stx: bool,
    },
    Inside,
    Checking,
    /// An overlong frame, reported: nothing means anything until the next STX or silence, not even its checksum.
    Skipping,
}

impl StxEtxDecoder {
    /// A decoder at rest.
    pub fn new(settings: &StxEtxFraming) -> Self {
        Self {
            check: settings.check,
            answers: settings.answer,
            silence: Silence::new(millis(settings.timeout_ms)),
            state: State::Outside,
            buffer: FrameBuffer::new(),
            stray: Stray::default(),
            innocent: 0,
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
            State::Inside => self.refuse(Fault::Cut, out),
            State::Checking => self.refuse(Fault::BadCheck, out),
            State::Outside | State::Behind { .. } | State::Skipping => {}
        }
        self.stray.end_beyond(self.innocent, out);
        self.rest();
    }

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        self.silence.deadline()
    }

    fn take(&mut self, byte: u8, out: &mut impl FnMut(Output<'_>)) {
        match (self.state, byte) {
            (State::Checking, check) if check == self.expected_check() => self.accept(out),
            (State::Checking, STX) => {
                self.refuse(Fault::BadCheck, out);
                self.begin(out);
            }
            (State::Checking, _) => self.refuse(Fault::BadCheck, out),
            (State::Behind { stx: false }, STX) => self.state = State::Behind { stx: true },
            (State::Behind { .. }, filler) if FILLERS.contains(&filler) => self.state = State::Outside,
            (State::Behind { stx: true }, STX) | (State::Outside | State::Skipping, STX) => self.begin(out),
            (State::Behind { stx: true }, _) => {
                self.begin(out);
                self.take(byte, out);
            }
            (State::Behind { stx: false }, _) => {
                self.state = State::Outside;
                self.innocent = 1;
                self.stray.take(out);
            }
            (State::Inside, STX) => self.buffer.clear(),
            (State::Inside, ETX) if self.check != FrameCheck::None => self.state = State::Checking,
            (State::Inside, ETX) => self.end(out),
            (State::Inside, payload) => {
                if let Err(Full) = self.buffer.push(payload) {
                    self.refuse(Fault::TooLong, out);
                    self.state = State::Skipping;
                }
            }
            (State::Skipping, _) => {}
            (State::Outside, filler) if FILLERS.contains(&filler) => {}
            (State::Outside, _) => self.stray.take(out),
        }
    }

    fn begin(&mut self, out: &mut impl FnMut(Output<'_>)) {
        self.stray.forget();
        self.innocent = 0;
        self.state = State::Inside;
        out(Output::Begun);
    }

    fn expected_check(&self) -> u8 {
        let start = match self.check {
            FrameCheck::None | FrameCheck::Lrc => ETX,
            FrameCheck::Bcc => STX ^ ETX,
        };
        self.buffer.as_slice().iter().fold(start, |check, byte| check ^ byte)
    }

    /// The frame is whole, but for what [`DAMAGED`] stands for.
    fn end(&mut self, out: &mut impl FnMut(Output<'_>)) {
        if self.answers && self.buffer.as_slice().contains(&DAMAGED) {
            self.refuse(Fault::Damaged, out);
        } else {
            self.accept(out);
        }
        self.state = State::Behind { stx: false };
    }

    fn accept(&mut self, out: &mut impl FnMut(Output<'_>)) {
        let bytes = self.buffer.as_slice();
        let evidence = if self.check == FrameCheck::None { Evidence::Structure } else { Evidence::Checksum };
        // A frame without content has nothing to give, but it was announced.
        out(if bytes.is_empty() {
            Output::Fault(Fault::Empty)
        } else {
            Output::Payload(Payload { bytes, symbology: None, evidence })
        });
        self.answer(&[ACK], out);
        self.rest();
    }

    fn refuse(&mut self, fault: Fault, out: &mut impl FnMut(Output<'_>)) {
        out(Output::Fault(fault));
        self.answer(&[NAK], out);
        self.rest();
    }

    fn answer(&self, bytes: &'static [u8], out: &mut impl FnMut(Output<'_>)) {
        if self.answers {
            out(Output::Answer(bytes));
        }
    }

    fn rest(&mut self) {
        self.buffer.clear();
        self.innocent = 0;
        self.state = State::Outside;
        self.silence.forget();
    }
}
