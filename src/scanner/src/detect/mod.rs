//! Which profile fits a reader that nobody knows.
//!
//! All profiles listen at once. The line is opened with eight data bits and no parity, so that every bit is seen, and the
//! bytes go to the decoder of each profile, those with seven data bits after their eighth bit was checked and taken off. At each
//! speed the reader may first speak on its own; then the start commands of the host-triggered profiles are tried in turn.
//! A speed at which only garbage arrives is left at once, one at which nothing arrives when all commands have been tried.
//!
//! ```text
//!   Listening ──quiet──▶ Starting(first) ──quiet──▶ .. ──quiet──▶ Starting(last) ──quiet──▶ Listening at the next speed
//!       │                    │                                                                 ▲
//!       ├────────────────────┴──▶ garbage ──────────────────────────────────────────────────────┘
//!       └──▶ a frame ──▶ Settling ──SETTLE──▶ Found
//! ```
//!
//! Frames are not answered while the search goes on: whether a reader repeats a frame shows that it waits for an answer.
//! Of several profiles that fit, the one with the strongest evidence is taken: a scan before mere text, a checksum before a
//! structure before an end of line before silence, an answer to its own command before none.
//!
//! The [`Detector`] is pure: bytes and the time go in, steps come out. [`search`] runs it on a real line.

mod search;

use crate::framing::{Decoder, Evidence, Output, Payload, Reply};
use crate::profile::{DataBits, Framing, HostTrigger, LineSettings, Parity, Profile, StopBits, Trigger};
use crate::scan::{Scan, Unreadable};
use std::fmt;
use std::time::{Duration, Instant};

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
    /// Write these bytes, which start the reader of this profile if it is one.
    Send {
        /// The profile.
        profile: &'a str,
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

/// The profile that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The profile, at the speed at which it was heard.
    pub profile: Profile,
    /// What speaks for it.
    pub why: Why,
}

/// What speaks for a profile. The order of the fields is the order of their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// The frame held a card's number or a travel document, not just any text.
    pub scan: bool,
    /// What made the frame one.
    pub evidence: Evidence,
    /// The reader confirmed the profile's command.
    pub replied: bool,
    /// The frame came after the profile's own start command, and not before it.
    pub started: bool,
    /// It repeats its frames as a reader does that waits for an answer, and the profile answers; or neither.
    pub answers: bool,
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
        };
        detector.enter_speed(now);
        detector
    }

    /// What to do now. Ask again after it is done.
    pub fn step(&mut self, now: Instant) -> Step<'_> {
        match self.due.take() {
            Some(Due::Open) => return Step::Open(self.line()),
            Some(Due::Wake(index)) => {
                self.due = Some(Due::Start(index));
                let pause = self.host_trigger(index).map_or(Duration::ZERO, HostTrigger::wake_pause);
                self.until = now + pause;
                return self.command(index, |trigger| trigger.wake.as_slice());
            }
            Some(Due::Start(index)) if now < self.until => {
                self.due = Some(Due::Start(index));
                return Step::Wait(self.until);
            }
            Some(Due::Start(index)) => {
                self.until = now + START_FOR;
                return self.command(index, |trigger| trigger.start.as_slice());
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

    /// Takes bytes in the order of their arrival, and the number of characters that the line itself found disturbed.
    pub fn push(&mut self, bytes: &[u8], disturbed: u32, now: Instant) {
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
                    (true, Parity::Even) => even,
                    (true, Parity::Odd) => !even,
                    (true, Parity::Space) => *byte < 0x80,
                    (true, Parity::Mark) => *byte >= 0x80,
                };
            }
        }
        self.garbage = self.garbage.saturating_add(disturbed);
        self.feed(|profile, decoder, out| match profile.line.data_bits {
            DataBits::Eight => decoder.push(bytes, now, &mut |output| out(output)),
            DataBits::Seven => {
                bytes.iter().for_each(|byte| decoder.push(&[byte & 0x7f], now, &mut |output| out(output)))
            }
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

    fn command(&self, index: usize, bytes: impl FnOnce(&HostTrigger) -> &[u8]) -> Step<'_> {
        match (self.profiles.get(index), self.host_trigger(index)) {
            (Some(profile), Some(trigger)) => Step::Send { profile: &profile.name, bytes: bytes(trigger) },
            (_, None) | (None, _) => Step::Wait(self.until),
        }
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
        match self.phase {
            Phase::Settling | Phase::Over => {}
            Phase::Listening | Phase::Starting(_) if self.candidates().next().is_some() => {
                self.phase = Phase::Settling;
                self.until = now + SETTLE;
            }
            Phase::Listening | Phase::Starting(_) => {
                let understood = self.listeners.iter().any(|listener| listener.replied);
                if !understood && self.bytes >= garbage_of && self.garbage.saturating_mul(3) >= self.bytes {
                    self.next_speed(now);
                }
            }
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

/// What a frame is worth; none if it cannot be one of this profile.
fn weigh(payload: Payload<'_>, profile: &Profile, started: bool) -> Option<Why> {
    let scan = match Scan::read(payload, &profile.payload) {
        Ok(_) => true,
        Err(Unreadable::Noise | Unreadable::TooLong | Unreadable::BadCheck | Unreadable::Tracks) => return None,
        Err(
            Unreadable::NotDigits
            | Unreadable::WrongLength(_)
            | Unreadable::NoFields
            | Unreadable::MalformedZone(_)
            | Unreadable::ZoneChecks(_)
            | Unreadable::NoRead,
        ) => false,
    };
    Some(Why { scan, evidence: payload.evidence, replied: false, started, answers: false })
}

/// In a technician's words.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.evidence {
            Evidence::Silence => "a pause ended the text",
            Evidence::Terminator => "an end of line ended the text",
            Evidence::Structure => "the frame has the structure of this protocol",
            Evidence::Checksum => "the checksum of the frame is right",
        })?;
        f.write_str(if self.scan { ", it holds a card's number or document" } else { ", it holds some other text" })?;
        if self.replied {
            f.write_str(", the reader confirmed the command")?;
        }
        if self.started {
            f.write_str(", it came after the start command of this profile")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
