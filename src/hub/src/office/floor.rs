//! What everybody who serves is told of their colleagues, and supervisors of every booth. Sent when it changes; ages count
//! on at the console.

use super::follow::milliseconds;
use super::{Booth, Effect, Office};
use crate::clock::Now;
use bilik_claim::ids::{BoothId, OfficerId, SessionId};
use bilik_claim::wire::{BoothState, Colleague, FloorBooth, FloorVisit, HubToConsole, Question};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A booth without its ages, and what those count from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    booth: FloorBooth,
    attention: Option<Instant>,
    began: Option<Instant>,
    asked: Option<Instant>,
}

/// A booth for its technician, as far as the running hub knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub online: bool,
    /// Since the last frame from it.
    pub silent: Duration,
    /// What it told last.
    pub state: BoothState,
    /// Somebody is in it.
    pub occupied: bool,
}

impl Office {
    pub(super) fn tell_colleagues(&mut self) {
        let mut list: Vec<Colleague> = self
            .officers
            .values()
            .filter(|officer| officer.card.role.serves())
            .map(|officer| Colleague {
                officer: officer.card.officer,
                name: officer.card.name.clone(),
                supervisor: officer.card.role.oversees(),
                here: officer.connection.is_some(),
                capacity: officer.capacity,
                load: u8::try_from(self.load(officer.card.officer)).unwrap_or(u8::MAX),
            })
            .filter(|colleague| colleague.here || colleague.load > 0)
            .collect();
        list.sort_by(|a, b| (&a.name, a.officer).cmp(&(&b.name, b.officer)));
        for officer in self.officers.values_mut() {
            if let Some(connection) = officer.connection
                && officer.team.told_colleagues.as_ref() != Some(&list)
            {
                officer.team.told_colleagues = Some(list.clone());
                let colleagues = list.clone();
                self.effects.push(Effect::ToConsole(connection, HubToConsole::Colleagues { colleagues }));
            }
        }
    }

    pub(super) fn tell_floor(&mut self, now: Instant) {
        let overseers: Vec<OfficerId> = self
            .officers
            .iter()
            .filter(|(_, officer)| officer.connection.is_some() && officer.card.role.oversees())
            .map(|(id, _)| *id)
            .collect();
        if overseers.is_empty() {
            return;
        }
        let floor: BTreeMap<BoothId, Shape> =
            self.booths.iter().map(|(id, booth)| (*id, self.shape(*id, booth))).collect();
        for id in overseers {
            let Some(officer) = self.officers.get_mut(&id) else { continue };
            let told = std::mem::replace(&mut officer.team.told_floor, floor.clone());
            for booth in told.keys().filter(|booth| !floor.contains_key(booth)) {
                self.tell_console(id, HubToConsole::FloorGone { booth: *booth });
            }
            for (_, shape) in floor.iter().filter(|(booth, shape)| told.get(booth) != Some(shape)) {
                self.tell_console(id, HubToConsole::Floor { booth: Box::new(shape.at(now)) });
            }
        }
    }

    fn shape(&self, id: BoothId, booth: &Booth) -> Shape {
        let session = booth.session.and_then(|id| self.sessions.get(&id).map(|session| (id, session)));
        let asked = session.and_then(|(_, session)| session.aside.asked.as_ref()).filter(|asked| asked.is_open());
        let visit = session.map(|(id, session)| FloorVisit {
            session: id,
            officer: session.officer(),
            language: session.snapshot.language,
            step: session.snapshot.step,
            turn: session.snapshot.turn,
            attention: session.attention,
            attention_age_ms: 0,
            session_age_ms: 0,
            question: asked.map(|asked| Question { age_ms: 0, ..asked.question(asked.since()) }),
            watched_by: self.watched_by(id),
        });
        Shape {
            booth: FloorBooth {
                booth: id,
                booth_name: booth.name.clone(),
                online: booth.connection.is_some(),
                state: BoothState { audit: None, ..booth.state.clone() },
                visit,
            },
            attention: session.map(|(_, session)| session.attention_or_need_since()),
            began: session.map(|(_, session)| session.began),
            asked: asked.map(super::team::Asked::since),
        }
    }

    /// A running session in the eyes of who reads along.
    pub(super) fn tell_watching(&mut self, id: SessionId, now: Instant) {
        let watchers = self.watchers(id);
        let Some(session) = self.sessions.get(&id).filter(|_| !watchers.is_empty()) else { return };
        let Some(tile) = self.tile(id, session, now) else { return };
        for officer in watchers {
            self.tell_console(officer, HubToConsole::Watching { tile: Some(Box::new(tile.clone())) });
        }
    }

    /// Every booth that has been heard in this run.
    pub fn fleet(&self, now: Now) -> BTreeMap<BoothId, Seen> {
        let since = |heard: Instant| now.instant.saturating_duration_since(heard);
        let gone = self.seen.iter().map(|(id, (heard, state))| {
            (*id, Seen { online: false, silent: since(*heard), state: state.clone(), occupied: false })
        });
        let known = self.booths.iter().map(|(id, booth)| {
            let (online, silent, state) = (booth.connection.is_some(), since(booth.heard), booth.state.clone());
            (*id, Seen { online, silent, state, occupied: booth.session.is_some() })
        });
        gone.chain(known).collect()
    }
}

impl Shape {
    fn at(&self, now: Instant) -> FloorBooth {
        let age = |since: Option<Instant>| since.map_or(0, |since| milliseconds(now.saturating_duration_since(since)));
        let mut booth = self.booth.clone();
        if let Some(visit) = &mut booth.visit {
            (visit.attention_age_ms, visit.session_age_ms) = (age(self.attention), age(self.began));
            visit.question.iter_mut().for_each(|question| question.age_ms = age(self.asked));
        }
        booth
    }
}
