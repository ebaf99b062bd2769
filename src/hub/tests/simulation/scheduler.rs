//! Virtual time: what is to happen and when, the one source of chance, and the story that is told of it.
//!
//! Whatever decides something asks [`Scene::dice`], in an order that depends on nothing but the seed. What is sealed or signed
//! differs from run to run, so nothing here may depend on sizes, digests or orders of digests.

use super::checks::Promises;
use super::faults::{Climate, Fault};
use super::hub::Opened;
use super::network::{Ask, Letter, Reply, Weather};
use crate::sim::Dice;
use bilik_claim::ids::SessionId;
use bilik_claim::session::Event;
use bilik_journal::courier::Input;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};

/// What is on the agenda. `life` is that of the booth or hub it is for: who has been started anew since does not hear of it.
pub enum Happening {
    /// Whoever is in front of a booth, or comes, does the next thing.
    Visitor {
        booth: usize,
        life: u32,
    },
    /// Something that the session hears of.
    Session {
        booth: usize,
        life: u32,
        event: Event,
    },
    /// Something on its way to the courier's thread.
    Courier {
        booth: usize,
        life: u32,
        input: Input,
    },
    /// The session, or the courier, wanted to be woken.
    SessionDue {
        booth: usize,
        life: u32,
    },
    CourierDue {
        booth: usize,
        life: u32,
    },
    /// The officer who has this session does the next thing.
    Officer {
        booth: usize,
        life: u32,
        session: SessionId,
    },
    /// The signalling link follows what the line and the hub do.
    Signalling {
        booth: usize,
    },
    Request(Letter<Ask>),
    /// The hub has opened a claim and keeps it now.
    Opened {
        life: u32,
        opened: Box<Opened>,
    },
    Answer(Letter<Reply>),
    /// The booth waits no longer for an answer.
    Timeout {
        booth: usize,
        life: u32,
        request: u64,
    },
    Fault(Fault),
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Of virtual time, for each booth.
    pub booth_seconds: u64,
    pub visits: u64,
    pub kept: u64,
    pub not_kept: u64,
    pub delivered: u64,
    pub booth_crashes: u64,
    pub hub_crashes: u64,
    pub restores: u64,
    /// Times that a restored hub asked for a claim that its booth held.
    pub recalled: u64,
    /// Claims that a restored ledger misses and no booth has any more.
    pub reported: u64,
    /// Of the hub's keys.
    pub rotations: u64,
    pub lost: u64,
    pub doubled: u64,
    pub late: u64,
    pub clock_jumps: u64,
    pub full_disks: u64,
}

impl Count {
    pub fn add(&mut self, other: &Self) {
        let Self { booth_seconds, visits, kept, not_kept, delivered, booth_crashes, hub_crashes, restores, .. } = other;
        let Self { recalled, reported, rotations, lost, doubled, late, clock_jumps, full_disks, .. } = other;
        self.booth_seconds += booth_seconds;
        self.visits += visits;
        self.kept += kept;
        self.not_kept += not_kept;
        self.delivered += delivered;
        self.booth_crashes += booth_crashes;
        self.hub_crashes += hub_crashes;
        self.restores += restores;
        self.recalled += recalled;
        self.reported += reported;
        self.rotations += rotations;
        self.lost += lost;
        self.doubled += doubled;
        self.late += late;
        self.clock_jumps += clock_jumps;
        self.full_disks += full_disks;
    }

    /// In words. `seconds` is how long it took.
    pub fn told(&self, seconds: f64) -> String {
        let years = self.booth_seconds as f64 / (365.25 * 86_400.0);
        format!(
            "{:.0} booth-hours simulated, {:.0} booth-years a day\n\
             {} visits, {} claims kept, {} times not kept, {} delivered\n\
             {} claims asked for again after a restore, {} reported as missing then\n\
             {} crashes of booths, {} of hubs, {} of them restored from a backup, {} full disks, {} clock jumps, {} new keys of the hub\n\
             {} messages lost, {} doubled, {} answers that nobody waited for",
            self.booth_seconds as f64 / 3_600.0,
            years * 86_400.0 / seconds,
            self.visits,
            self.kept,
            self.not_kept,
            self.delivered,
            self.recalled,
            self.reported,
            self.booth_crashes,
            self.hub_crashes,
            self.restores,
            self.full_disks,
            self.clock_jumps,
            self.rotations,
            self.lost,
            self.doubled,
            self.late,
        )
    }
}

/// What booths, hub and network share.
pub struct Scene {
    /// Since the start.
    pub now: Duration,
    start: Instant,
    pub dice: Dice,
    pub climate: Climate,
    pub weather: Weather,
    pub promises: Promises,
    pub count: Count,
    pub story: Story,
    agenda: BTreeMap<(Duration, u64), Happening>,
    entries: u64,
}

impl Scene {
    pub fn new(seed: u64, print: bool) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            now: Duration::ZERO,
            start: Instant::now(),
            climate: Climate::by_chance(&mut dice),
            weather: Weather::by_chance(&mut dice),
            dice,
            promises: Promises::default(),
            count: Count::default(),
            story: Story { hash: 0xcbf2_9ce4_8422_2325, print },
            agenda: BTreeMap::new(),
            entries: 0,
        }
    }

    pub fn instant(&self) -> Instant {
        self.start + self.now
    }

    /// Virtual time of a deadline; one that is over counts as the next millisecond.
    pub fn time_of(&self, deadline: Instant) -> Duration {
        deadline.saturating_duration_since(self.start).max(self.now + Duration::from_millis(1))
    }

    pub fn after(&mut self, pause: Duration, happening: Happening) {
        self.at(self.now + pause, happening);
    }

    pub fn at(&mut self, time: Duration, happening: Happening) {
        self.entries += 1;
        self.agenda.insert((time, self.entries), happening);
    }

    /// Goes on to what comes next, if that is before `end`.
    pub fn next(&mut self, end: Duration) -> Option<Happening> {
        let entry = self.agenda.first_entry().filter(|entry| entry.key().0 < end)?;
        let ((time, _), happening) = entry.remove_entry();
        self.now = time;
        Some(happening)
    }

    /// A pause of so many milliseconds, from the first to the second.
    pub fn pause(&mut self, from: usize, to: usize) -> Duration {
        Duration::from_millis((from + self.dice.below(to - from)) as u64)
    }

    pub fn tell(&mut self, what: fmt::Arguments<'_>) {
        self.story.tell(self.now, what);
    }
}

/// What happened, as a hash: two runs with the same hash are the same run.
pub struct Story {
    pub hash: u64,
    print: bool,
}

impl Story {
    fn tell(&mut self, now: Duration, what: fmt::Arguments<'_>) {
        // Neither can fail.
        let _ = write!(self, "{} ", now.as_millis());
        let _ = self.write_fmt(what);
        if self.print {
            crate::simulation::report(&format!("{:>10.3} s  {what}", now.as_secs_f64()));
        }
    }
}

/// FNV-1a, 64 bits.
impl fmt::Write for Story {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}
