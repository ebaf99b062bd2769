//! A session with a reader, in virtual time: bytes arrive, silences pass, and a [`Decoder`] keeps its promises.
//!
//! After the bytes of the settings an input has two that set the sizes of the pieces in which bytes arrive (their value + 1, in
//! turn). The rest arrives, but for [`ESCAPE`]:
//!
//! | Escape | Means |
//! |---|---|
//! | `FF n`, n < 0x80 | silence of n times 10 ms; the decoder is asked whenever it wants to be |
//! | `FF n`, n < 0xFF | n - 0x80 times 10 ms in which this process was not scheduled: nobody asks the decoder |
//! | `FF FF` | the byte FF |
//!
//! What must hold:
//!
//! 1. The same comes out however the bytes are cut, and a poll before the deadline changes nothing.
//! 2. Each announcement has one result, and no result comes unannounced; stray bytes are reported outside of frames only.
//! 3. A payload has 1 to [`MAX_FRAME`] bytes. No byte is delivered twice, and outputs do not outnumber what came in.
//! 4. An answer is not empty.
//! 5. After a long silence the decoder is at rest: no deadline, no announcement without a result (a line that only its
//!    terminator ends gets one).
//! 6. From there a good frame is read, and nothing else: no noise leaves the decoder deaf.

use arbitrary::{Result, Unstructured};
use bilik_scanner::framing::{Decoder, Fault, MAX_FRAME, Output, Reply};
use bilik_scanner::profile::{ByteOrder, FrameCheck, Framing, LengthWidth};
use bilik_scanner::symbology::Symbology;
use std::time::{Duration, Instant};

/// Introduces what is no byte of the line.
const ESCAPE: u8 = 0xFF;
/// Longer than any timeout that a profile may have.
const LONG_SILENCE: Duration = Duration::from_secs(6);
/// Most outputs that one byte or one poll may cause in the long run: begun, result, report, answer.
const OUTPUTS_EACH: usize = 4;
/// The payload of the good frame.
const NIK: &[u8] = b"3171011708450001";

/// Runs the session that `data` describes, and checks what the module head promises.
pub fn decode(data: &[u8], framing: impl FnOnce(&mut Unstructured<'_>) -> Result<Framing>) {
    let mut u = Unstructured::new(data);
    let Ok(framing) = framing(&mut u) else { return };
    let Ok(sizes) = u.arbitrary::<[u8; 2]>() else { return };
    let steps = steps(u.take_rest());
    let whole = run(&framing, &steps, None);
    let cut = run(&framing, &steps, Some(sizes));
    assert_eq!(whole, cut, "{framing:?}: outputs depend on how the bytes were cut");
}

enum Step {
    Bytes(Vec<u8>),
    Silence(Duration),
    Starved(Duration),
}

fn steps(line: &[u8]) -> Vec<Step> {
    let (mut steps, mut bytes, mut line) = (Vec::new(), Vec::new(), line.iter().copied());
    while let Some(byte) = line.next() {
        let escaped = if byte == ESCAPE { line.next() } else { None };
        let step = match escaped {
            None | Some(ESCAPE) => {
                bytes.push(byte);
                continue;
            }
            Some(n @ 0..0x80) => Step::Silence(Duration::from_millis(u64::from(n) * 10)),
            Some(n) => Step::Starved(Duration::from_millis(u64::from(n - 0x80) * 10)),
        };
        steps.extend([Step::Bytes(std::mem::take(&mut bytes)), step]);
    }
    steps.push(Step::Bytes(bytes));
    steps
}

fn run(framing: &Framing, steps: &[Step], sizes: Option<[u8; 2]>) -> Vec<Seen> {
    let mut session = Session::new(framing, sizes);
    for step in steps {
        match step {
            Step::Bytes(bytes) => session.push(bytes),
            Step::Silence(time) => session.silence(*time),
            Step::Starved(time) => session.now += *time,
        }
    }
    session.silence(LONG_SILENCE);
    if ended_by_terminator_only(framing) {
        session.push(b"\r");
        session.silence(LONG_SILENCE);
    }
    session.at_rest();
    let before = session.seen.len();
    let (frame, payload) = good_frame(framing);
    session.push(&frame);
    session.silence(LONG_SILENCE);
    session.at_rest();
    let after = session.seen.get(before..).unwrap_or_default();
    let read: Vec<&Seen> = after.iter().filter(|seen| !matches!(seen, Seen::Answer(_))).collect();
    assert!(
        matches!(read[..], [Seen::Begun, Seen::Payload(bytes, _)] if *bytes == payload),
        "{framing:?}: a good frame was read as {read:?}"
    );
    session.seen
}

/// An output that outlives its decoder's buffer.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Begun,
    Payload(Vec<u8>, Option<Symbology>),
    Fault(Fault),
    Reply(Reply),
    Answer(&'static [u8]),
}

struct Session {
    decoder: Decoder,
    now: Instant,
    sizes: Option<[u8; 2]>,
    seen: Vec<Seen>,
    announced: bool,
    arrived: usize,
    polls: usize,
    delivered: usize,
}

impl Session {
    fn new(framing: &Framing, sizes: Option<[u8; 2]>) -> Self {
        let (decoder, now) = (Decoder::new(framing), Instant::now());
        Self { decoder, now, sizes, seen: Vec::new(), announced: false, arrived: 0, polls: 0, delivered: 0 }
    }

    /// Bytes arrive, all at once, or in pieces and with a poll after each.
    fn push(&mut self, bytes: &[u8]) {
        let Some(sizes) = self.sizes else {
            return self.step(|decoder, now, mut out| decoder.push(bytes, now, &mut out), bytes);
        };
        let (mut rest, mut sizes) = (bytes, sizes.into_iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().map_or(1, |size| usize::from(size) + 1).min(rest.len());
            let (piece, after) = rest.split_at(size);
            self.step(|decoder, now, mut out| decoder.push(piece, now, &mut out), piece);
            let before = self.seen.len();
            self.poll(self.now);
            assert_eq!(self.seen.len(), before, "a poll at the time of the last byte ended something");
            rest = after;
        }
    }

    /// Nothing arrives, and the decoder is asked at each deadline and at the end.
    fn silence(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.decoder.deadline().filter(|deadline| *deadline <= end) {
            self.poll(deadline);
            let next = self.decoder.deadline();
            assert!(next.is_none_or(|next| next > deadline), "a deadline that passed is still due");
        }
        self.poll(end);
        self.now = end;
    }

    fn at_rest(&self) {
        assert_eq!(self.decoder.deadline(), None, "waits for something after a long silence");
        assert!(!self.announced, "announced, and no result after a long silence");
    }

    fn poll(&mut self, now: Instant) {
        self.polls += 1;
        let moment = std::mem::replace(&mut self.now, now);
        self.step(|decoder, now, mut out| decoder.poll(now, &mut out), &[]);
        self.now = moment;
    }

    fn step(&mut self, step: impl FnOnce(&mut Decoder, Instant, &mut dyn FnMut(Output<'_>)), bytes: &[u8]) {
        self.arrived += bytes.len();
        let (seen, announced, delivered) = (&mut self.seen, &mut self.announced, &mut self.delivered);
        step(&mut self.decoder, self.now, &mut |output| {
            seen.push(match output {
                Output::Begun => {
                    assert!(!std::mem::replace(announced, true), "announced twice");
                    Seen::Begun
                }
                Output::Payload(payload) => {
                    assert!((1..=MAX_FRAME).contains(&payload.bytes.len()), "{payload:?}");
                    assert!(std::mem::take(announced), "a payload from nowhere");
                    *delivered += payload.bytes.len();
                    Seen::Payload(payload.bytes.to_vec(), payload.symbology)
                }
                Output::Fault(fault) => {
                    let inside = std::mem::take(announced);
                    assert_eq!(inside, fault != Fault::Stray, "{fault:?} where there can be none");
                    Seen::Fault(fault)
                }
                Output::Reply(reply) => Seen::Reply(reply),
                Output::Answer(bytes) => {
                    assert!(!bytes.is_empty(), "an empty answer");
                    Seen::Answer(bytes)
                }
            });
        });
        assert!(self.delivered <= self.arrived, "a byte was delivered twice");
        assert!(self.seen.len() <= OUTPUTS_EACH * (self.arrived + self.polls), "more comes out than went in");
    }
}

fn ended_by_terminator_only(framing: &Framing) -> bool {
    match framing {
        Framing::Line(settings) | Framing::Newland(settings) | Framing::Magtek(settings) => settings.idle_gap_ms == 0,
        Framing::StxEtx(_) | Framing::Length(_) | Framing::Ssi(_) | Framing::Rte6701(_) | Framing::Elyctis(_) => false,
    }
}

/// A frame as the reader's description has it, and its payload. Written anew here: the decoders are not asked.
fn good_frame(framing: &Framing) -> (Vec<u8>, Vec<u8>) {
    let xor = |bytes: &[u8]| bytes.iter().fold(0, |check, byte| check ^ byte);
    let mut payload = NIK.to_vec();
    let frame = match framing {
        Framing::Line(_) | Framing::Newland(_) => [NIK, b"\r"].concat(),
        Framing::StxEtx(settings) => {
            let mut frame = [b"\x02", NIK, b"\x03"].concat();
            match settings.check {
                FrameCheck::None => {}
                FrameCheck::Lrc => frame.push(xor(&frame[1..])),
                FrameCheck::Bcc => frame.push(xor(&frame)),
            }
            frame
        }
        Framing::Length(settings) => {
            let (width, check) = (1 + usize::from(settings.width == LengthWidth::Two), settings.check);
            let others = width + usize::from(check != FrameCheck::None);
            let length = (NIK.len() + if settings.counts_all { others } else { 0 }) as u8;
            let mut frame = match (settings.width, settings.order) {
                (LengthWidth::One, _) => vec![length],
                (LengthWidth::Two, ByteOrder::Big) => vec![0, length],
                (LengthWidth::Two, ByteOrder::Little) => vec![length, 0],
            };
            frame.extend(NIK);
            match check {
                FrameCheck::None => {}
                FrameCheck::Lrc => frame.push(xor(NIK)),
                FrameCheck::Bcc => frame.push(xor(&frame)),
            }
            frame
        }
        Framing::Ssi(_) => {
            // Opcode of decode data, source, status, kind of code: Code 128.
            let mut frame = [&[5 + NIK.len() as u8, 0xF3, 0, 0, 0x03], NIK].concat();
            let sum = frame.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
            frame.extend(sum.wrapping_neg().to_be_bytes());
            frame
        }
        Framing::Rte6701(_) => {
            let lines = [b"OU\x02\x00", NIK, b"\r\r\r\x03"].concat();
            [&[1, lines.len() as u8, 0], &lines[..], &[xor(&lines)]].concat()
        }
        Framing::Elyctis(_) => [&[b'I', 0, NIK.len() as u8], NIK].concat(),
        Framing::Magtek(_) => {
            payload = [b";", NIK, b"?"].concat();
            [&payload[..], b"\r"].concat()
        }
    };
    (frame, payload)
}
