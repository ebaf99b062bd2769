//! What officers do with each other: hand over, ask, answer, read along, close a booth.
//!
//! | Who | May |
//! |---|---|
//! | officer | hand an own session to a colleague who is there and has room; ask the supervisors about it |
//! | supervisor | hand over any session, also to themselves; answer; read along; close a booth |
//!
//! A booth has one viewer. So who reads along gets the state, the answers and the photographs of a session as they change,
//! and neither picture nor sound; who wants those takes the session over. The booth is told before the first answer goes
//! out, and tells the participant.

use super::floor::Shape;
use super::{Effect, Office, Officer, Session};
use crate::clock::Now;
use crate::config::MAX_CAPACITY;
use crate::ledger::{AuditEvent, QuestionEnd};
use bilik_claim::ids::{BoothId, OfficerId, SessionId};
use bilik_claim::wire::{Closing, Colleague, HubToBooth, HubToConsole, Note, Question, Refusal};
use std::collections::BTreeMap;
use std::time::Instant;

/// What colleagues have said about a session.
#[derive(Default)]
pub(super) struct Aside {
    pub note: Option<Note>,
    pub asked: Option<Asked>,
    told_watched: bool,
}

/// A question to the supervisors.
pub(super) struct Asked {
    text: String,
    since: Instant,
    answer: Option<Note>,
}

/// What a console has beside its own sessions.
#[derive(Default)]
pub(super) struct Team {
    pub watching: Option<SessionId>,
    pub told_colleagues: Option<Vec<Colleague>>,
    pub told_floor: BTreeMap<BoothId, Shape>,
}

impl Asked {
    pub fn question(&self, now: Instant) -> Question {
        let age_ms = super::follow::milliseconds(now.saturating_duration_since(self.since));
        Question { text: self.text.clone(), age_ms, answer: self.answer.clone() }
    }

    pub fn since(&self) -> Instant {
        self.since
    }

    pub fn is_open(&self) -> bool {
        self.answer.is_none()
    }
}

impl Office {
    pub(super) fn transfer(
        &mut self,
        by: OfficerId,
        id: SessionId,
        to: OfficerId,
        note: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        let oversees = self.overseeing(by).is_ok();
        let session = self.sessions.get(&id).filter(|session| oversees || session.officer() == Some(by));
        let (from, booth) = session.map(|session| (session.officer(), session.booth)).ok_or(Refusal::NotYours)?;
        if from == Some(to) {
            return Err(Refusal::OutOfOrder);
        }
        let room = self.room(to, by)?;
        if self.load(to) >= room {
            return Err(Refusal::Full);
        }
        self.end_call(id);
        if let Some(from) = from {
            self.leave_desk(id, from);
        }
        if self.officers.get(&to).is_some_and(|officer| officer.team.watching == Some(id)) {
            self.stop_watching(to);
        }
        let from_name = self.officers.get(&by).map(|officer| officer.card.name.clone()).unwrap_or_default();
        let note = note.trim();
        if let Some((session, slot)) = self.seat(id, to, now.instant) {
            session.aside.note = (!note.is_empty()).then(|| Note { from: from_name, text: note.to_owned() });
            tracing::info!(session = %id, officer = %to, %by, slot, "session handed over");
        }
        self.effects.push(Effect::Audit(AuditEvent::Transferred { session: id, booth, from, to, by }));
        let how = if by == to { QuestionEnd::SteppedIn } else { QuestionEnd::TakenBack };
        self.drop_question(id, by, how);
        Ok(())
    }

    /// Sessions that this officer can hold if `by` hands one over: who takes one for themselves is asked nothing else.
    fn room(&self, to: OfficerId, by: OfficerId) -> Result<usize, Refusal> {
        let serving = |officer: &&Officer| officer.connection.is_some() && officer.card.role.serves();
        let officer = self.officers.get(&to).filter(serving).ok_or(Refusal::Away)?;
        match officer.capacity {
            _ if to == by => Ok(usize::from(MAX_CAPACITY)),
            0 => Err(Refusal::Away),
            capacity => Ok(usize::from(capacity)),
        }
    }

    pub(super) fn load(&self, officer: OfficerId) -> usize {
        self.sessions.values().filter(|session| session.officer() == Some(officer)).count()
    }

    /// The lowest key that no session of this officer has.
    pub(super) fn free_slot(&self, officer: OfficerId) -> u8 {
        let seats = || self.sessions.values().filter_map(|session| session.desk.as_ref());
        let taken = |slot: &u8| seats().any(|seat| seat.officer == officer && seat.slot == *slot);
        // No officer holds more than there are keys, so one is always free.
        (1..=MAX_CAPACITY).find(|slot| !taken(slot)).unwrap_or(MAX_CAPACITY)
    }

    fn leave_desk(&mut self, id: SessionId, officer: OfficerId) {
        if let Some(officer) = self.officers.get_mut(&officer)
            && officer.focus == Some(id)
        {
            officer.focus = None;
        }
        self.tell_console(officer, HubToConsole::TileGone { session: id });
    }

    pub(super) fn ask(&mut self, id: OfficerId, session: SessionId, text: &str, now: Now) -> Result<(), Refusal> {
        let text = text.trim();
        let own = self.own(id, session).ok_or(Refusal::NotYours)?;
        if text.is_empty() {
            return Err(Refusal::OutOfOrder);
        }
        own.aside.asked = Some(Asked { text: text.to_owned(), since: now.instant, answer: None });
        own.dirty = true;
        self.effects.push(Effect::Audit(AuditEvent::SupervisorAsked { session, officer: id }));
        Ok(())
    }

    pub(super) fn close_question(&mut self, id: OfficerId, session: SessionId) -> Result<(), Refusal> {
        self.own(id, session).ok_or(Refusal::NotYours)?;
        self.drop_question(session, id, QuestionEnd::TakenBack);
        Ok(())
    }

    fn drop_question(&mut self, id: SessionId, by: OfficerId, how: QuestionEnd) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(asked) = session.aside.asked.take() else { return };
        session.dirty = true;
        if asked.is_open() {
            self.effects.push(Effect::Audit(AuditEvent::QuestionClosed { session: id, by, how }));
        }
    }

    pub(super) fn answer(&mut self, id: OfficerId, session: SessionId, text: &str) -> Result<(), Refusal> {
        self.overseeing(id)?;
        let text = text.trim();
        let from = self.officers.get(&id).map(|officer| officer.card.name.clone()).unwrap_or_default();
        let known = self.sessions.get_mut(&session).ok_or(Refusal::NotYours)?;
        let asked = known.aside.asked.as_mut().filter(|asked| asked.is_open() && !text.is_empty());
        asked.ok_or(Refusal::OutOfOrder)?.answer = Some(Note { from, text: text.to_owned() });
        known.dirty = true;
        let how = QuestionEnd::Answered;
        self.effects.push(Effect::Audit(AuditEvent::QuestionClosed { session, by: id, how }));
        Ok(())
    }

    pub(super) fn watch(&mut self, id: OfficerId, session: Option<SessionId>) -> Result<(), Refusal> {
        self.overseeing(id)?;
        let Some(wanted) = session else {
            self.stop_watching(id);
            return Ok(());
        };
        let known = self.sessions.get(&wanted).ok_or(Refusal::NotYours)?;
        // Who could not be told is not watched.
        if known.officer() == Some(id) || !self.is_online(known.booth) {
            return Err(Refusal::OutOfOrder);
        }
        let booth = known.booth;
        if self.officers.get(&id).is_some_and(|officer| officer.team.watching == session) {
            return Ok(());
        }
        self.stop_watching(id);
        if let Some(officer) = self.officers.get_mut(&id) {
            officer.team.watching = session;
        }
        self.touch(wanted);
        self.effects.push(Effect::Audit(AuditEvent::WatchBegan { session: wanted, booth, officer: id }));
        Ok(())
    }

    pub(super) fn stop_watching(&mut self, id: OfficerId) {
        let Some(session) = self.officers.get_mut(&id).and_then(|officer| officer.team.watching.take()) else { return };
        self.touch(session);
        self.effects.push(Effect::Audit(AuditEvent::WatchEnded { session, officer: id }));
        self.tell_console(id, HubToConsole::Watching { tile: None });
    }

    /// Nobody reads along in a session that is over.
    pub(super) fn stop_all_watching(&mut self, session: SessionId) {
        self.watchers(session).into_iter().for_each(|officer| self.stop_watching(officer));
    }

    pub(super) fn watchers(&self, session: SessionId) -> Vec<OfficerId> {
        let watching = |(id, officer): (&OfficerId, &Officer)| (officer.team.watching == Some(session)).then_some(*id);
        self.officers.iter().filter_map(watching).collect()
    }

    /// Their names, for who is watched.
    pub(super) fn watched_by(&self, session: SessionId) -> Option<String> {
        let names: Vec<&str> = self
            .officers
            .values()
            .filter(|officer| officer.team.watching == Some(session))
            .map(|officer| officer.card.name.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Tells booths whether somebody reads along, before anything of it goes to who does.
    pub(super) fn tell_watched(&mut self) {
        let ids: Vec<(SessionId, BoothId)> = self.sessions.iter().map(|(id, session)| (*id, session.booth)).collect();
        for (id, booth) in ids {
            let watched = !self.watchers(id).is_empty();
            let online = self.is_online(booth);
            if let Some(session) = self.sessions.get_mut(&id)
                && session.aside.told_watched != watched
                && online
            {
                session.aside.told_watched = watched;
                self.tell_booth(booth, HubToBooth::Watched { session: id, watched });
            }
        }
    }

    pub(super) fn close_booth(&mut self, id: OfficerId, booth: BoothId, why: Option<Closing>) -> Result<(), Refusal> {
        self.overseeing(id)?;
        if !self.booths.contains_key(&booth) {
            return Err(Refusal::OutOfOrder);
        }
        if self.closings.insert(booth, why).flatten() == why {
            return Ok(());
        }
        let event = match why {
            Some(why) => AuditEvent::BoothClosed { booth, officer: id, why },
            None => AuditEvent::BoothOpened { booth, officer: id },
        };
        tracing::info!(%booth, officer = %id, ?why, "booth closed or opened");
        self.effects.push(Effect::Audit(event));
        self.tell_booth(booth, HubToBooth::Closed { why });
        Ok(())
    }

    pub(super) fn overseeing(&self, id: OfficerId) -> Result<(), Refusal> {
        let oversees = self.officers.get(&id).is_some_and(|officer| officer.card.role.oversees());
        if oversees { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    fn touch(&mut self, session: SessionId) {
        self.sessions.get_mut(&session).into_iter().for_each(|session| session.dirty = true);
    }
}

impl Session {
    /// The booth has forgotten what it was told.
    pub(super) fn forget_told_watched(&mut self) {
        self.aside.told_watched = false;
    }
}
