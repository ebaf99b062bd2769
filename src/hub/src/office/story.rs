//! Days at the office by chance: whatever booths, participants, officers and time do, in any order. After each event what must
//! always hold is looked at, by rules written anew here, not by those of `assignment` and `attention`.

use super::*;
use bilik_claim::ids::{Digest, WallTime};
use bilik_claim::personal::Personal;
use bilik_claim::wire::{BoothToHub, ConsoleToHub, Outcome, Step, Turn};
use proptest::prelude::*;
use std::time::Duration;
use uuid::Uuid;

const BOOTHS: u8 = 9;
const OFFICERS: u8 = 3;
const GRACE: Duration = Duration::from_secs(15);
const BONUS: Duration = Duration::from_secs(120);

/// One thing that happens, at a booth or at a desk; who, how, and how long after the one before.
type Event = (u8, u8, u8, u16);

struct Day {
    office: Office,
    start: Instant,
    now: Duration,
    connections: u64,
    sessions: u128,
    revision: u32,
    consoles: BTreeMap<OfficerId, Connection>,
    /// Who serves whom, from what was recorded.
    served: BTreeMap<SessionId, OfficerId>,
    /// Since when an officer is gone.
    gone: BTreeMap<OfficerId, Duration>,
    /// Whose session was given back to the line.
    returned: Vec<SessionId>,
}

fn booth_id(number: u8) -> BoothId {
    BoothId(Uuid::from_u128(0xb0 + u128::from(number % BOOTHS)))
}

fn officer_id(number: u8) -> OfficerId {
    OfficerId(Uuid::from_u128(0xc0 + u128::from(number % OFFICERS)))
}

impl Day {
    fn new() -> Self {
        let settings = Settings { branch_name: "Cabang Uji".into(), default_capacity: 2, utc_offset_hours: 7 };
        Self {
            office: Office::new(settings, 0),
            start: Instant::now() + Duration::from_secs(1_000_000),
            now: Duration::ZERO,
            connections: 0,
            sessions: 0,
            revision: 0,
            consoles: BTreeMap::new(),
            served: BTreeMap::new(),
            gone: BTreeMap::new(),
            returned: Vec::new(),
        }
    }

    fn moment(&self) -> Now {
        let wall = 1_795_305_600_000 + i64::try_from(self.now.as_millis()).unwrap();
        Now { instant: self.start + self.now, wall: WallTime(wall) }
    }

    fn connection(&mut self) -> Connection {
        self.connections += 1;
        Connection(self.connections)
    }

    fn happens(&mut self, (kind, who, how, pause): Event) {
        self.pass(Duration::from_millis(u64::from(pause % 8000)));
        let (booth, officer) = (booth_id(who), officer_id(who));
        let session = self.office.booths.get(&booth).and_then(|booth| booth.session);
        let own = self.office.sessions.iter().filter(|(_, session)| session.officer() == Some(officer));
        let own: Vec<SessionId> = own.map(|(id, _)| *id).collect();
        let one = own.get(usize::from(how) % own.len().max(1)).copied();
        match kind % 16 {
            0 => {
                let connection = self.connection();
                self.office.booth_up(booth, "Bilik".into(), connection, self.moment());
            }
            1..=3 if session.is_none() => {
                self.sessions += 1;
                self.snapshot(booth, SessionId(Uuid::from_u128(self.sessions)), how);
            }
            1..=6 => {
                if let Some(session) = session {
                    self.snapshot(booth, session, how);
                }
            }
            7 | 8 => {
                if let Some(session) = session {
                    self.booth(booth, BoothToHub::SessionEnded { session, outcome: Outcome::Left });
                }
            }
            9 => self.console_up(officer),
            10 => {
                if let Some(connection) = self.consoles.remove(&officer) {
                    self.gone.insert(officer, self.now);
                    let now = self.moment();
                    self.office.connection_lost(connection, now.instant, now);
                }
            }
            11 => self.console(officer, ConsoleToHub::Capacity { capacity: how % 7 }),
            12 | 13 => self.console(officer, ConsoleToHub::Focus { session: one.filter(|_| how % 4 > 0) }),
            14 => {
                if let Some(session) = one {
                    self.console(officer, ConsoleToHub::Hold { session, hold: how % 2 == 0 });
                }
            }
            // A long time, in small steps.
            _ => (0..how % 8).for_each(|_| self.pass(Duration::from_secs(5))),
        }
        self.look();
    }

    /// Time goes by; booths live on.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        for number in 0..BOOTHS {
            let booth = booth_id(number);
            if let Some(connection) = self.office.booths.get(&booth).and_then(|booth| booth.connection) {
                let state = BoothToHub::State { state: BoothState::default() };
                self.office.booth_said(booth, connection, state, self.moment());
            }
        }
        self.office.tick(self.moment());
        self.look();
    }

    fn booth(&mut self, booth: BoothId, message: BoothToHub) {
        if let Some(connection) = self.office.booths.get(&booth).and_then(|booth| booth.connection) {
            self.office.booth_said(booth, connection, message, self.moment());
        }
        self.look();
    }

    fn console_up(&mut self, officer: OfficerId) {
        let connection = self.connection();
        self.consoles.insert(officer, connection);
        self.gone.remove(&officer);
        let both = officer != officer_id(0);
        let languages = if both { vec![Language::Id, Language::En] } else { vec![Language::Id] };
        let card =
            OfficerCard { officer, name: "Petugas".into(), role: Role::Officer, languages, login: Digest::of(b"") };
        self.office.console_up(card, connection, self.moment());
        self.look();
    }

    fn console(&mut self, officer: OfficerId, message: ConsoleToHub) {
        if let Some(connection) = self.consoles.get(&officer).copied() {
            self.office.console_said(officer, connection, message, self.moment());
        }
        self.look();
    }

    fn snapshot(&mut self, booth: BoothId, session: SessionId, how: u8) {
        self.revision += 1;
        let states = [
            (Step::Consent, Turn::Participant),
            (Step::Details, Turn::Participant),
            (Step::Details, Turn::Help),
            (Step::Verification, Turn::Officer),
            (Step::Verification, Turn::Correction),
        ];
        let (step, turn) = states[usize::from(how) % states.len()];
        let snapshot = SessionSnapshot {
            session,
            revision: self.revision,
            language: if session.0.as_u128().is_multiple_of(3) { Language::En } else { Language::Id },
            step,
            name: Personal::default(),
            turn,
            items: vec![],
            microphone_muted: false,
            message: None,
            tracking: None,
        };
        self.booth(booth, BoothToHub::Session { snapshot: Box::new(snapshot) });
    }

    fn is_here(&self, officer: OfficerId) -> bool {
        self.consoles.contains_key(&officer)
    }

    fn load(&self, officer: OfficerId) -> usize {
        self.served.values().filter(|served_by| **served_by == officer).count()
    }

    fn has_room(&self, officer: OfficerId) -> bool {
        let capacity = self.office.officers.get(&officer).map_or(0, |officer| usize::from(officer.capacity));
        self.is_here(officer) && self.load(officer) < capacity
    }

    /// How long a session counts as having waited; above all of them who lost their officer.
    fn claim_to(&self, id: SessionId) -> (bool, Duration) {
        let session = &self.office.sessions[&id];
        let urgent = matches!(session.snapshot.turn, Turn::Help | Turn::Officer);
        let waited = self.moment().instant - session.waiting_since;
        (self.returned.contains(&id), waited + if urgent { BONUS } else { Duration::ZERO })
    }

    fn look(&mut self) {
        for effect in self.office.drain() {
            match effect {
                Effect::Audit(AuditEvent::Assigned { session, officer, .. }) => self.assigned(session, officer),
                Effect::Audit(AuditEvent::Released { session, officer }) => {
                    let since = self.gone.get(&officer).copied();
                    let away = since.map(|since| self.now - since);
                    assert!(away.is_some_and(|away| away >= GRACE), "taken from an officer who is away for {away:?}");
                    assert_eq!(self.served.remove(&session), Some(officer));
                    self.returned.push(session);
                }
                Effect::Visit(visit) => {
                    assert_eq!(self.served.remove(&visit.session), visit.officer);
                    let lasted = visit.ended_at.0 - visit.began_at.0;
                    assert!(visit.attention_ms <= lasted && visit.waits_ms.iter().sum::<i64>() <= lasted, "{visit:?}");
                    assert!(visit.unseated_ms.is_none_or(|wait| (0..=lasted).contains(&wait)), "{visit:?}");
                }
                Effect::ToBooth(..)
                | Effect::ToConsole(..)
                | Effect::Close(..)
                | Effect::Audit(_)
                | Effect::Decided(..)
                | Effect::Duty(_)
                | Effect::Rated { .. }
                | Effect::Trail { .. } => {}
            }
        }
        // What was recorded is what is so: a session changes hands in no other way.
        let real = self.office.sessions.iter().filter_map(|(id, session)| Some((*id, session.officer()?)));
        assert_eq!(real.collect::<BTreeMap<_, _>>(), self.served);
        let room = (0..OFFICERS).any(|number| self.has_room(officer_id(number)));
        assert!(!room || self.served.len() == self.office.sessions.len(), "somebody waits while a desk has room");
        for number in 0..OFFICERS {
            self.look_at_desk(officer_id(number));
        }
    }

    fn assigned(&mut self, id: SessionId, officer: OfficerId) {
        assert!(self.has_room(officer), "beyond the capacity, or to somebody who is not here");
        let language = self.office.sessions[&id].snapshot.language;
        let speaks = |officer: OfficerId| self.office.officers[&officer].card.languages.contains(&language);
        let better = (0..OFFICERS).map(officer_id).any(|other| self.has_room(other) && speaks(other));
        assert!(speaks(officer) || !better, "another free officer speaks the language");
        for other in self.office.sessions.keys().filter(|other| **other != id && !self.served.contains_key(other)) {
            assert!(self.claim_to(*other) <= self.claim_to(id), "{other:?} was overtaken");
        }
        self.returned.retain(|other| *other != id);
        self.served.insert(id, officer);
    }

    fn look_at_desk(&self, officer: OfficerId) {
        let own: Vec<(&SessionId, &Session)> =
            self.office.sessions.iter().filter(|(_, session)| session.officer() == Some(officer)).collect();
        let slots: std::collections::BTreeSet<u8> =
            own.iter().filter_map(|(_, session)| session.desk.as_ref()).map(|seat| seat.slot).collect();
        assert!(slots.len() == own.len() && slots.iter().all(|slot| (1..=6).contains(slot)), "{slots:?}");
        let focus: Vec<_> = own.iter().filter(|(_, session)| session.attention == Attention::InFocus).collect();
        assert!(focus.len() <= 1, "one officer looks at two booths");
        for (id, session) in &own {
            // What the booth was told last is how it is: in focus it sends all, on hold nothing.
            if let Some((mode, place, _)) = session.told_attention.filter(|_| self.office.is_online(session.booth)) {
                let focused = session.attention == Attention::InFocus;
                assert_eq!(mode == CallMode::Focus, focused, "{id:?}");
                assert!(place == 0 || !focused, "whoever is looked at stands in no line");
            }
            let urgent = matches!(session.snapshot.turn, Turn::Help | Turn::Officer);
            assert_eq!(session.needs_since.is_some(), urgent, "{id:?}");
            let calls = session.attention == Attention::NeedsOfficer;
            assert!(!calls || urgent, "{id:?} calls for an officer without need");
        }
    }

    /// Nobody new comes, each officer takes one at a time and looks after them: everybody is served, the first first.
    fn empties(&mut self) {
        self.console_up(officer_id(1));
        self.console(officer_id(1), ConsoleToHub::Capacity { capacity: 1 });
        let most = self.office.sessions.len();
        for _ in 0..=most {
            self.pass(Duration::from_secs(60));
            let served: Vec<SessionId> = self.served.keys().copied().collect();
            for session in served {
                let booth = self.office.sessions[&session].booth;
                if !self.office.is_online(booth) {
                    let connection = self.connection();
                    self.office.booth_up(booth, "Bilik".into(), connection, self.moment());
                }
                self.booth(booth, BoothToHub::SessionEnded { session, outcome: Outcome::Kept });
            }
        }
        assert_eq!(self.office.sessions.len(), 0, "somebody starves");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_happens_the_rules_hold(events in prop::collection::vec(any::<Event>(), 120)) {
        let mut day = Day::new();
        for number in 0..BOOTHS {
            day.happens((0, number, 0, 0));
        }
        day.happens((9, 0, 0, 0));
        events.into_iter().for_each(|event| day.happens(event));
        day.empties();
    }
}
