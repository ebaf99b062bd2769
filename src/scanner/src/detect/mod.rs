//! Which profile fits a reader that nobody knows.
//!
//! All profiles listen at once. The line is opened with eight data bits and no parity, so that every bit is seen, and the
//! bytes go to the decoder of each profile, those with seven data bits after their eighth bit was checked and taken off. At each
//! speed the reader may first speak on its own; then the start commands of the host-triggered profiles are tried in turn.
//! A speed at which only garbage arrives is left at once, one at which nothing arrives when all commands have been tried.
//! A reader that was started is stopped when it is the next one's turn, and at the end.
//!
//! ```text
//!   Listening ──quiet──▶ Starting(first) ──quiet──▶ .. ──quiet──▶ Starting(last) ──quiet──▶ Listening at the next speed
//!       │                    │                                                                 ▲
//!       ├────────────────────┴──▶ garbage ──────────────────────────────────────────────────────┤
//!       └──▶ a frame ──▶ Settling ──SETTLE──▶ Found                                            │
//!                           └──▶ garbage, and no card ────────────────────────────────────────┘
//! ```
//!
//! At another speed than the reader's, chance makes a letter or two and a line end of every third card. So a frame that holds no
//! card, and whose framing proves nothing, counts only if it is of some length, and not among garbage.
//!
//! Frames are not answered while the search goes on: whether a reader repeats a frame shows that it waits for an answer.
//! Of several profiles that fit, the one with the strongest evidence is taken: a scan before mere text, a checksum before a
//! structure before an end of line before silence, an answer to its own command before none.
//!
//! The [`Detector`] is pure: bytes and the time go in, steps come out. [`search`] runs it on a real line.

mod fit;
mod search;

use crate::framing::{Decoder, Evidence, Output, Reply};
use crate::marks::DAMAGED;
use crate::profile::{DataBits, Framing, HostTrigger, LineSettings, Parity, Profile, StopBits, Trigger};
use fit::weigh;
use std::time::{Duration, Instant};

pub use fit::{Fit, Why};
pub use search::{Progress, search};

/// Speeds in bits per second, the usual ones first.
pub const SPEEDS: [u32; 8] = [9600, 115_200, 19_200, 38_400, 57_600, 4800, 2400, 1200];

/// How long a reader may take to speak on its own: somebody has to pick up a card.
const LISTEN_FOR: Duration = Duration::from_secs(6);
/// How long a start command may take to have an effect, card in hand.
const START_FOR: Duration = Duration::from_millis(2500);
/// How long to wait after a frame for its repetition, and for frames of other kinds.
const SETTLE: Duration = Duration::from_millis(1500);
/// So many bytes before a silence, of which a third is garbage, and the speed is wrong.
const GARBAGE_OF: u32 = 6;
/// So many without a silence.
const BABBLE: u32 = 512;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Open the line anew with these settings; ask for a card.
    Open(LineSettings),
    /// Write these bytes, which do this to the reader of this profile if it is one.
    Send {
        /// The profile.
        profile: &'a str,
        /// What they do.
        command: Command,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Read; call `poll` when nothing has come until then.
    Wait(Instant),
    /// The search is over.
    Found,
    /// Every speed and every command has been tried.
    NothingHeard,
}

/// What bytes do to a host-triggered reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Wake it, so that it hears the next.
    Wake,
    /// Start its reading: now a card should be presented.
    Start,
    /// End its reading: its light goes off.
    Stop,
}

/// The search.
#[derive(Debug)]
pub struct Detector {
    profiles: Vec<Profile>,
    speed: usize,
    phase: Phase,
    until: Instant,
    listeners: Vec<Listener>,
    bytes: u32,
    garbage: u32,
    /// What has to be done before the next wait.
    due: Option<Due>,
    /// The profile whose start command was sent, and whose stop command was not.
    started: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Listening,
    /// The start command of this profile was the last one sent.
    Starting(usize),
    Settling,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Open,
    Wake(usize),
    Start(usize),
}

/// One profile that listens.
#[derive(Debug)]
struct Listener {
    decoder: Decoder,
    /// None of the bytes contradicts the parity.
    parity_fits: bool,
    replied: bool,
    frames: u32,
    best: Option<Why>,
}

impl Detector {
    /// A search among these profiles, in the order in which they are preferred where nothing else tells.
    pub fn new(profiles: Vec<Profile>, now: Instant) -> Self {
        let mut detector = Self {
            profiles,
            speed: 0,
            phase: Phase::Listening,
            until: now,
            listeners: Vec::new(),
            bytes: 0,
            garbage: 0,
            due: None,
            started: None,
        };
        detector.enter_speed(now);
        detector
    }

    /// What to do now. Ask again after it is done.
    pub fn step(&mut self, now: Instant) -> Step<'_> {
        if let Some(index) = self.take_finished() {
            return self.command(index, Command::Stop);
        }
        match self.due.take() {
            Some(Due::Open) => return Step::Open(self.line()),
            Some(Due::Wake(index)) => {
                self.due = Some(Due::Start(index));
                let pause = self.host_trigger(index).map_or(Duration::ZERO, HostTrigger::wake_pause);
                self.until = now + pause;
                return self.command(index, Command::Wake);
            }
            Some(Due::Start(index)) if now < self.until => {
                self.due = Some(Due::Start(index));
                return Step::Wait(self.until);
            }
            Some(Due::Start(index)) => {
                self.until = now + START_FOR;
                self.started = Some(index);
                return self.command(index, Command::Start);
            }
            None => {}
        }
        match self.phase {
            Phase::Over if self.speed < SPEEDS.len() => Step::Found,
            Phase::Over => Step::NothingHeard,
            Phase::Listening | Phase::Starting(_) | Phase::Settling => {
                let decoders = self.listeners.iter().filter_map(|listener| listener.decoder.deadline()).min();
                Step::Wait(decoders.map_or(self.until, |at| at.min(self.until)))
            }
        }
    }

    /// Takes bytes in the order of their arrival, 0xFF in place of each character that the line itself found damaged.
    pub fn push(&mut self, bytes: &[u8], now: Instant) {
        if self.phase == Phase::Over {
            return;
        }
        for byte in bytes {
            self.bytes = self.bytes.saturating_add(1);
            let (even, low) = (byte.count_ones().is_multiple_of(2), byte & 0x7f);
            let text = low.is_ascii_graphic() || low.is_ascii_whitespace() || low < 0x20;
            self.garbage = self.garbage.saturating_add(u32::from(!text || (*byte >= 0x80 && !even)));
            for (profile, listener) in self.profiles.iter().zip(&mut self.listeners) {
                let seven = profile.line.data_bits == DataBits::Seven;
                listener.parity_fits &= match (seven, profile.line.parity) {
                    (false, _) | (true, Parity::None) => true,
                    (true, _) if *byte == DAMAGED => true,
                    (true, Parity::Even) => even,
                    (true, Parity::Odd) => !even,
                    (true, Parity::Space) => *byte < 0x80,
                    (true, Parity::Mark) => *byte >= 0x80,
                };
            }
        }
        self.feed(|profile, decoder, out| match profile.line.data_bits {
            DataBits::Eight => decoder.push(bytes, now, &mut |output| out(output)),
            DataBits::Seven => bytes.iter().for_each(|&byte| {
                let byte = if byte == DAMAGED { DAMAGED } else { byte & 0x7f };
                decoder.push(&[byte], now, &mut |output| out(output));
            }),
        });
        self.judge(BABBLE, now);
    }

    /// Nothing has arrived up to `now`.
    pub fn poll(&mut self, now: Instant) {
        if self.phase == Phase::Over {
            return;
        }
        self.feed(|_, decoder, out| decoder.poll(now, &mut |output| out(output)));
        self.judge(GARBAGE_OF, now);
        if now < self.until || self.due.is_some() {
            return;
        }
        match self.phase {
            Phase::Settling => self.phase = Phase::Over,
            Phase::Listening => self.start_after(None, now),
            Phase::Starting(index) => self.start_after(Some(index), now),
            Phase::Over => {}
        }
    }

    /// Ends the search with nothing found. What is left to do is told by [`Detector::step`].
    pub fn give_up(&mut self) {
        self.phase = Phase::Over;
        self.speed = SPEEDS.len();
        self.due = None;
        self.listeners.clear();
    }

    /// What was found, the best first. Empty until [`Step::Found`].
    pub fn fits(&self) -> Vec<Fit> {
        let mut fits: Vec<(Why, usize)> = self.candidates().collect();
        // Stable: the order of the profiles decides between equals.
        fits.sort_by_key(|(why, _)| std::cmp::Reverse(*why));
        fits.into_iter()
            .filter_map(|(why, index)| {
                let mut profile = self.profiles.get(index)?.clone();
                profile.line.baud = self.line().baud;
                Some(Fit { profile, why })
            })
            .collect()
    }

    /// The speed that is tried now, in bits per second.
    pub fn speed(&self) -> u32 {
        self.line().baud
    }

    fn line(&self) -> LineSettings {
        let baud = SPEEDS.get(self.speed).copied().unwrap_or_default();
        LineSettings {
            baud,
            parity: Parity::None,
            data_bits: DataBits::Eight,
            stop_bits: StopBits::One,
            ..LineSettings::default()
        }
    }

    fn host_trigger(&self, index: usize) -> Option<&HostTrigger> {
        match &self.profiles.get(index)?.trigger {
            Trigger::Host(trigger) => Some(trigger),
            Trigger::Continuous {} => None,
        }
    }

    fn command(&self, index: usize, command: Command) -> Step<'_> {
        let (Some(profile), Some(trigger)) = (self.profiles.get(index), self.host_trigger(index)) else {
            return Step::Wait(self.until);
        };
        let bytes = match command {
            Command::Wake => &trigger.wake,
            Command::Start => &trigger.start,
            Command::Stop => &trigger.stop,
        };
        Step::Send { profile: &profile.name, command, bytes: bytes.as_slice() }
    }

    /// The profile that was started and is to be stopped, if it can be.
    fn take_finished(&mut self) -> Option<usize> {
        let finished = match self.phase {
            Phase::Starting(current) => self.started.is_some_and(|started| started != current),
            Phase::Listening | Phase::Over => true,
            Phase::Settling => false,
        };
        let index = self.started.take_if(|_| finished)?;
        (!self.host_trigger(index)?.stop.is_empty()).then_some(index)
    }

    fn candidates(&self) -> impl Iterator<Item = (Why, usize)> {
        self.listeners.iter().zip(&self.profiles).enumerate().filter_map(|(index, (listener, profile))| {
            let mut why = listener.best.filter(|_| listener.parity_fits)?;
            let waits = matches!(profile.framing, Framing::StxEtx(framing) if framing.answer);
            why.answers = waits == (listener.frames > 1);
            why.replied = listener.replied;
            Some((why, index))
        })
    }

    /// Runs one step of every decoder and notes what came out.
    fn feed(&mut self, mut step: impl FnMut(&Profile, &mut Decoder, &mut dyn FnMut(Output<'_>))) {
        for (index, (profile, listener)) in self.profiles.iter().zip(&mut self.listeners).enumerate() {
            let started = self.phase == Phase::Starting(index);
            let Listener { decoder, replied, frames, best, .. } = listener;
            step(profile, decoder, &mut |output| match output {
                Output::Payload(payload) => {
                    *frames = frames.saturating_add(1);
                    *best = (*best).max(weigh(payload, profile, started));
                }
                Output::Reply(Reply::Done) => *replied = true,
                Output::Reply(Reply::Refused) | Output::Begun | Output::Fault(_) | Output::Answer(_) => {}
            });
        }
    }

    fn judge(&mut self, garbage_of: u32, now: Instant) {
        let garbage = self.bytes >= garbage_of && self.garbage.saturating_mul(3) >= self.bytes;
        let understood = self.listeners.iter().any(|listener| listener.replied)
            || self.candidates().any(|(why, _)| why.scan || why.evidence >= Evidence::Structure);
        match self.phase {
            Phase::Over => {}
            Phase::Listening | Phase::Starting(_) | Phase::Settling if garbage && !understood => self.next_speed(now),
            Phase::Listening | Phase::Starting(_) if self.candidates().next().is_some() => {
                self.phase = Phase::Settling;
                self.until = now + SETTLE;
                // A reader that speaks is awake, and need not be started.
                self.due = None;
            }
            Phase::Listening | Phase::Starting(_) | Phase::Settling => {}
        }
    }

    fn start_after(&mut self, last: Option<usize>, now: Instant) {
        let from = last.map_or(0, |last| last + 1);
        let next = (from..self.profiles.len())
            .find_map(|index| self.host_trigger(index).map(|trigger| (index, !trigger.wake.is_empty())));
        match next {
            Some((index, sleeps)) => {
                self.phase = Phase::Starting(index);
                self.until = now;
                self.due = Some(if sleeps { Due::Wake(index) } else { Due::Start(index) });
            }
            None => self.next_speed(now),
        }
    }

    fn next_speed(&mut self, now: Instant) {
        self.speed += 1;
        if self.speed < SPEEDS.len() {
            self.enter_speed(now);
        } else {
            self.phase = Phase::Over;
        }
    }

    fn enter_speed(&mut self, now: Instant) {
        self.phase = Phase::Listening;
        self.until = now + LISTEN_FOR;
        self.due = Some(Due::Open);
        (self.bytes, self.garbage) = (0, 0);
        self.listeners = self
            .profiles
            .iter()
            .map(|profile| Listener {
                decoder: Decoder::new(&profile.framing),
                parity_fits: true,
                replied: false,
                frames: 0,
                best: None,
            })
            .collect();
    }
}

#[cfg(test)]
mod tests;
