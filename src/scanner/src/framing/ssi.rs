//! Packets of Zebra's (formerly Symbol's) Simple Serial Interface, 72E-40451.
//!
//! `length opcode source status data.. checksum(2)`: the length counts all but the checksum, which is the two's complement of
//! the 16-bit sum of all bytes before it, high byte first. The source is 0, the decoder, so the echo of a command is no packet;
//! and all opcodes that a scanner sends are 80 or more, so text is none.
//!
//! | Opcode | | Becomes |
//! |---|---|---|
//! | F3 | DECODE_DATA: kind of code, text | `Payload`, ACK; packets that say "more follow" are joined first |
//! | D0, D1 | CMD_ACK, CMD_NAK | [`Reply`], no answer |
//! | others | EVENT and whatever else | ACK |
//!
//! A packet that the scanner sends again, because our ACK was lost, is acknowledged again and not reported again. It is known
//! by a keyed digest; the text itself is not kept. If data of another scan were spoiled in between, what is sent again is those.
//! The guide does not say whether the packets of a long message repeat the kind of code: a first byte that equals that of the
//! first packet is taken to be it.
//!
//! # Noise
//!
//! No byte marks the beginning of a packet. The bytes from the oldest unexplained one on are kept, and what stands first is
//!
//! ```text
//!   too short a length, no opcode, another source ──▶ dropped, the next byte is looked at
//!   not whole yet           ──▶ awaited; Begun, if it is decode data sent for the first time
//!   whole, wrong checksum   ──▶ spoiled: dropped, the next byte is looked at
//!   whole, right checksum   ──▶ accepted
//!   spoiled, and no further source in what is left ──▶ BadCheck if announced, NAK
//! ```
//!
//! On silence, what is not whole is dropped byte by byte, so a packet that hides behind a false length is still found. An
//! announcement stands until the first of: a message, nothing left, silence. NUL wakes scanners and is passed over.

use super::buffer::{FrameBuffer, Full};
use super::silence::Silence;
use super::stray::Stray;
use super::{Evidence, Fault, Output, Payload, Reply};
use crate::profile::{PacketFraming, millis};
use crate::symbology::Symbology;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

/// CMD_ACK from the host.
const ACK: [u8; 6] = [0x04, 0xD0, 0x04, 0x00, 0xFF, 0x28];
/// CMD_NAK from the host: checksum failure, please send again.
const NAK: [u8; 7] = [0x05, 0xD1, 0x04, 0x00, 0x01, 0xFF, 0x25];

const DECODE_DATA: u8 = 0xF3;
const CMD_ACK: u8 = 0xD0;
const CMD_NAK: u8 = 0xD1;
/// The source of what comes from the scanner.
const DECODER: u8 = 0;
/// In the status: this packet was sent before.
const AGAIN: u8 = 1;
/// In the status: further packets of this message follow.
const MORE: u8 = 2;
/// Lowest opcode that a scanner sends.
const LOWEST_OPCODE: u8 = 0x80;
/// Bytes up to the source, fewer of which tell nothing.
const TELLING: usize = 3;
/// Length of a packet without data.
const HEADER: usize = 4;
const CHECKSUM: usize = 2;

/// Decoder for [`Framing::Ssi`](crate::profile::Framing::Ssi).
#[derive(Debug)]
pub struct SsiDecoder {
    silence: Silence,
    /// Bytes that are not explained yet; the first is where a packet may begin.
    raw: FrameBuffer,
    /// A `Begun` that has no result yet.
    announced: bool,
    /// A packet had a wrong checksum, and nothing good has come since.
    spoiled: bool,
    /// How many of the unexplained bytes are the end of a packet whose fault was reported: these are not stray.
    reported: usize,
    messages: Messages,
    stray: Stray,
}

/// Joins packets of decode data.
#[derive(Debug)]
struct Messages {
    text: FrameBuffer,
    joining: Joining,
    /// Digest of the last packet of decode data, unless further data have come since and were spoiled.
    last: Option<Digest>,
    digests: RandomState,
}

/// Tells two packets apart, of which one is not kept.
#[derive(PartialEq, Eq)]
struct Digest(u64);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joining {
    /// The next packet begins a message.
    None,
    /// Further packets of a message with this kind of code are to come.
    Text { code: u8 },
    /// Further packets of an overlong message, reported, are to come.
    Skipping,
}

/// What stands at the front of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    Nothing,
    Wake,
    NoPacket,
    /// Perhaps a packet: so far it looks like decode data that were not sent before, or it does not.
    Partial {
        fresh_data: bool,
    },
    Spoiled {
        fresh_data: bool,
    },
    /// A good packet of this length, checksum not counted.
    Packet {
        length: usize,
    },
}

impl SsiDecoder {
    /// A decoder at rest.
    pub fn new(settings: &PacketFraming) -> Self {
        Self {
            silence: Silence::new(millis(settings.timeout_ms)),
            raw: FrameBuffer::new(),
            announced: false,
            spoiled: false,
            reported: 0,
            messages: Messages {
                text: FrameBuffer::new(),
                joining: Joining::None,
                last: None,
                digests: RandomState::new(),
            },
            stray: Stray::default(),
        }
    }

    /// See [`Decoder::push`](super::Decoder::push).
    pub fn push(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Output<'_>)) {
        for &byte in bytes {
            // Never full: a packet has 257 bytes at most, and whole ones do not stay.
            if self.raw.push(byte).is_ok() {
                self.explain(out);
            }
        }
        if !bytes.is_empty() {
            let waiting = !self.raw.is_empty() || self.announced || self.stray.any();
            self.silence.heard(waiting || self.messages.joining != Joining::None, now);
        }
    }

    /// See [`Decoder::poll`](super::Decoder::poll).
    pub fn poll(&mut self, now: Instant, out: &mut impl FnMut(Output<'_>)) {
        if !self.silence.is_over(now) {
            return;
        }
        let broken_off = !self.raw.is_empty();
        while !self.raw.is_empty() {
            self.drop_front(out);
            while self.step(false, out) {}
        }
        let failed = std::mem::take(&mut self.announced);
        let spoiled = std::mem::take(&mut self.spoiled);
        if failed {
            self.messages.last = None;
            out(Output::Fault(if spoiled { Fault::BadCheck } else { Fault::Cut }));
        }
        if spoiled || (failed && broken_off) {
            out(Output::Answer(&NAK));
        }
        self.reported = 0;
        self.messages.give_up();
        self.stray.end(out);
        self.silence.forget();
    }

    /// See [`Decoder::deadline`](super::Decoder::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        self.silence.deadline()
    }

    /// Explains what came, as far as that is possible.
    fn explain(&mut self, out: &mut impl FnMut(Output<'_>)) {
        while self.step(true, out) {}
        if self.spoiled && self.raw.as_slice().len() < TELLING {
            self.settle(out);
            out(Output::Answer(&NAK));
        }
    }

    /// Explains what stands at the front; false if it is to wait. `announcing`: what is not whole may become so.
    fn step(&mut self, announcing: bool, out: &mut impl FnMut(Output<'_>)) -> bool {
        match front(self.raw.as_slice()) {
            Front::Nothing => return false,
            Front::Partial { fresh_data } => {
                if fresh_data && announcing {
                    self.announce(out);
                }
                return false;
            }
            Front::Wake => {
                self.reported = self.reported.saturating_sub(1);
                self.raw.drop_front(1);
            }
            Front::NoPacket => self.drop_front(out),
            Front::Spoiled { fresh_data } => {
                if fresh_data {
                    self.announce(out);
                    self.messages.last = None;
                }
                self.spoiled = true;
                self.drop_front(out);
            }
            Front::Packet { length } => {
                self.accept(length, out);
                self.reported = 0;
                self.raw.drop_front(length + CHECKSUM);
            }
        }
        true
    }

    /// The first byte begins no packet.
    fn drop_front(&mut self, out: &mut impl FnMut(Output<'_>)) {
        self.raw.drop_front(1);
        match self.reported {
            0 if self.announced => {}
            0 => self.stray.take(out),
            _ => self.reported -= 1,
        }
    }

    fn announce(&mut self, out: &mut impl FnMut(Output<'_>)) {
        // What remains of an overlong message has had its result.
        if !self.announced && self.messages.joining != Joining::Skipping {
            self.announced = true;
            self.stray.forget();
            out(Output::Begun);
        }
    }

    /// Nothing more comes of what was spoiled. A message under way goes on: the scanner sends its packet again.
    fn settle(&mut self, out: &mut impl FnMut(Output<'_>)) {
        let failed = std::mem::take(&mut self.spoiled) && self.announced && self.messages.joining == Joining::None;
        if failed {
            self.announced = false;
            self.reported = self.raw.as_slice().len();
            out(Output::Fault(Fault::BadCheck));
        }
    }

    fn accept(&mut self, length: usize, out: &mut impl FnMut(Output<'_>)) {
        self.stray.forget();
        let packet = self.raw.as_slice().get(..length).unwrap_or_default();
        let &[_, opcode, _, status, ref data @ ..] = packet else { return };
        let known = opcode != DECODE_DATA || self.messages.is_repeated(status, data);
        if known {
            self.settle(out);
        }
        match opcode {
            CMD_ACK => return out(Output::Reply(Reply::Done)),
            CMD_NAK => return out(Output::Reply(Reply::Refused)),
            DECODE_DATA if !known => self.decode(length, out),
            _ => {}
        }
        out(Output::Answer(&ACK));
    }

    /// Takes a packet of decode data that was not accepted before.
    fn decode(&mut self, length: usize, out: &mut impl FnMut(Output<'_>)) {
        self.spoiled = false;
        self.announce(out);
        let packet = self.raw.as_slice().get(..length).unwrap_or_default();
        let &[_, _, _, status, ref data @ ..] = packet else { return };
        if self.messages.take(status, data, out) {
            self.announced = false;
        }
    }
}

impl Messages {
    /// Whether the last packet was this one.
    fn is_repeated(&self, status: u8, data: &[u8]) -> bool {
        status & AGAIN != 0 && self.last == Some(self.digest(status, data))
    }

    fn digest(&self, status: u8, data: &[u8]) -> Digest {
        Digest(self.digests.hash_one((status & !AGAIN, data)))
    }

    /// Adds a packet to its message; true if that brought the message's result.
    fn take(&mut self, status: u8, data: &[u8], out: &mut impl FnMut(Output<'_>)) -> bool {
        self.last = Some(self.digest(status, data));
        let more = status & MORE != 0;
        let (first, rest) = data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
        let (code, text) = match self.joining {
            Joining::Skipping => {
                self.joining = if more { Joining::Skipping } else { Joining::None };
                return false;
            }
            Joining::None => (first, rest),
            Joining::Text { code } if code == first => (code, rest),
            Joining::Text { code } => (code, data),
        };
        let kept = text.iter().try_for_each(|byte| self.text.push(*byte));
        let result = match (kept, self.text.as_slice()) {
            (Err(Full), _) => Output::Fault(Fault::TooLong),
            (Ok(()), _) if more => {
                self.joining = Joining::Text { code };
                return false;
            }
            (Ok(()), []) => Output::Fault(Fault::Empty),
            (Ok(()), bytes) => {
                Output::Payload(Payload { bytes, symbology: symbology(code), evidence: Evidence::Checksum })
            }
        };
        out(result);
        self.text.clear();
        self.joining = if more { Joining::Skipping } else { Joining::None };
        true
    }

    /// The rest of the message under way will not come.
    fn give_up(&mut self) {
        self.text.clear();
        self.joining = Joining::None;
    }
}

fn front(raw: &[u8]) -> Front {
    let Some(&length) = raw.first() else { return Front::Nothing };
    let length = usize::from(length);
    if length == 0 {
        return Front::Wake;
    }
    let no_opcode = raw.get(1).is_some_and(|opcode| *opcode < LOWEST_OPCODE);
    let no_source = raw.get(2).is_some_and(|source| *source != DECODER);
    if length < HEADER || no_opcode || no_source {
        return Front::NoPacket;
    }
    let fresh_data = matches!(raw, [_, DECODE_DATA, _, status, ..] if status & AGAIN == 0);
    match (raw.get(..length), raw.get(length..length + CHECKSUM)) {
        (Some(packet), Some(sum)) if checksum(packet) == sum => Front::Packet { length },
        (Some(_), Some(_)) => Front::Spoiled { fresh_data },
        (_, _) => Front::Partial { fresh_data },
    }
}

/// Two's complement of the 16-bit sum, high byte first.
fn checksum(packet: &[u8]) -> [u8; CHECKSUM] {
    packet.iter().fold(0_u16, |sum, byte| sum.wrapping_sub(u16::from(*byte))).to_be_bytes()
}

/// The kinds of code of the guide's table that the booth knows by name. The table has many more, some of which differ from one
/// edition to the next.
fn symbology(code: u8) -> Option<Symbology> {
    match code {
        // Plain, full ASCII.
        0x01 | 0x13 => Some(Symbology::Code39),
        0x02 => Some(Symbology::Codabar),
        // Plain, GS1-128.
        0x03 | 0x0F => Some(Symbology::Code128),
        0x06 => Some(Symbology::Interleaved2Of5),
        0x07 => Some(Symbology::Code93),
        // UPC-A, UPC-E, EAN-8, EAN-13, UPC-E1.
        0x08..=0x0B | 0x10 => Some(Symbology::Ean),
        0x11 => Some(Symbology::Pdf417),
        0x1B => Some(Symbology::DataMatrix),
        0x1C => Some(Symbology::QrCode),
        0x2D => Some(Symbology::Aztec),
        // GS1 DataBar, limited, expanded.
        0x30..=0x32 => Some(Symbology::Gs1DataBar),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_guide_s_checksum() {
        for (packet, sum) in [ACK.split_at(4), NAK.split_at(5)] {
            assert_eq!(checksum(packet), *sum);
            assert_eq!(usize::from(packet[0]), packet.len());
        }
        // Start and stop of a session, as the guide prints them.
        assert_eq!(checksum(&[0x04, 0xE4, 0x04, 0x00]), [0xFF, 0x14]);
        assert_eq!(checksum(&[0x04, 0xE5, 0x04, 0x00]), [0xFF, 0x13]);
    }

    #[test]
    fn kinds_of_code() {
        let table = [
            (0x01, Some(Symbology::Code39)),
            (0x03, Some(Symbology::Code128)),
            (0x06, Some(Symbology::Interleaved2Of5)),
            (0x0B, Some(Symbology::Ean)),
            (0x0C, None),
            (0x11, Some(Symbology::Pdf417)),
            (0x1B, Some(Symbology::DataMatrix)),
            (0x1C, Some(Symbology::QrCode)),
            (0x2D, Some(Symbology::Aztec)),
            (0x00, None),
            (0xFF, None),
        ];
        for (code, expect) in table {
            assert_eq!(symbology(code), expect, "{code:#04x}");
        }
    }
}
