//! The reader's thread: waits for bytes, for the decoder's and the trigger's deadlines and for orders, and decides nothing.

use super::{REOPEN_EVERY, ReaderConfig, ReaderEvent, Watch};
use crate::framing::{Decoder, Fault, Output, Reply};
use crate::gate::Gate;
use crate::health::Health;
use crate::marks::{DAMAGED, Mark, Marks};
use crate::port::{Arrived, LostReason, Port};
use crate::profile::{LineSettings, Profile};
use crate::trigger::TriggerMachine;
use crate::usb::SYS;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};
use zeroize::Zeroize;

/// Longest wait for bytes: how long an order may go unnoticed.
const LISTEN_FOR: Duration = Duration::from_millis(50);
/// How often the line is asked whether it is still there under its name.
const NAME_CHECK_EVERY: Duration = Duration::from_millis(500);
/// Bytes taken from the line at once.
const READ_BYTES: usize = 256;

/// Becomes true when the [`Reader`](super::Reader) is dropped.
pub(super) struct Stopped(pub(super) mpsc::Receiver<()>);

impl Stopped {
    fn now(&self) -> bool {
        matches!(self.0.try_recv(), Err(TryRecvError::Disconnected))
    }

    fn within(&self, wait: Duration) -> bool {
        matches!(self.0.recv_timeout(wait), Err(RecvTimeoutError::Disconnected))
    }
}

/// Why listening ended.
enum Ended {
    Stopped,
    Lost(LostReason),
}

/// The thread's state.
pub(super) struct Worker<S, W> {
    pub(super) config: ReaderConfig,
    pub(super) sink: S,
    pub(super) watch: W,
    pub(super) stopped: Stopped,
    pub(super) wanted: Arc<AtomicBool>,
    pub(super) gate: Gate,
    /// Settings that the driver took instead of the profile's, when this was told last.
    pub(super) differing: Option<LineSettings>,
}

/// What there is while the line is open.
struct Line {
    port: Port,
    marks: Marks,
    decoder: Decoder,
    trigger: TriggerMachine,
    health: Health,
    /// A frame has begun and has no result.
    in_frame: bool,
    /// The reader's refusal of a command was told.
    refused: bool,
}

impl Line {
    fn new(port: Port, profile: &Profile, wanted: bool, now: Instant) -> Self {
        Self {
            marks: Marks::new(profile.line.data_bits, port.own_parity()),
            port,
            decoder: Decoder::new(&profile.framing),
            trigger: TriggerMachine::new(&profile.trigger, wanted, now),
            health: Health::new(profile.line, &profile.framing),
            in_frame: false,
            refused: false,
        }
    }
}

impl<S: FnMut(ReaderEvent), W: FnMut(Watch<'_>)> Worker<S, W> {
    pub(super) fn run(mut self) {
        let name = self.config.port.to_string();
        let mut lost = None;
        while !self.stopped.now() {
            let reason = match self.open() {
                Err(reason) => reason,
                Ok(port) => {
                    tracing::info!(port = name, profile = self.config.profile.name, "card reader ready");
                    lost = None;
                    (self.sink)(ReaderEvent::Ready);
                    match self.listen(port) {
                        Ended::Stopped => return,
                        Ended::Lost(reason) => reason,
                    }
                }
            };
            if lost != Some(reason) {
                tracing::warn!(port = name, %reason, "card reader lost");
            }
            if lost.replace(reason).is_none() {
                (self.sink)(ReaderEvent::Lost { reason });
            }
            if self.stopped.within(REOPEN_EVERY) {
                return;
            }
        }
    }

    /// Finds and opens the line, and says where it is not what was asked for.
    fn open(&mut self) -> Result<Port, LostReason> {
        let (path, count) = self.config.port.resolve(Path::new(SYS))?;
        let wanted = self.config.profile.line;
        let port = Port::open(&path, &wanted)?;
        if count > 1 {
            tracing::warn!(port = %self.config.port, path = %path.display(), count, "several readers fit, the first is taken");
        }
        let settings = port.settings();
        if settings != wanted && self.differing.replace(settings) != Some(settings) {
            tracing::warn!(path = %path.display(), %wanted, taken = %settings, "driver does not take all settings of the line");
        }
        (self.watch)(Watch::Opened { path: port.path(), settings });
        Ok(port)
    }

    /// Reads until the line is lost or the reader is dropped. The port is closed on return.
    fn listen(&mut self, port: Port) -> Ended {
        let wanted = self.wanted.load(Ordering::Relaxed);
        let mut line = Line::new(port, &self.config.profile, wanted, Instant::now());
        let mut buffer = [0; READ_BYTES];
        let mut name_check = Instant::now() + NAME_CHECK_EVERY;
        self.gate.reset_frame();
        while !self.stopped.now() {
            line.trigger.want(self.wanted.load(Ordering::Relaxed), Instant::now());
            self.send_commands(&mut line);
            let asked = Instant::now();
            let deadlines = [line.decoder.deadline(), line.trigger.deadline(), Some(name_check)];
            let wait = deadlines
                .into_iter()
                .flatten()
                .map(|deadline| deadline.saturating_duration_since(asked))
                .fold(LISTEN_FOR, Duration::min);
            match line.port.read(&mut buffer, wait) {
                Ok(Arrived::Bytes(count)) => {
                    let bytes = buffer.get_mut(..count).unwrap_or_default();
                    self.received(&mut line, bytes);
                    bytes.zeroize();
                }
                Ok(Arrived::Nothing) => {
                    // Empty up to here for certain, whatever the clock says by now.
                    self.decode(&mut line, |decoder, mut out| decoder.poll(asked + wait, &mut out));
                }
                Err(reason) => return Ended::Lost(reason),
            }
            if Instant::now() >= name_check {
                name_check = Instant::now() + NAME_CHECK_EVERY;
                self.log_held_back();
                if !line.port.still_named() {
                    return Ended::Lost(LostReason::Unplugged);
                }
            }
        }
        line.trigger.want(false, Instant::now());
        self.send_commands(&mut line);
        Ended::Stopped
    }

    fn send_commands(&mut self, line: &mut Line) {
        while let Some(bytes) = line.trigger.poll(Instant::now()) {
            if line.port.write(bytes) {
                (self.watch)(Watch::Sent(bytes));
            }
        }
    }

    /// Takes marks apart and feeds the decoder. A damaged character spoils the frame it is in, a break too, but between frames
    /// it is nothing: readers cause one when they are switched on.
    fn received(&mut self, line: &mut Line, raw: &[u8]) {
        let now = Instant::now();
        let (mut data, mut len, mut errors) = ([0; READ_BYTES], 0, 0);
        for byte in raw {
            let Some(mark) = line.marks.take(*byte) else { continue };
            line.health.character(mark);
            let byte = match mark {
                Mark::Data(byte) => byte,
                Mark::Damaged => {
                    errors += 1;
                    DAMAGED
                }
                Mark::Break => {
                    errors += 1;
                    self.push(line, data.get_mut(..len).unwrap_or_default(), now);
                    len = 0;
                    if !line.in_frame {
                        continue;
                    }
                    DAMAGED
                }
            };
            // Never more bytes come out than went in.
            if let Some(slot) = data.get_mut(len) {
                *slot = byte;
                len += 1;
            }
        }
        self.push(line, data.get_mut(..len).unwrap_or_default(), now);
        if errors > 0 {
            (self.watch)(Watch::Errors(errors));
        }
    }

    fn push(&mut self, line: &mut Line, bytes: &mut [u8], now: Instant) {
        if !bytes.is_empty() {
            (self.watch)(Watch::Received(bytes));
            self.decode(line, |decoder, mut out| decoder.push(bytes, now, &mut out));
            bytes.zeroize();
        }
    }

    /// Runs one step of the decoder and passes on what comes out.
    ///
    /// Of several answers only the last is written: a reader that waits for its answer has caused one at most, and one that
    /// does not wait must not be able to keep this thread writing.
    fn decode(&mut self, line: &mut Line, step: impl FnOnce(&mut Decoder, &mut dyn FnMut(Output<'_>))) {
        let Line { port, decoder, trigger, health, in_frame, refused, .. } = line;
        let (gate, sink, watch) = (&mut self.gate, &mut self.sink, &mut self.watch);
        let mut answer = None;
        step(decoder, &mut |output| {
            watch(Watch::Framed(output));
            let now = Instant::now();
            match output {
                Output::Begun => *in_frame = true,
                Output::Payload(payload) => {
                    *in_frame = false;
                    health.payload(payload.bytes);
                    trigger.result(now);
                }
                Output::Fault(fault) => {
                    health.fault(fault);
                    if fault != Fault::Stray {
                        *in_frame = false;
                        trigger.result(now);
                    }
                }
                Output::Reply(Reply::Done) => {}
                Output::Reply(Reply::Refused) => {
                    if !std::mem::replace(refused, true) {
                        tracing::warn!(port = %port.path().display(), "card reader refuses a command");
                    }
                }
                Output::Answer(bytes) => answer = Some(bytes),
            }
            if let Some(event) = gate.pass(output, now) {
                sink(event);
            }
            if let Some(doubt) = health.doubt()
                && gate.admits_doubt(now)
            {
                health.told();
                tracing::warn!(port = %port.path().display(), %doubt, "settings of the card reader's line seem wrong");
                sink(ReaderEvent::Doubt(doubt));
            }
        });
        if let Some(bytes) = answer
            && port.write(bytes)
        {
            watch(Watch::Sent(bytes));
        }
    }

    fn log_held_back(&mut self) {
        let frames = self.gate.take_held_back();
        if frames > 0 {
            tracing::debug!(frames, "card reader sends faster than anybody can use, frames were held back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{ACK, NAK};
    use crate::profile::{LineFraming, StxEtxFraming};
    use crate::{Framing, Unreadable};
    use proptest::prelude::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    /// What becomes of bytes as the kernel hands them over, in these pieces. No pseudo-terminal damages any, so they do not
    /// pass through one.
    fn notes(framing: Framing, pieces: &[&[u8]]) -> String {
        notes_paced(framing, pieces, |_| {})
    }

    /// The same; before each piece something is done to the gate.
    fn notes_paced(framing: Framing, pieces: &[&[u8]], before: impl Fn(&mut Gate)) -> String {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let profile = Profile { framing, ..Profile::line() };
        let port = Port::open(Path::new(&name), &profile.line).unwrap();
        let mut line = Line::new(port, &profile, false, Instant::now());
        let (notes, (_stop, stopped)) = (std::cell::RefCell::new(String::new()), mpsc::channel());
        let mut worker = Worker {
            gate: Gate::new(profile.payload.clone()),
            config: ReaderConfig { port: name.parse().unwrap(), profile },
            sink: |event: ReaderEvent| match event {
                ReaderEvent::Reading => *notes.borrow_mut() += "r",
                ReaderEvent::Scan(_) => *notes.borrow_mut() += "C",
                ReaderEvent::Unreadable(Unreadable::Noise) => *notes.borrow_mut() += "n",
                ReaderEvent::Unreadable(_) => *notes.borrow_mut() += "u",
                ReaderEvent::Doubt(_) => *notes.borrow_mut() += "?",
                ReaderEvent::Ready | ReaderEvent::Lost { .. } => *notes.borrow_mut() += "!",
            },
            watch: |watch: Watch<'_>| match watch {
                Watch::Errors(count) => *notes.borrow_mut() += &count.to_string(),
                Watch::Sent([ACK]) => *notes.borrow_mut() += "+",
                Watch::Sent([NAK]) => *notes.borrow_mut() += "-",
                Watch::Opened { .. } | Watch::Received(_) | Watch::Sent(_) | Watch::Framed(_) => {}
            },
            stopped: Stopped(stopped),
            wanted: Arc::new(AtomicBool::new(true)),
            differing: None,
        };
        for piece in pieces {
            before(&mut worker.gate);
            worker.received(&mut line, piece);
        }
        drop(worker);
        notes.into_inner()
    }

    const LINE: Framing = Framing::Line(LineFraming { idle_gap_ms: 0 });

    #[test]
    fn a_damaged_character_spoils_its_card_and_no_other() {
        let stx_etx = Framing::StxEtx(StxEtxFraming::default());
        let check = |framing: Framing, bytes: &[u8], expected: &str| {
            assert_eq!(notes(framing, &[bytes]), expected, "{bytes:02x?}");
        };
        check(LINE, b"3171011708450001\r", "rC");
        check(LINE, b"317101170845000\xff\x001\r3171011708450001\r", "rnrC1");
        // Sixteen digits with one of them lost are no number of fifteen.
        check(LINE, b"3171011708\xff\x00450001\r", "rn1");
        check(LINE, b"3171011708450001\xff\x00\x00\r", "rn1");
        check(LINE, b"\xff\x00\x003171011708450001\r\xff\x00\x00\xff\x00\x003171011708450001\r", "rCrC3");
        check(stx_etx, b"\xff\x00\x00\x023171011708450001\x03", "rC1");
        check(stx_etx, b"\x02317101170845\xff\x00\x000001\x03", "rn1");
    }

    #[test]
    fn a_reader_that_waits_for_its_answer_is_told_of_the_damage() {
        let answered = Framing::StxEtx(StxEtxFraming { answer: true, ..StxEtxFraming::default() });
        let check = |bytes: &[u8], expected: &str| {
            assert_eq!(notes(answered, &[bytes]), expected, "{bytes:02x?}");
        };
        check(b"\x023171011708450001\x03", "rC+");
        // A character with wrong parity, a break.
        check(b"\x02317101170845\xff\x00\xb0001\x03", "rn-1");
        check(b"\x02317101170845\xff\x00\x00001\x03", "rn-1");
        check(b"\xff\x00\x00\x023171011708450001\x03", "rC+1");
    }

    #[test]
    fn a_doubt_is_told_once_until_a_card_is_read() {
        let bad: &[u8] = b"\x80\r\x80\r\x80\r";
        let good: &[u8] = b"3171011708450001\r";
        // A gate that lets everything through: it is not its pace that keeps the second doubt back.
        let fresh = |gate: &mut Gate| *gate = Gate::new(Profile::line().payload);
        assert_eq!(notes_paced(LINE, &[bad, bad, bad], fresh), "rnrnrn?rnrnrnrnrnrn");
        assert_eq!(notes_paced(LINE, &[bad, bad, good, bad], fresh), "rnrnrn?rnrnrnrCrnrnrn?");
        // And its pace does, where a card lies between.
        assert_eq!(notes(LINE, &[bad, good, bad]), "rnrnrn?rCrnrnrn");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn pieces_do_not_matter(cut in 0..40_usize, size in 1..9_usize) {
            let bytes = b"\xff\x00\x003171011708450001\r31\xff\x00\x0071\xff\x003\rabc\r";
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let pieces: Vec<&[u8]> = std::iter::once(head).chain(tail.chunks(size)).collect();
            let events: String = notes(LINE, &pieces).chars().filter(|note| !note.is_ascii_digit()).collect();
            prop_assert_eq!(events, "rCrnru");
        }
    }
}
