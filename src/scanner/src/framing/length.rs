//! Frames that begin with their length.
//!
//! Nothing marks a beginning: any byte could be a length. So the only sound place to fall into step is after silence, and once
//! the decoder is out of step it stays so until then. Looking for a plausible length in the middle of a card would find one, and
//! with it a part of a number. A frame whose length is right ends without silence, and the next may follow at once.
//!
//! | State | byte | silence |
//! |---|---|---|
//! | length | more to come: kept; possible: begun, inside; impossible: skipping | `Stray` if half of it came |
//! | inside | kept; the last one: `Payload`, length; or checking | `Cut`, length |
//! | checking | `Payload`, length; or `BadCheck`, skipping | `BadCheck`, length |
//! | skipping | stray, unless a fault was reported | `Stray` if there were any, length |
//!
//! A length is impossible if no payload, or more than [`MAX_FRAME`] bytes of it, would follow. With a length of one byte a zero
//! between frames is passed over: it is a break on the line, or a wake-up byte.

use super::buffer::FrameBuffer;
use super::silence::Silence;
use super::stray::Stray;
use super::{Evidence, Fault, MAX_FRAME, Output, Payload};
use crate::profile::{ByteOrder, FrameCheck, LengthFraming, LengthWidth, millis};
use std::time::Instant;

/// Decoder for [`LengthFraming`].
#[derive(Debug)]
pub struct LengthDecoder {
    settings: LengthFraming,
    silence: Silence,
    state: State,
    /// XOR over what the check covers so far.
    check: u8,
    buffer: FrameBuffer,
    stray: Stray,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between frames, or with the first of two bytes of a length.
    Length {
        first: Option<u8>,
    },
    /// So many bytes of payload are to come.
    Inside {
        left: usize,
    },
    Checking,
    Skipping,
}

const AT_REST: State = State::Length { first: None };

impl LengthDecoder {
    /// A decoder at rest.
    pub fn new(settings: &LengthFraming) -> Self {
        Self {
            settings: *settings,
            silence: Silence::new(millis(settings.timeout_ms)),
            state: AT_REST,
            check: 0,
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
            self.silence.heard(self.state != AT_REST, now);
        }
    }

    /// See [`Decoder::poll`](super::Decoder::poll).
    pub fn poll(&mut self, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        if !self.silence.is_over(now) {
            return;
        }
        match self.state {
            State::Length { first: None } | State::Skipping => {}
            State::Length { first: Some(_) } => self.stray.take(out),
            State::Inside { .. } => out(Output::Fault(Fault::Cut)),
            State::Checking => out(Output::Fault(Fault::BadCheck)),
        }
        self.stray.end(out);
        self.rest();
    }

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        self.silence.deadline()
    }

    fn take(&mut self, byte: u8, out: &mut impl FnMut(Output<'_>)) {
        match (self.state, self.settings.width) {
            (State::Length { first: None }, LengthWidth::Two) => self.state = State::Length { first: Some(byte) },
            (State::Length { first: None }, LengthWidth::One) if byte == 0 => {}
            (State::Length { first: None }, LengthWidth::One) => self.begin(usize::from(byte), byte, out),
            (State::Length { first: Some(first) }, _) => {
                let length = match self.settings.order {
                    ByteOrder::Big => u16::from_be_bytes([first, byte]),
                    ByteOrder::Little => u16::from_le_bytes([first, byte]),
                };
                self.begin(usize::from(length), first ^ byte, out);
            }
            (State::Inside { left }, _) => self.keep(byte, left, out),
            (State::Checking, _) if byte == self.check => self.accept(Evidence::Checksum, out),
            (State::Checking, _) => self.refuse(Fault::BadCheck, out),
            (State::Skipping, _) if self.stray.any() => self.stray.take(out),
            (State::Skipping, _) => {}
        }
    }

    /// The length is complete; `check` is XOR over its bytes.
    fn begin(&mut self, length: usize, check: u8, out: &mut impl FnMut(Output<'_>)) {
        match self.payload_length(length) {
            Some(left) => {
                self.check = match self.settings.check {
                    FrameCheck::None | FrameCheck::Lrc => 0,
                    FrameCheck::Bcc => check,
                };
                self.state = State::Inside { left };
                out(Output::Begun);
            }
            None => {
                self.state = State::Skipping;
                self.stray.take(out);
            }
        }
    }

    /// Bytes of payload behind this length, if it is possible.
    fn payload_length(&self, length: usize) -> Option<usize> {
        let itself = match self.settings.width {
            LengthWidth::One => 1,
            LengthWidth::Two => 2,
        };
        let check = usize::from(self.settings.check != FrameCheck::None);
        let payload = if self.settings.counts_all { length.checked_sub(itself + check)? } else { length };
        (1..=MAX_FRAME).contains(&payload).then_some(payload)
    }

    fn keep(&mut self, byte: u8, left: usize, out: &mut impl FnMut(Output<'_>)) {
        self.check ^= byte;
        // There is room: a length beyond `MAX_FRAME` is impossible.
        let _ = self.buffer.push(byte);
        match left {
            2.. => self.state = State::Inside { left: left - 1 },
            0 | 1 if self.settings.check == FrameCheck::None => self.accept(Evidence::Structure, out),
            0 | 1 => self.state = State::Checking,
        }
    }

    fn accept(&mut self, evidence: Evidence, out: &mut impl FnMut(Output<'_>)) {
        out(Output::Payload(Payload { bytes: self.buffer.as_slice(), symbology: None, evidence }));
        self.rest();
    }

    fn refuse(&mut self, fault: Fault, out: &mut impl FnMut(Output<'_>)) {
        out(Output::Fault(fault));
        self.rest();
        self.state = State::Skipping;
    }

    fn rest(&mut self) {
        self.buffer.clear();
        self.check = 0;
        self.state = AT_REST;
        self.silence.forget();
    }
}
