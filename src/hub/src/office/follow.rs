//! What follows from a change: assignment, calls, and what everybody has to be told. Runs after each event; everything
//! is compared with what was told before, so an event that changes nothing says nothing.

use super::assignment::{self, Case, Decision, Desk};
use super::{Effect, Office, Seat, Session, wait};
use crate::clock::Now;
use crate::ledger::AuditEvent;
use bilik_claim::ids::{BoothId, OfficerId, SessionId};
use bilik_claim::wire::{Assignment, Attention, HubToBooth, HubToConsole, OfficeView, Tile};
use std::time::{Duration, Instant};

impl Office {
    pub(super) fn follow(&mut self, now: Now) {
        self.follow_duty(now);
        self.assign(now);
        self.start_calls(now);
        self.update_attention(now.instant);
        self.tell_attention(now.instant);
        let line = assignment::line(&self.cases(), now.instant);
        let (free, taken) = self.seats(now.instant);
        // Of each who waits, and of who would come now.
        let waits = wait::for_a_seat_s(&self.service, free, &taken, line.len() + 1);
        self.tell_places(&line, &waits, free + taken.len());
        self.tell_watched();
        self.tell_tiles(now.instant);
        self.tell_office(line.len(), waits.last().copied().unwrap_or(0));
        self.tell_colleagues();
        self.tell_floor(now.instant);
    }

    fn cases(&self) -> Vec<Case> {
        self.sessions
            .iter()
            .map(|(id, session)| Case {
                session: *id,
                officer: session.officer(),
                waiting_since: session.waiting_since,
                language: session.snapshot.language,
                urgent: Self::is_urgent(session.snapshot.turn),
                returned: session.returned,
            })
            .collect()
    }

    fn assign(&mut self, now: Now) {
        let desks: Vec<Desk> = self
            .officers
            .values()
            .map(|officer| Desk {
                officer: officer.card.officer,
                capacity: officer.capacity,
                languages: officer.card.languages.clone(),
                presence: officer.presence(),
            })
            .collect();
        for decision in assignment::decide(&self.cases(), &desks, now.instant) {
            match decision {
                Decision::Release { session, officer } => self.release(session, officer),
                Decision::Assign { session, officer } => self.give(session, officer, now.instant),
            }
        }
    }

    /// Who has waited longest still has: the time of waiting is kept.
    fn release(&mut self, id: SessionId, officer: OfficerId) {
        self.end_call(id);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        (session.desk, session.returned, session.aside.asked) = (None, true, None);
        tracing::info!(session = %id, %officer, "session released");
        self.tell_console(officer, HubToConsole::TileGone { session: id });
        self.effects.push(Effect::Audit(AuditEvent::Released { session: id, officer }));
    }

    fn give(&mut self, id: SessionId, officer: OfficerId, now: Instant) {
        let Some((session, slot)) = self.seat(id, officer, now) else { return };
        let booth = session.booth;
        tracing::info!(session = %id, %officer, slot, "session assigned");
        self.effects.push(Effect::Audit(AuditEvent::Assigned { session: id, booth, officer }));
    }

    /// Puts a session on this officer's desk, and says under which key.
    pub(super) fn seat(&mut self, id: SessionId, officer: OfficerId, now: Instant) -> Option<(&mut Session, u8)> {
        let slot = self.free_slot(officer);
        let session = self.sessions.get_mut(&id)?;
        session.desk = Some(Seat { officer, slot, since: now });
        session.tally.seated(now);
        (session.returned, session.hold, session.dirty) = (false, super::attention::Hold::No, true);
        Some((session, slot))
    }

    fn start_calls(&mut self, now: Now) {
        let due: Vec<(SessionId, BoothId)> = self
            .sessions
            .iter()
            .filter(|(id, session)| {
                let console = session.officer().and_then(|officer| self.officers.get(&officer));
                console.is_some_and(|officer| officer.connection.is_some())
                    && session.calls.may_start(now.instant)
                    && self.view(**id, session).may_call()
            })
            .map(|(id, session)| (*id, session.booth))
            .collect();
        for (id, booth) in due {
            let call = self.next_call();
            if let Some(session) = self.sessions.get_mut(&id) {
                session.calls.start(call, now.instant);
                (session.told_attention, session.dirty) = (None, true);
                self.calls_begun += 1;
            }
            self.tell_booth(booth, HubToBooth::Call { session: id, call });
        }
    }

    fn update_attention(&mut self, now: Instant) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let Some(view) = self.sessions.get(&id).map(|session| self.view(id, session)) else { continue };
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            session.hold = view.moved_on();
            let view = super::View { hold: session.hold, ..view };
            if session.attention != view.attention() {
                if session.attention == Attention::InFocus {
                    // Whom the officer has just left waits anew, behind those who waited meanwhile.
                    session.needs_since = session.needs_since.map(|_| now);
                }
                (session.attention, session.attention_since, session.dirty) = (view.attention(), now, true);
            }
            let by = session.officer().filter(|_| session.attention == Attention::InFocus);
            let change = session.tally.observe(by, session.needs_since, now);
            self.note_change(id, change);
        }
    }

    /// Tells each booth how much of it is seen, and where it stands among those who need the same officer.
    fn tell_attention(&mut self, now: Instant) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let Some(session) = self.sessions.get(&id) else { continue };
            let (Some(officer), booth) = (session.officer(), session.booth) else { continue };
            let mode = self.view(id, session).mode();
            let (place, expected_wait_s) = self.place_with(officer, id, now);
            let now_so = Some((mode, place, expected_wait_s));
            if session.told_attention == now_so || !self.is_online(booth) {
                continue;
            }
            if let Some(session) = self.sessions.get_mut(&id) {
                session.dirty |= session.told_attention.map(|(mode, _, _)| mode) != Some(mode);
                session.told_attention = now_so;
            }
            self.tell_booth(booth, HubToBooth::Attention { session: id, mode, place, expected_wait_s });
        }
    }

    /// Place (from 1) and expected wait in the line of those who need this officer; zeros for who does not.
    fn place_with(&self, officer: OfficerId, id: SessionId, now: Instant) -> (u16, u32) {
        let focus = self.officers.get(&officer).and_then(|officer| officer.focus);
        let mut line: Vec<(Instant, SessionId)> = self
            .sessions
            .iter()
            .filter(|(id, session)| session.officer() == Some(officer) && focus != Some(**id))
            // Whom the officer has asked to wait is not offered to them, so nobody is told to wait for that one.
            .filter(|(_, session)| session.attention != Attention::OnHold)
            .filter_map(|(id, session)| session.needs_since.map(|since| (since, *id)))
            .collect();
        line.sort_unstable();
        let Some(ahead) = line.iter().position(|(_, waiting)| *waiting == id) else { return (0, 0) };
        // Whom the officer only looks at keeps nobody waiting.
        let met = focus.and_then(|focus| self.sessions.get(&focus)).and_then(|session| session.tally.met());
        let wait = wait::for_eyes_s(&self.handling, ahead, met.map(|since| now.saturating_duration_since(since)));
        (u16::try_from(ahead + 1).unwrap_or(u16::MAX), wait)
    }

    /// Of those on duty: how many seats are free, and for how long each of the others has been taken.
    fn seats(&self, now: Instant) -> (usize, Vec<Duration>) {
        self.officers.values().filter(|officer| officer.on_duty()).fold(
            (0, Vec::new()),
            |(free, mut taken), officer| {
                let capacity = usize::from(officer.capacity);
                let seats = self.sessions.values().filter_map(|session| session.desk.as_ref());
                let own = seats.filter(|seat| seat.officer == officer.card.officer);
                let mut own: Vec<Duration> = own.map(|seat| now.saturating_duration_since(seat.since)).collect();
                // Of those beyond a lowered capacity, the first to go leave no seat behind.
                own.sort_unstable();
                own.truncate(capacity);
                let free = free + capacity - own.len();
                taken.extend(own);
                (free, taken)
            },
        )
    }

    fn tell_places(&mut self, line: &[SessionId], waits: &[u32], seats: usize) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let Some(session) = self.sessions.get(&id) else { continue };
            let place = line.iter().position(|waiting| *waiting == id).map_or(0, |index| index + 1);
            let served_by = session.officer().and_then(|officer| self.officers.get(&officer));
            let assignment = match served_by {
                Some(officer) => Assignment::Officer { officer: officer.card.officer, name: officer.card.name.clone() },
                None if seats == 0 => Assignment::Nobody,
                None => Assignment::Waiting {
                    place: u16::try_from(place).unwrap_or(u16::MAX),
                    expected_wait_s: waits.get(place.wrapping_sub(1)).copied().unwrap_or(0),
                },
            };
            let booth = session.booth;
            if session.told_assignment.as_ref() == Some(&assignment) || !self.is_online(booth) {
                continue;
            }
            if let Some(session) = self.sessions.get_mut(&id) {
                session.told_assignment = Some(assignment.clone());
            }
            self.tell_booth(booth, HubToBooth::Assignment { session: id, assignment });
        }
    }

    fn tell_tiles(&mut self, now: Instant) {
        let dirty: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| session.dirty).map(|(id, _)| *id).collect();
        for id in dirty {
            let tile =
                self.sessions.get(&id).and_then(|session| Some((session.officer()?, self.tile(id, session, now)?)));
            if let Some((officer, tile)) = tile {
                self.tell_console(officer, HubToConsole::Tile { tile: Box::new(tile) });
            }
            self.tell_watching(id, now);
            if let Some(session) = self.sessions.get_mut(&id) {
                session.dirty = false;
            }
        }
    }

    /// None if its booth is forgotten.
    pub(super) fn tile(&self, id: SessionId, session: &Session, now: Instant) -> Option<Tile> {
        let booth = self.booths.get(&session.booth)?;
        Some(Tile {
            slot: session.desk.as_ref().map_or(0, |seat| seat.slot),
            booth: session.booth,
            booth_name: booth.name.clone(),
            state: booth.state.clone(),
            online: booth.connection.is_some(),
            call: session.calls.running(),
            mode: self.view(id, session).mode(),
            snapshot: session.snapshot.clone(),
            attention: session.attention,
            attention_age_ms: milliseconds(now.saturating_duration_since(session.attention_or_need_since())),
            session_age_ms: milliseconds(now.saturating_duration_since(session.began)),
            note: session.aside.note.clone(),
            question: session.aside.asked.as_ref().map(|asked| asked.question(now)),
            watched_by: self.watched_by(id),
        })
    }

    fn tell_office(&mut self, waiting: usize, expected_wait_s: u32) {
        let officers = self.officers.values().filter(|officer| officer.on_duty()).count();
        let short = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let view = OfficeView {
            waiting: short(waiting),
            expected_wait_s,
            officers: short(officers),
            claims_today: self.figures.claims_today,
            unverified: self.figures.unverified,
            attention_s: self.day.mean().map(|mean| u32::try_from(mean.as_secs()).unwrap_or(u32::MAX)),
        };
        let to_booths = (short(officers), expected_wait_s);
        for booth in self.booths.values_mut() {
            if let Some(connection) = booth.connection
                && booth.told_office != Some(to_booths)
            {
                booth.told_office = Some(to_booths);
                let (officers_ready, expected_wait_s) = to_booths;
                self.effects.push(Effect::ToBooth(connection, HubToBooth::Office { officers_ready, expected_wait_s }));
            }
        }
        for officer in self.officers.values_mut() {
            if let Some(connection) = officer.connection
                && officer.told_office.as_ref() != Some(&view)
            {
                officer.told_office = Some(view.clone());
                self.effects.push(Effect::ToConsole(connection, HubToConsole::Office { office: view.clone() }));
            }
        }
    }
}

pub(super) fn milliseconds(age: Duration) -> u32 {
    u32::try_from(age.as_millis()).unwrap_or(u32::MAX)
}
