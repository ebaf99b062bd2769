//! What follows from a change: assignment, calls, and what everybody has to be told. Runs after each event; everything
//! is compared with what was told before, so an event that changes nothing says nothing.

use super::assignment::{self, Case, Decision, Desk};
use super::{Effect, Office, Seat, Session, wait};
use crate::clock::Now;
use crate::config::MAX_CAPACITY;
use crate::ledger::AuditEvent;
use bilik_claim::ids::{BoothId, OfficerId, SessionId};
use bilik_claim::wire::{Assignment, Attention, HubToBooth, HubToConsole, OfficeView, Tile};
use std::time::{Duration, Instant};

impl Office {
    pub(super) fn follow(&mut self, now: Now) {
        self.assign(now);
        self.start_calls(now);
        self.update_attention(now.instant);
        self.tell_attention();
        self.tell_places(now.instant);
        self.tell_tiles(now.instant);
        self.tell_office();
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
                Decision::Assign { session, officer } => self.seat(session, officer, now.instant),
            }
        }
    }

    /// Who has waited longest still has: the time of waiting is kept.
    fn release(&mut self, id: SessionId, officer: OfficerId) {
        self.end_call(id);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        (session.desk, session.returned) = (None, true);
        tracing::info!(session = %id, %officer, "session released");
        self.tell_console(officer, HubToConsole::TileGone { session: id });
        self.effects.push(Effect::Audit(AuditEvent::Released { session: id, officer }));
    }

    fn seat(&mut self, id: SessionId, officer: OfficerId, now: Instant) {
        let taken: Vec<u8> = self
            .sessions
            .values()
            .filter_map(|session| session.desk.as_ref())
            .filter(|seat| seat.officer == officer)
            .map(|seat| seat.slot)
            .collect();
        // The capacity is at most as large, so one is always free.
        let slot = (1..=MAX_CAPACITY).find(|slot| !taken.contains(slot)).unwrap_or(MAX_CAPACITY);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.desk = Some(Seat { officer, slot, since: now });
        (session.returned, session.hold, session.dirty) = (false, super::attention::Hold::No, true);
        tracing::info!(session = %id, %officer, slot, "session assigned");
        let booth = session.booth;
        self.effects.push(Effect::Audit(AuditEvent::Assigned { session: id, booth, officer }));
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
                self.calls.0 += 1;
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
                session.looked_at = session.looked_at_until(now);
                (session.attention, session.attention_since, session.dirty) = (view.attention(), now, true);
            }
        }
    }

    /// Tells each booth how much of it is seen, and where it stands among those who need the same officer.
    fn tell_attention(&mut self) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let Some(session) = self.sessions.get(&id) else { continue };
            let (Some(officer), booth) = (session.officer(), session.booth) else { continue };
            let mode = self.view(id, session).mode();
            let (place, expected_wait_s) = self.place_with(officer, id);
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
    fn place_with(&self, officer: OfficerId, id: SessionId) -> (u16, u32) {
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
        let in_focus = usize::from(focus.is_some());
        let wait = wait::in_officers_line_s(ahead + in_focus, self.day.mean());
        (u16::try_from(ahead + 1).unwrap_or(u16::MAX), wait)
    }

    /// Places at desks on duty, and how many of them are free.
    fn seats(&self) -> (usize, usize) {
        self.officers.values().filter(|officer| officer.on_duty()).fold((0, 0), |(seats, free), officer| {
            let capacity = usize::from(officer.capacity);
            let load = self.sessions.values().filter(|s| s.officer() == Some(officer.card.officer)).count();
            (seats + capacity, free + capacity.saturating_sub(load))
        })
    }

    fn tell_places(&mut self, now: Instant) {
        let (seats, free) = self.seats();
        let line = assignment::line(&self.cases(), now);
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
                    expected_wait_s: self.service.expected_s(place, seats, free),
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
            let tile = self.sessions.get(&id).and_then(|session| self.tile(id, session, now));
            if let Some((officer, tile)) = tile {
                self.tell_console(officer, HubToConsole::Tile { tile: Box::new(tile) });
            }
            if let Some(session) = self.sessions.get_mut(&id) {
                session.dirty = false;
            }
        }
    }

    fn tile(&self, id: SessionId, session: &Session, now: Instant) -> Option<(OfficerId, Tile)> {
        let seat = session.desk.as_ref()?;
        let booth = self.booths.get(&session.booth)?;
        let tile = Tile {
            slot: seat.slot,
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
        };
        Some((seat.officer, tile))
    }

    fn tell_office(&mut self) {
        let (seats, free) = self.seats();
        let waiting = self.sessions.values().filter(|session| session.desk.is_none()).count();
        // What somebody who comes now would wait.
        let expected_wait_s = self.service.expected_s(waiting + 1, seats, free);
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

impl super::DayAttention {
    fn mean(&self) -> Option<Duration> {
        self.total.checked_div(self.claims)
    }
}

fn milliseconds(age: Duration) -> u32 {
    u32::try_from(age.as_millis()).unwrap_or(u32::MAX)
}
