//! One day at a branch: booths, people and officers around the hub's own office.

use super::{CLAIM, CORRECTED, CORRECTED_AGAIN, DAY, HELPED, PHASES, SWITCH, TURNOVER};
use crate::clock::Now;
use crate::ledger::Role;
use crate::office::{Connection, Effect, Office, OfficerCard, Settings};
use crate::sim::Dice;
use bilik_claim::ids::{BoothId, Digest, OfficerId, SessionId, WallTime};
use bilik_claim::personal::Personal;
use bilik_claim::session::item::{Check, Field, Item};
use bilik_claim::text::Language;
use bilik_claim::wire::{
    Assignment, Attention, BoothState, BoothToHub, CallMode, ConsoleToHub, Decision, HubToBooth, HubToConsole,
    ItemView, Outcome as Ended, SessionSnapshot, Step, Turn,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Booths say that they live; a booth of which nothing is heard for 15 s is lost.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// 08:00 of some day in Jakarta.
const MORNING: WallTime = WallTime(1_795_309_200_000);

/// Who comes to the branch.
#[derive(Clone, Copy)]
pub enum Demand {
    /// There is always somebody outside.
    Endless,
    /// By chance, so many an hour.
    PerHour(f64),
}

/// What a booth was told about a wait, and what came.
pub struct Promise {
    /// For an officer at all; else for the eyes of one's officer.
    pub seat: bool,
    pub told_s: f64,
    pub came_s: f64,
}

/// What came out of a day.
#[derive(Default)]
pub struct Outcome {
    pub claims: u64,
    pub officer_time: Duration,
    pub busy: Duration,
    pub attention_ms: i64,
    pub eyes_ms: Vec<i64>,
    pub outside_ms: Vec<i64>,
    pub promises: Vec<Promise>,
}

impl Outcome {
    pub fn all(days: impl Iterator<Item = Outcome>) -> Self {
        days.fold(Self::default(), |mut sum, day| {
            sum.claims += day.claims;
            sum.officer_time += day.officer_time;
            sum.busy += day.busy;
            sum.attention_ms += day.attention_ms;
            sum.eyes_ms.extend(day.eyes_ms);
            sum.outside_ms.extend(day.outside_ms);
            sum.promises.extend(day.promises);
            sum
        })
    }
}

/// What a visit still has before it. Officer's work starts when the officer looks.
#[derive(Clone, Copy)]
enum Part {
    Alone(Duration),
    Help(Duration),
    Checked(Duration),
    Corrects(Duration),
    Signs(Duration),
}

struct Visitor {
    session: SessionId,
    revision: u32,
    parts: VecDeque<Part>,
    served: bool,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Comes,
    /// A booth has been left and wiped.
    Free(usize),
    /// A participant has done what they do alone.
    Done(usize),
    /// An officer has done what the participant waited for.
    Handled(usize),
    Heartbeat,
}

struct Desk {
    connection: Connection,
    /// Attention, and since when, of each session.
    tiles: BTreeMap<SessionId, (Attention, Duration)>,
    busy: bool,
    focus: Option<SessionId>,
}

/// See the module head.
pub struct Branch {
    office: Office,
    start: Instant,
    now: Duration,
    dice: Dice,
    demand: Demand,
    capacity: u8,
    share: f64,
    agenda: BinaryHeap<Reverse<(Duration, u64, Happening)>>,
    noted: u64,
    sessions: u128,
    booths: Vec<Option<Visitor>>,
    free: BTreeSet<usize>,
    outside: VecDeque<Duration>,
    desks: Vec<Desk>,
    told: BTreeMap<(SessionId, bool), (Duration, f64)>,
    outcome: Outcome,
}

impl Branch {
    pub fn new(officers: usize, capacity: u8, booths: usize, share: u32, demand: Demand, seed: u64) -> Self {
        let settings =
            Settings { branch_name: "Cabang Simulasi".into(), default_capacity: capacity, utc_offset_hours: 7 };
        let desk = |number: usize| Desk {
            connection: Connection(1000 + number as u64),
            tiles: BTreeMap::new(),
            busy: false,
            focus: None,
        };
        let mut branch = Self {
            office: Office::new(settings, 0),
            start: Instant::now() + Duration::from_secs(1_000_000),
            now: Duration::ZERO,
            dice: Dice::new(seed),
            demand,
            capacity,
            share: f64::from(share) / 100.0,
            agenda: BinaryHeap::new(),
            noted: 0,
            sessions: 0,
            booths: (0..booths).map(|_| None).collect(),
            free: (0..booths).collect(),
            outside: VecDeque::new(),
            desks: (0..officers).map(desk).collect(),
            told: BTreeMap::new(),
            outcome: Outcome::default(),
        };
        branch.open();
        branch
    }

    fn open(&mut self) {
        for booth in 0..self.booths.len() {
            let now = self.moment();
            self.office.booth_up(booth_id(booth), "Bilik".into(), Connection(booth as u64), now);
        }
        for number in 0..self.desks.len() {
            let card = OfficerCard {
                officer: officer_id(number),
                name: "Petugas".into(),
                role: Role::Officer,
                languages: vec![Language::Id],
                login: Digest::of(b""),
            };
            self.office.console_up(card, self.desks[number].connection, self.moment());
        }
        self.after(HEARTBEAT, Happening::Heartbeat);
        match self.demand {
            Demand::Endless => {
                // Not all in the same second.
                for booth in std::mem::take(&mut self.free) {
                    self.after(TURNOVER * u32::try_from(booth).unwrap_or_default(), Happening::Free(booth));
                }
            }
            Demand::PerHour(_) => self.next_comes(),
        }
    }

    /// Until the doors close. Who is still inside is not counted.
    pub fn day(mut self) -> Outcome {
        while let Some(Reverse((at, _, happening))) = self.agenda.pop() {
            if at > DAY {
                break;
            }
            self.now = at;
            match happening {
                Happening::Comes => {
                    self.outside.push_back(self.now);
                    self.next_comes();
                    self.enter();
                }
                Happening::Free(booth) => {
                    self.free.insert(booth);
                    if matches!(self.demand, Demand::Endless) {
                        self.outside.push_back(self.now);
                    }
                    self.enter();
                }
                Happening::Done(booth) => self.goes_on(booth),
                Happening::Handled(desk) => self.handled(desk),
                Happening::Heartbeat => {
                    for booth in 0..self.booths.len() {
                        self.say(booth, BoothToHub::State { state: BoothState::default() });
                    }
                    self.office.tick(self.moment());
                    self.after(HEARTBEAT, Happening::Heartbeat);
                }
            }
            self.hear();
        }
        self.outcome.officer_time = DAY * u32::try_from(self.desks.len()).unwrap_or_default();
        self.outcome
    }

    fn enter(&mut self) {
        while let (Some(booth), Some(came)) = (self.free.first().copied(), self.outside.front().copied()) {
            self.free.remove(&booth);
            self.outside.pop_front();
            let waited = self.now.saturating_sub(came).as_millis();
            self.outcome.outside_ms.push(i64::try_from(waited).unwrap_or(i64::MAX));
            self.sessions += 1;
            let session = SessionId(Uuid::from_u128(self.sessions));
            let parts = self.parts();
            self.booths[booth] = Some(Visitor { session, revision: 0, parts, served: false });
            self.begin(booth);
        }
    }

    /// The shares of the module head's table, by chance about their means.
    fn parts(&mut self) -> VecDeque<Part> {
        let alone = CLAIM.mul_f64(self.share / (0.95 + 0.15 * 0.45));
        let officer = CLAIM.mul_f64((1.0 - self.share) / (1.0 + 0.25 * (0.45 + 0.30)));
        let before = self.about(alone.mul_f64(0.85));
        let mut parts = VecDeque::new();
        if self.dice.percent(HELPED) {
            let until = before.mul_f64(self.chance());
            let help = self.about(officer.mul_f64(0.25));
            parts.extend([Part::Alone(until), Part::Help(help), Part::Alone(before.saturating_sub(until))]);
        } else {
            parts.push_back(Part::Alone(before));
        }
        parts.push_back(Part::Checked(self.about(officer)));
        let rolled = self.dice.below(100);
        // Ten of the thirty-five are corrected twice.
        for _ in 0..usize::from(rolled < CORRECTED) + usize::from(rolled < CORRECTED_AGAIN) {
            let (correct, look) = (self.about(alone.mul_f64(0.15)), self.about(officer.mul_f64(0.25)));
            parts.extend([Part::Corrects(correct), Part::Checked(look)]);
        }
        parts.push_back(Part::Signs(self.about(alone.mul_f64(0.10))));
        parts
    }

    /// The booth tells what its participant does now, and how long that takes if nobody else is needed.
    fn begin(&mut self, booth: usize) {
        let Some(visitor) = &mut self.booths[booth] else { return };
        visitor.revision += 1;
        let (step, turn, alone) = match visitor.parts.front() {
            Some(Part::Alone(time)) => (Step::Details, Turn::Participant, Some(*time)),
            Some(Part::Help(_)) => (Step::Details, Turn::Help, None),
            Some(Part::Checked(_)) => (Step::Verification, Turn::Officer, None),
            Some(Part::Corrects(time)) => (Step::Verification, Turn::Correction, Some(*time)),
            Some(Part::Signs(time)) => (Step::Signing, Turn::Participant, Some(*time)),
            None => (Step::Kept, Turn::Done, None),
        };
        let item = ItemView {
            item: Item::Field(Field::Nik),
            value: Personal::default(),
            doubts: vec![],
            photo: None,
            check: Check::Correct,
        };
        let snapshot = SessionSnapshot {
            session: visitor.session,
            revision: visitor.revision,
            language: Language::Id,
            step,
            name: Personal::default(),
            turn,
            items: vec![item],
            microphone_muted: false,
            message: None,
            tracking: None,
        };
        let session = visitor.session;
        visitor.served = false;
        self.say(booth, BoothToHub::Session { snapshot: Box::new(snapshot) });
        if let Some(time) = alone {
            self.after(time, Happening::Done(booth));
        }
        if turn == Turn::Done {
            self.say(booth, BoothToHub::SessionEnded { session, outcome: Ended::Kept });
            self.booths[booth] = None;
            self.outcome.claims += 1;
            self.after(TURNOVER, Happening::Free(booth));
        }
    }

    fn goes_on(&mut self, booth: usize) {
        if let Some(visitor) = &mut self.booths[booth] {
            visitor.parts.pop_front();
        }
        self.begin(booth);
    }

    /// What the hub says, to booths and to consoles, until it has nothing more to say; then officers act on it.
    fn hear(&mut self) {
        loop {
            for effect in self.office.drain() {
                match effect {
                    Effect::ToBooth(_, message) => self.told_to_booth(message),
                    Effect::ToConsole(connection, message) => self.told_to_console(connection, message),
                    Effect::Visit(visit) => {
                        self.outcome.attention_ms += visit.attention_ms;
                        self.outcome.eyes_ms.extend(visit.waits_ms);
                    }
                    Effect::Close(..)
                    | Effect::Audit(_)
                    | Effect::Decided(..)
                    | Effect::Duty(_)
                    | Effect::Rated { .. }
                    | Effect::Trail { .. } => {}
                }
            }
            if !(0..self.desks.len()).any(|desk| self.officer_acts(desk)) {
                return;
            }
        }
    }

    fn told_to_console(&mut self, connection: Connection, message: HubToConsole) {
        let Some(desk) = self.desks.iter_mut().find(|desk| desk.connection == connection) else { return };
        if let HubToConsole::Tile { tile } = message {
            let since = self.now.saturating_sub(Duration::from_millis(tile.attention_age_ms.into()));
            desk.tiles.insert(tile.snapshot.session, (tile.attention, since));
        } else if let HubToConsole::TileGone { session } = message {
            desk.tiles.remove(&session);
            desk.focus = desk.focus.filter(|focus| *focus != session);
        }
    }

    fn told_to_booth(&mut self, message: HubToBooth) {
        if let HubToBooth::Assignment { session, assignment } = message {
            match assignment {
                Assignment::Waiting { expected_wait_s, .. } => self.promised(session, true, expected_wait_s),
                Assignment::Officer { .. } => self.came(session, true),
                Assignment::Nobody => {}
            }
        } else if let HubToBooth::Attention { session, mode, place, expected_wait_s } = message {
            if mode == CallMode::Focus {
                self.came(session, false);
            } else if place > 0 {
                self.promised(session, false, expected_wait_s);
            }
        }
    }

    /// The first word counts.
    fn promised(&mut self, session: SessionId, seat: bool, seconds: u32) {
        self.told.entry((session, seat)).or_insert((self.now, f64::from(seconds)));
    }

    fn came(&mut self, session: SessionId, seat: bool) {
        if let Some((since, told_s)) = self.told.remove(&(session, seat)) {
            let came_s = self.now.saturating_sub(since).as_secs_f64();
            self.outcome.promises.push(Promise { seat, told_s, came_s });
        }
    }

    /// Whether an officer has done something.
    fn officer_acts(&mut self, number: usize) -> bool {
        let desk = &self.desks[number];
        if desk.busy {
            return false;
        }
        // At a counter the officer looks all the time.
        let counter = self.capacity == 1;
        let needs = |attention: Attention| counter || attention == Attention::NeedsOfficer;
        let needing = desk.tiles.iter().filter(|(_, (attention, _))| needs(*attention));
        let next = needing.min_by_key(|(session, (_, since))| (*since, **session)).map(|(session, _)| *session);
        let turns = desk.focus != next;
        if turns {
            self.desks[number].focus = next;
            self.console(number, ConsoleToHub::Focus { session: next });
        }
        let booth = next.and_then(|session| self.booth_of(session));
        let Some(visitor) = booth.and_then(|booth| self.booths[booth].as_mut()) else { return turns };
        let work = match visitor.parts.front() {
            Some(Part::Help(time) | Part::Checked(time)) if !visitor.served => *time,
            Some(_) | None => return turns,
        };
        visitor.served = true;
        let work = if counter { work } else { work + SWITCH };
        self.desks[number].busy = true;
        self.outcome.busy += work;
        self.after(work, Happening::Handled(number));
        true
    }

    fn handled(&mut self, number: usize) {
        self.desks[number].busy = false;
        let Some(session) = self.desks[number].focus else { return };
        let Some(booth) = self.booth_of(session) else { return };
        let last =
            self.booths[booth].as_ref().is_some_and(|visitor| matches!(visitor.parts.get(1), Some(Part::Signs(_))));
        if last {
            self.console(number, ConsoleToHub::Decide { session, decision: Decision::Verified, note: None });
        }
        self.goes_on(booth);
    }

    fn next_comes(&mut self) {
        if let Demand::PerHour(rate) = self.demand {
            let pause = Duration::from_secs_f64(-3600.0 / rate * (1.0 - self.chance()).ln());
            self.after(pause, Happening::Comes);
        }
    }

    fn say(&mut self, booth: usize, message: BoothToHub) {
        self.office.booth_said(booth_id(booth), Connection(booth as u64), message, self.moment());
    }

    fn console(&mut self, number: usize, message: ConsoleToHub) {
        let connection = self.desks[number].connection;
        self.office.console_said(officer_id(number), connection, message, self.moment());
    }

    fn booth_of(&self, session: SessionId) -> Option<usize> {
        self.booths.iter().position(|visitor| visitor.as_ref().is_some_and(|visitor| visitor.session == session))
    }

    fn after(&mut self, time: Duration, happening: Happening) {
        self.noted += 1;
        self.agenda.push(Reverse((self.now + time, self.noted, happening)));
    }

    fn moment(&self) -> Now {
        let wall = MORNING.0 + i64::try_from(self.now.as_millis()).unwrap_or_default();
        Now { instant: self.start + self.now, wall: WallTime(wall) }
    }

    /// From 0 to 1.
    fn chance(&mut self) -> f64 {
        (self.dice.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn about(&mut self, mean: Duration) -> Duration {
        let sum: f64 = (0..PHASES).map(|_| -(1.0 - self.chance()).ln()).sum();
        mean.mul_f64(sum / f64::from(PHASES))
    }
}

fn booth_id(number: usize) -> BoothId {
    BoothId(Uuid::from_u128(0xb000 + number as u128))
}

fn officer_id(number: usize) -> OfficerId {
    OfficerId(Uuid::from_u128(0xc000 + number as u128))
}
