//! What officers do.

use super::attention::Hold;
use super::{CloseReason, Connection, Effect, Office, Officer, OfficerCard};
use crate::clock::Now;
use crate::config::MAX_CAPACITY;
use crate::ledger::{AuditEvent, DecisionKind, Role, SessionDecision, VerdictKind, written};
use bilik_claim::ids::{BoothId, CallId, OfficerId, SessionId};
use bilik_claim::personal::Personal;
use bilik_claim::sentence::Code;
use bilik_claim::session::item::{Check, Item};
use bilik_claim::wire::{
    ConsoleToHub, Decision, HubToBooth, HubToConsole, PROTOCOL, Refusal, SessionSnapshot, Signal, Step, Turn, Verdict,
};
use std::time::{Duration, Instant};

impl Office {
    /// An officer has opened a console. Another one of the same officer is closed: two would talk across each other.
    pub fn console_up(&mut self, card: OfficerCard, connection: Connection, now: Now) {
        let (id, name) = (card.officer, card.name.clone());
        let _ = self.focus(id, None);
        self.stop_watching(id);
        let first = self.first_capacity(card.role);
        let officer = self.officers.entry(id).or_insert_with(|| Officer {
            card: card.clone(),
            connection: None,
            gone_since: None,
            capacity: first,
            ending: false,
            focus: None,
            duty_since: None,
            told_office: None,
            team: super::team::Team::default(),
        });
        officer.team = super::team::Team::default();
        if officer.ending && officer.card.login != card.login {
            // Not signed out, but here anew: another shift, which begins like any other.
            (officer.ending, officer.capacity) = (false, first);
        }
        let (capacity, ending) = (officer.capacity, officer.ending);
        let old = officer.connection.replace(connection);
        (officer.card, officer.gone_since, officer.focus, officer.told_office) = (card, None, None, None);
        if let Some(old) = old {
            self.effects.push(Effect::ToConsole(old, HubToConsole::Replaced));
            self.effects.push(Effect::Close(old, CloseReason::Replaced));
        }
        let welcome = HubToConsole::Welcome {
            protocol: PROTOCOL,
            officer: id,
            name,
            branch_name: self.settings.branch_name.clone(),
            capacity,
            ending,
            time: now.wall,
        };
        self.effects.push(Effect::ToConsole(connection, welcome));
        // The new page has no peer connections: every call starts anew.
        self.end_calls_of(id);
        self.sessions.values_mut().filter(|session| session.officer() == Some(id)).for_each(|s| s.dirty = true);
        self.follow(now);
    }

    /// A frame from an officer's running console; from an older one it is not heard.
    pub fn console_said(&mut self, id: OfficerId, connection: Connection, message: ConsoleToHub, now: Now) {
        let known = self.officers.get(&id).is_some_and(|officer| officer.connection == Some(connection));
        if !known {
            return;
        }
        if let Err(reason) = self.act(id, message, now) {
            self.tell_console(id, HubToConsole::Refused { reason });
        }
        self.follow(now);
    }

    /// The officer has logged out: nobody waits for them to come back.
    pub fn officer_left(&mut self, id: OfficerId, now: Now) {
        if let Some(connection) = self.officers.get(&id).and_then(|officer| officer.connection) {
            self.effects.push(Effect::Close(connection, CloseReason::LoggedOut));
            self.console_lost(connection, now.instant, now);
        }
        let role = self.officers.get(&id).map(|officer| officer.card.role);
        let first = role.map_or(0, |role| self.first_capacity(role));
        if let Some(officer) = self.officers.get_mut(&id) {
            officer.gone_since = now.instant.checked_sub(super::assignment::GRACE).or(officer.gone_since);
            // A pause ends with the shift: who comes back begins to work.
            officer.capacity = if officer.capacity == 0 { first } else { officer.capacity };
            officer.ending = false;
        }
        self.tick(now);
    }

    /// Who oversees looks first, and takes sessions when they say so.
    fn first_capacity(&self, role: Role) -> u8 {
        match role {
            Role::Officer => self.settings.default_capacity,
            Role::Supervisor | Role::Technician | Role::Auditor => 0,
        }
    }

    fn act(&mut self, id: OfficerId, message: ConsoleToHub, now: Now) -> Result<(), Refusal> {
        match message {
            ConsoleToHub::Hello { .. } => Ok(()),
            ConsoleToHub::Ping => {
                self.tell_console(id, HubToConsole::Pong);
                Ok(())
            }
            ConsoleToHub::Capacity { capacity } => {
                let officer = self.officers.get_mut(&id).filter(|_| capacity <= MAX_CAPACITY);
                let officer = officer.ok_or(Refusal::OutOfOrder)?;
                officer.capacity = capacity;
                officer.ending &= capacity == 0;
                Ok(())
            }
            ConsoleToHub::EndShift { ending } => {
                if let Some(officer) = self.officers.get_mut(&id) {
                    officer.ending = ending;
                    officer.capacity = if ending { 0 } else { officer.capacity };
                }
                Ok(())
            }
            ConsoleToHub::Focus { session } => self.focus(id, session),
            ConsoleToHub::Hold { session, hold } => self.hold(id, session, hold),
            ConsoleToHub::Signal { booth, call, signal } => self.signal_from_console(id, booth, call, signal),
            ConsoleToHub::CallFailed { booth, call } => {
                // Of a session that has just ended or changed hands: late, not wrong.
                let session = self.booths.get(&booth).and_then(|booth| booth.session);
                if let Some(session) = session.filter(|session| self.own(id, *session).is_some()) {
                    self.call_failed(session, call, now);
                }
                Ok(())
            }
            ConsoleToHub::Check { session, item, verdict, seen } => self.check(id, session, item, verdict, seen),
            ConsoleToHub::Message { session, text } => {
                let booth = self.reachable(id, session)?;
                self.effects.push(Effect::Audit(AuditEvent::Messaged { session, officer: id }));
                self.tell_booth(booth, HubToBooth::Message { session, text });
                Ok(())
            }
            ConsoleToHub::Decide { session, decision, note } => self.decide(id, session, decision, note),
            ConsoleToHub::Transfer { session, to, note } => self.transfer(id, session, to, &note, now),
            ConsoleToHub::Ask { session, question } => self.ask(id, session, &question, now),
            ConsoleToHub::CloseQuestion { session } => self.close_question(id, session),
            ConsoleToHub::Answer { session, text } => self.answer(id, session, &text),
            ConsoleToHub::Watch { session } => self.watch(id, session),
            ConsoleToHub::CloseBooth { booth, why } => self.close_booth(id, booth, why),
            ConsoleToHub::EndSession { session } => {
                let booth = self.reachable(id, session)?;
                self.effects.push(Effect::Audit(AuditEvent::SessionEndedByOfficer { session, officer: id }));
                self.tell_booth(booth, HubToBooth::EndSession { session });
                Ok(())
            }
        }
    }

    fn focus(&mut self, id: OfficerId, session: Option<SessionId>) -> Result<(), Refusal> {
        if let Some(session) = session {
            self.own(id, session).ok_or(Refusal::NotYours)?.hold = Hold::No;
        }
        let before = self.officers.get(&id).and_then(|officer| officer.focus).filter(|before| session != Some(*before));
        if let Some(before) = before {
            let left = self.sessions.get(&before).map(|session| self.view(before, session).left());
            if let (Some(left), Some(session)) = (left, self.own(id, before)) {
                session.hold = left;
            }
        }
        if let Some(officer) = self.officers.get_mut(&id) {
            officer.focus = session;
        }
        Ok(())
    }

    fn hold(&mut self, id: OfficerId, session: SessionId, hold: bool) -> Result<(), Refusal> {
        self.own(id, session).ok_or(Refusal::NotYours)?.hold = if hold { Hold::Asked } else { Hold::No };
        if let Some(officer) = self.officers.get_mut(&id)
            && hold
            && officer.focus == Some(session)
        {
            officer.focus = None;
        }
        Ok(())
    }

    fn signal_from_console(
        &mut self,
        id: OfficerId,
        booth: BoothId,
        call: CallId,
        signal: Signal,
    ) -> Result<(), Refusal> {
        match signal {
            Signal::Answer { .. } | Signal::Candidate { .. } => {}
            Signal::Offer { .. } => return Err(Refusal::OutOfOrder),
        }
        let session = self.booths.get(&booth).and_then(|booth| booth.session);
        let running = session.and_then(|session| self.own(id, session)?.calls.running());
        // A signal of an older call, or of a session that has just ended, is late, not wrong.
        if running == Some(call) {
            self.tell_booth(booth, HubToBooth::Signal { call, signal });
        }
        Ok(())
    }

    fn check(
        &mut self,
        id: OfficerId,
        session: SessionId,
        item: Item,
        verdict: Verdict,
        seen: u32,
    ) -> Result<(), Refusal> {
        let booth = self.reachable(id, session)?;
        let snapshot = &self.own(id, session).ok_or(Refusal::NotYours)?.snapshot;
        let row = snapshot.items.iter().find(|row| row.item == item);
        if snapshot.turn == Turn::Done || row.is_none() {
            return Err(Refusal::OutOfOrder);
        }
        let photo = row.and_then(|row| row.photo);
        let (verdict_kind, reason) = match &verdict {
            Verdict::Correct => (VerdictKind::Correct, None),
            Verdict::AskAgain { reason } => (VerdictKind::AskAgain, Some(Code::of(reason))),
            Verdict::Pending => (VerdictKind::Pending, None),
        };
        let checked = AuditEvent::Checked { session, officer: id, item, verdict: verdict_kind, reason, photo };
        self.effects.push(Effect::Audit(checked));
        self.tell_booth(booth, HubToBooth::Check { session, item, verdict, seen });
        Ok(())
    }

    fn decide(
        &mut self,
        id: OfficerId,
        session: SessionId,
        decision: Decision,
        note: Option<Personal>,
    ) -> Result<(), Refusal> {
        let note = written(note);
        let booth = self.reachable(id, session)?;
        let own = self.own(id, session).ok_or(Refusal::NotYours)?;
        let ready = match decision {
            Decision::Verified => is_all_correct(&own.snapshot),
            // Nothing is kept of it, so there is nothing to note: see `ledger::notes`.
            Decision::Returned { .. } => own.snapshot.turn != Turn::Done && note.is_none(),
        };
        if !ready {
            return Err(Refusal::OutOfOrder);
        }
        let (kind, reasons) = DecisionKind::of(&decision);
        own.tally.decided(kind, reasons.clone());
        // Remembered before the booth hears of it: the claim that follows is vouched for.
        let made = SessionDecision { session, booth: Some(booth), officer: id, decision: kind, reasons, note: None };
        self.effects.push(Effect::Decided(made, note));
        self.tell_booth(booth, HubToBooth::Decision { session, decision });
        Ok(())
    }

    /// The booth of an own session, if what is said now would arrive.
    fn reachable(&mut self, id: OfficerId, session: SessionId) -> Result<BoothId, Refusal> {
        let booth = self.own(id, session).ok_or(Refusal::NotYours)?.booth;
        if self.is_online(booth) { Ok(booth) } else { Err(Refusal::OutOfOrder) }
    }

    pub(super) fn console_lost(&mut self, connection: Connection, heard: Instant, now: Now) {
        let found = self.officers.iter_mut().find(|(_, officer)| officer.connection == Some(connection));
        let Some((id, officer)) = found else { return };
        tracing::info!(officer = %id, "console is closed");
        let id = *id;
        (officer.connection, officer.gone_since) = (None, Some(heard.min(now.instant)));
        self.stop_watching(id);
        // Whoever was talked to is not left with an open microphone: nobody looks at anybody.
        let _ = self.focus(id, None);
        self.end_calls_of(id);
    }

    fn end_calls_of(&mut self, id: OfficerId) {
        let own: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| session.officer() == Some(id)).map(|(id, _)| *id).collect();
        own.into_iter().for_each(|session| self.end_call(session));
    }

    /// Forgets officers who are gone for good.
    pub(super) fn sweep_officers(&mut self, now: Now) {
        // Their capacity is remembered over a break.
        const FORGET: Duration = Duration::from_secs(4 * 3600);
        self.officers.retain(|_, officer| {
            officer.gone_since.is_none_or(|since| now.instant.saturating_duration_since(since) < FORGET)
        });
    }
}

/// *Verified* is said of a claim that waits for it, with every item looked at and found right.
fn is_all_correct(snapshot: &SessionSnapshot) -> bool {
    let to_check = |item: Item| match item {
        Item::Field(field) => field.is_checked(),
        Item::Document(_) => true,
    };
    snapshot.step == Step::Verification
        && !snapshot.items.is_empty()
        && snapshot.items.iter().filter(|row| to_check(row.item)).all(|row| match row.check {
            Check::Correct => true,
            Check::Pending | Check::AskedAgain { .. } | Check::Corrected => false,
        })
}
