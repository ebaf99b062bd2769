//! Lines beside answers to Newland's serial commands.
//!
//! An answer is the command with another head and the reader's verdict: `STX SOH`, four bytes that say where the setting is
//! stored, `@` (or `#`, `$`), then commands with their data, each followed by a verdict and `;`, then ETX. The verdict is ACK
//! (done), NAK (unknown command) or ENQ (data out of range). Several commands may be answered at once: one refusal counts.
//!
//! Everything else is lines and goes to a [`LineDecoder`]. An answer may come at any time, so it is taken out of the stream
//! wherever it stands, and a line around it goes on: to end the line there could make two numbers of one.
//!
//! ```text
//!         STX             SOH, storage, @          ; ETX: Reply
//!   Text ─────▶ Head ────────────────────▶ Reply ───────────────▶ Text
//!    ▲           │ anything else: text after all    │
//!    ├───────────┘                                  │ silence, or more than MAX_FRAME bytes: dropped
//!    └──────────────────────────────────────────────┘
//! ```

use super::line::LineDecoder;
use super::{ACK, MAX_FRAME, NAK, Output, Reply};
use crate::profile::LineFraming;
use std::time::{Duration, Instant};
use zeroize::Zeroize;

const STX: u8 = 0x02;
const SOH: u8 = 0x01;
const ETX: u8 = 0x03;
const ENQ: u8 = 0x05;
/// Bytes from STX to `@`.
const HEAD: usize = 7;
/// Silence that ends an answer that broke off, where no silence ends a line.
const REPLY_TIMEOUT: Duration = Duration::from_millis(500);

/// Decoder for [`Framing::Newland`](crate::profile::Framing::Newland).
#[derive(Debug)]
pub struct NewlandDecoder {
    timeout: Duration,
    line: LineDecoder,
    state: State,
    head: Head,
    last_byte: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// Perhaps in an answer: what came is kept in `head`.
    Head,
    Reply {
        length: usize,
        before: Before,
        verdict: Option<Reply>,
    },
}

/// What came last in an answer, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Verdict(Reply),
    /// `;` after a verdict.
    Separator,
    Other,
}

/// The first bytes of what may be an answer. No card holds them, but they may be noise from one.
#[derive(Default)]
struct Head {
    bytes: [u8; HEAD],
    len: usize,
}

impl Head {
    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.bytes.zeroize();
        self.len = 0;
    }

    /// Takes a byte if the head of an answer can go on with it.
    fn take(&mut self, byte: u8) -> bool {
        let fits = match self.len {
            0 => byte == STX,
            1 => byte == SOH,
            2..=5 => byte.is_ascii_alphanumeric(),
            _ => matches!(byte, b'@' | b'#' | b'$'),
        };
        if let (true, Some(slot)) = (fits, self.bytes.get_mut(self.len)) {
            *slot = byte;
            self.len += 1;
        }
        fits
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} bytes)", self.len)
    }
}

impl NewlandDecoder {
    /// A decoder at rest.
    pub fn new(settings: &LineFraming) -> Self {
        Self {
            timeout: settings.idle_gap().unwrap_or(REPLY_TIMEOUT),
            line: LineDecoder::new(settings),
            state: State::Text,
            head: Head::default(),
            last_byte: None,
        }
    }

    /// See [`Decoder::push`](super::Decoder::push).
    pub fn push(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Output<'_>)) {
        for &byte in bytes {
            self.take(byte, now, out);
        }
        if !bytes.is_empty() {
            self.line.heard(now);
            self.last_byte = (self.state != State::Text).then_some(now);
        }
    }

    /// See [`Decoder::poll`](super::Decoder::poll).
    pub fn poll(&mut self, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        if let Some(last) = self.last_byte.take() {
            self.give_up(last, out);
        }
        self.line.poll(now, out);
    }

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        self.last_byte.map(|last| last + self.timeout).or_else(|| self.line.deadline())
    }

    fn take(&mut self, byte: u8, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        match self.state {
            State::Text | State::Head => {
                if self.head.take(byte) {
                    self.state = match self.head.len {
                        HEAD => State::Reply { length: HEAD, before: Before::Other, verdict: None },
                        _ => State::Head,
                    };
                    return;
                }
                self.give_up(now, out);
                if self.head.take(byte) {
                    self.state = State::Head;
                } else {
                    self.line.push(&[byte], now, out);
                }
            }
            State::Reply { before: Before::Separator, verdict, .. } if byte == ETX => {
                if let Some(verdict) = verdict {
                    out(Output::Reply(verdict));
                }
                self.head.clear();
                self.state = State::Text;
            }
            State::Reply { length, .. } if length >= MAX_FRAME => {
                self.head.clear();
                self.state = State::Text;
            }
            State::Reply { length, before, verdict } => {
                let (before, verdict) = match (byte, before) {
                    (b';', Before::Verdict(Reply::Done)) => (Before::Separator, verdict.or(Some(Reply::Done))),
                    (b';', Before::Verdict(Reply::Refused)) => (Before::Separator, Some(Reply::Refused)),
                    (ACK, _) => (Before::Verdict(Reply::Done), verdict),
                    (NAK | ENQ, _) => (Before::Verdict(Reply::Refused), verdict),
                    (_, _) => (Before::Other, verdict),
                };
                self.state = State::Reply { length: length + 1, before, verdict };
            }
        }
    }

    /// What began is no answer, or broke off: a head is text after all.
    fn give_up(&mut self, last_byte: Instant, out: &mut impl FnMut(Output<'_>)) {
        if self.state == State::Head {
            self.line.push(self.head.as_slice(), last_byte, out);
        }
        self.head.clear();
        self.state = State::Text;
    }
}
