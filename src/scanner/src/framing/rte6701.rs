//! Messages of the 3M (Gemalto, Thales) RTE6701 swipe reader of machine-readable zones.
//!
//! `SOH lenLo lenHi 'O' 'U' STX flag line 1 CR line 2 CR line 3 CR ETX BCC`. A line that is missing, as the third of a passport
//! always is, or could not be read still has its CR, so the payload is the lines with content, joined by CR; if there are none,
//! the reader saw a document and could not read it ([`Fault::Empty`]). What the flag says is not published: it is ignored.
//!
//! Descriptions disagree on two points, so each reading that some firmware may have is taken:
//!
//! - *length*: any count that begins at SOH, the length or `O` and ends with ETX or BCC. These are five successive numbers.
//! - *BCC*: XOR from SOH, from the length or from `O`, through ETX.
//!
//! A message is recognised by its first six bytes, wherever they stand: its lines are text and cannot contain them, so inside a
//! message they mean that the end of the former one was lost.
//!
//! | State | header | ETX | other byte | silence |
//! |---|---|---|---|---|
//! | outside | begun, flag | stray | stray | `Stray` if there were any |
//! | flag | flag, anew | inside | inside | `Cut`, outside |
//! | inside | flag, anew | checking | kept; more than [`MAX_FRAME`]: `TooLong`, skipping | `Cut`, outside |
//! | checking | cannot be | `Payload`, `Empty` or `BadCheck`, outside | the same | `BadCheck`, outside |
//! | skipping | begun, flag | skipped | skipped | outside |

use super::buffer::{FrameBuffer, Full};
use super::silence::Silence;
use super::stray::Stray;
use super::window::Window;
use super::{Evidence, Fault, MAX_FRAME, Output, Payload};
use crate::profile::{PacketFraming, millis};
use std::time::Instant;

const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const CR: u8 = b'\r';
const LF: u8 = b'\n';
/// Bytes by which a message is recognised.
const HEADER: usize = 6;
/// Bytes from `O` to the flag.
const COUNTED_HEADER: usize = 4;
/// By how much the largest count of a message exceeds that from `O` through ETX: SOH, the length, BCC.
const MOST_COUNTED: usize = 4;

/// Decoder for [`Framing::Rte6701`](crate::profile::Framing::Rte6701).
#[derive(Debug)]
pub struct Rte6701Decoder {
    silence: Silence,
    state: State,
    /// The last bytes, in which a header may come to stand.
    window: Window<HEADER>,
    /// Of the message under way.
    length: u16,
    /// XOR over the message from `O` on, and the number of these bytes.
    check: u8,
    counted: usize,
    /// The lines with content, joined by CR.
    buffer: FrameBuffer,
    stray: Stray,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Outside,
    /// The flag follows, whatever its value.
    Flag,
    Inside,
    Checking,
    /// An overlong message, reported.
    Skipping,
}

impl Rte6701Decoder {
    /// A decoder at rest.
    pub fn new(settings: &PacketFraming) -> Self {
        Self {
            silence: Silence::new(millis(settings.timeout_ms)),
            state: State::Outside,
            window: Window::new(),
            length: 0,
            check: 0,
            counted: 0,
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
            State::Flag | State::Inside => out(Output::Fault(Fault::Cut)),
            State::Checking => out(Output::Fault(Fault::BadCheck)),
            State::Outside | State::Skipping => {}
        }
        self.stray.end(out);
        self.rest(State::Outside);
    }

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        self.silence.deadline()
    }

    fn take(&mut self, byte: u8, out: &mut impl FnMut(Output<'_>)) {
        self.window.push(byte);
        if let [SOH, low, high, b'O', b'U', STX] = self.window.bytes() {
            return self.begin([low, high], out);
        }
        match (self.state, byte) {
            (State::Outside, 0 | CR | LF) => {}
            (State::Outside, _) => self.stray.take(out),
            (State::Flag, _) => {
                self.count(byte);
                self.state = State::Inside;
            }
            (State::Inside, ETX) => {
                self.count(byte);
                self.state = State::Checking;
            }
            (State::Inside, _) => self.keep(byte, out),
            (State::Checking, _) => self.end(byte, out),
            (State::Skipping, _) => {}
        }
    }

    fn begin(&mut self, length: [u8; 2], out: &mut impl FnMut(Output<'_>)) {
        match self.state {
            State::Outside | State::Skipping => out(Output::Begun),
            // Announced already.
            State::Flag | State::Inside | State::Checking => {}
        }
        self.stray.forget();
        self.rest(State::Flag);
        self.length = u16::from_le_bytes(length);
        self.check = b'O' ^ b'U' ^ STX;
        self.counted = COUNTED_HEADER - 1;
    }

    fn count(&mut self, byte: u8) {
        self.check ^= byte;
        self.counted += 1;
    }

    fn keep(&mut self, byte: u8, out: &mut impl FnMut(Output<'_>)) {
        self.count(byte);
        // One CR between two lines, none before the first.
        let superfluous = matches!((byte, self.buffer.as_slice()), (CR, [] | [.., CR]));
        // A message may be as long as the lines it carries and their CRs.
        let kept = if superfluous { Ok(()) } else { self.buffer.push(byte) };
        if kept == Err(Full) || self.counted > MAX_FRAME + COUNTED_HEADER {
            out(Output::Fault(Fault::TooLong));
            self.rest(State::Skipping);
        }
    }

    fn end(&mut self, bcc: u8, out: &mut impl FnMut(Output<'_>)) {
        let length = self.length.to_le_bytes().iter().fold(0, |check, byte| check ^ byte);
        let bcc_fits = [self.check, self.check ^ length, self.check ^ length ^ SOH].contains(&bcc);
        let length_fits = (self.counted..=self.counted + MOST_COUNTED).contains(&usize::from(self.length));
        let lines = self.buffer.as_slice();
        let lines = lines.strip_suffix(&[CR]).unwrap_or(lines);
        out(if !bcc_fits || !length_fits {
            Output::Fault(Fault::BadCheck)
        } else if lines.is_empty() {
            Output::Fault(Fault::Empty)
        } else {
            Output::Payload(Payload { bytes: lines, symbology: None, evidence: Evidence::Checksum })
        });
        self.rest(State::Outside);
        // What was taken for the BCC may be the SOH of the next message.
        self.window.push(bcc);
    }

    fn rest(&mut self, state: State) {
        self.window.clear();
        self.buffer.clear();
        self.state = state;
        self.silence.forget();
    }
}
