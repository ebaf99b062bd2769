//! What booths say.

use super::attention::Hold;
use super::calls::Calls;
use super::photos::Photos;
use super::visit::Tally;
use super::{Booth, CloseReason, Connection, Effect, Office, Session};
use crate::clock::Now;
use crate::ledger::AuditEvent;
use bilik_claim::ids::{BoothId, CallId, SessionId};
use bilik_claim::session::item::Check;
use bilik_claim::wire::{
    Attention, BoothState, BoothToHub, HEARTBEAT_SECONDS, HubToBooth, HubToConsole, ItemView, PROTOCOL,
    SessionSnapshot, Signal, Turn,
};
use std::time::Duration;

/// A booth without a word for this long is lost: three heartbeats.
const SILENCE: Duration = Duration::from_secs(3 * HEARTBEAT_SECONDS);
/// The session of a lost booth is kept for this long.
const KEEP_SESSION: Duration = Duration::from_secs(60);

impl Office {
    /// A booth has said hello. It sends its state and session next.
    pub fn booth_up(&mut self, id: BoothId, name: String, connection: Connection, now: Now) {
        let branch_name = self.settings.branch_name.clone();
        let welcome = HubToBooth::Welcome { protocol: PROTOCOL, booth_name: name.clone(), branch_name, time: now.wall };
        self.effects.push(Effect::ToBooth(connection, welcome));
        let booth = self.booths.entry(id).or_insert_with(|| Booth {
            name: name.clone(),
            connection: None,
            state: BoothState::default(),
            heard: now.instant,
            lost_since: None,
            session: None,
            told_office: None,
        });
        if let Some(old) = booth.connection.replace(connection) {
            self.effects.push(Effect::Close(old, CloseReason::Replaced));
        }
        (booth.name, booth.heard, booth.lost_since, booth.told_office) = (name, now.instant, None, None);
        if let Some(session) = booth.session {
            self.forget_what_the_booth_knew(session);
        }
        self.seen.remove(&id);
        if let Some(why) = self.closings.get(&id) {
            self.effects.push(Effect::ToBooth(connection, HubToBooth::Closed { why: *why }));
        }
        self.follow(now);
    }

    /// A frame from a booth's running connection; from an older one it is not heard.
    pub fn booth_said(&mut self, id: BoothId, connection: Connection, message: BoothToHub, now: Now) {
        let Some(booth) = self.booths.get_mut(&id).filter(|booth| booth.connection == Some(connection)) else { return };
        booth.heard = now.instant;
        match message {
            BoothToHub::Hello { .. } => {}
            BoothToHub::State { state } => {
                self.closings.entry(id).or_insert(state.closed);
                self.effects.extend(self.trails.told(id, &state, now));
                if booth.state != state {
                    booth.state = state;
                    let session = booth.session;
                    session.and_then(|id| self.sessions.get_mut(&id)).into_iter().for_each(|s| s.dirty = true);
                }
            }
            BoothToHub::Session { snapshot } => self.snapshot(id, *snapshot, now),
            BoothToHub::SessionEnded { session, outcome } => {
                if booth.session == Some(session) {
                    tracing::info!(booth = %id, %session, ?outcome, "session ended");
                    self.end_session(session, now);
                }
            }
            BoothToHub::Signal { call, signal } => self.signal_from_booth(id, call, signal),
            BoothToHub::CallFailed { call } => {
                if let Some(session) = booth.session {
                    self.call_failed(session, call, now);
                }
            }
            BoothToHub::Rated { claim, rating } => {
                if (1..=4).contains(&rating) {
                    self.effects.push(Effect::Rated { claim, booth: id, rating });
                }
            }
        }
        self.follow(now);
    }

    fn snapshot(&mut self, booth_id: BoothId, snapshot: SessionSnapshot, now: Now) {
        let id = snapshot.session;
        if let Some(session) = self.sessions.get_mut(&id) {
            if session.booth != booth_id {
                tracing::warn!(booth = %booth_id, session = %id, "a booth claims another booth's session");
                return;
            }
            if snapshot.revision > session.snapshot.revision {
                let urgent = Self::is_urgent(snapshot.turn);
                session.needs_since = session.needs_since.or(Some(now.instant)).filter(|_| urgent);
                let answers = answers(booth_id, &session.snapshot, &snapshot);
                self.effects.extend(answers.into_iter().map(Effect::Audit));
                session.snapshot = snapshot;
                session.dirty = true;
            }
            return;
        }
        let Some(booth) = self.booths.get_mut(&booth_id) else { return };
        // The booth has one participant at a time: a new session means that the old one is over.
        if let Some(old) = booth.session.replace(id) {
            self.end_session(old, now);
        }
        tracing::info!(booth = %booth_id, session = %id, "session began");
        let needs_since = Self::is_urgent(snapshot.turn).then_some(now.instant);
        let session = Session {
            booth: booth_id,
            snapshot,
            began: now.instant,
            waiting_since: now.instant,
            returned: false,
            desk: None,
            hold: Hold::No,
            calls: Calls::default(),
            photos: Photos::default(),
            attention: Attention::SelfServing,
            attention_since: now.instant,
            tally: Tally::new(now),
            told_assignment: None,
            told_attention: None,
            needs_since,
            dirty: true,
            aside: super::team::Aside::default(),
        };
        self.sessions.insert(id, session);
    }

    fn signal_from_booth(&mut self, booth: BoothId, call: CallId, signal: Signal) {
        match signal {
            Signal::Offer { .. } | Signal::Candidate { .. } => {}
            Signal::Answer { .. } => return,
        }
        let session = self.booths.get(&booth).and_then(|booth| booth.session).and_then(|id| self.sessions.get(&id));
        // A signal of an older call is late, not wrong.
        let officer = session.filter(|session| session.calls.running() == Some(call)).and_then(Session::officer);
        if let Some(officer) = officer {
            self.tell_console(officer, HubToConsole::Signal { booth, call, signal });
        }
    }

    pub(super) fn call_failed(&mut self, session: SessionId, call: CallId, now: Now) {
        let Some(session) = self.sessions.get_mut(&session) else { return };
        if session.calls.failed(call, now.instant) {
            self.calls_broken += 1;
            session.told_attention = None;
            session.dirty = true;
            let booth = session.booth;
            tracing::info!(%booth, call = call.0, "call failed");
        }
    }

    pub(super) fn booth_lost(&mut self, connection: Connection, now: Now) {
        let Some((id, booth)) = self.booths.iter_mut().find(|(_, booth)| booth.connection == Some(connection)) else {
            return;
        };
        tracing::info!(booth = %id, "booth is offline");
        booth.connection = None;
        booth.lost_since = Some(now.instant);
        if let Some(session) = booth.session {
            self.forget_what_the_booth_knew(session);
        }
    }

    /// What was told over a lost connection has to be told again, and its call is of no use.
    fn forget_what_the_booth_knew(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.calls.end();
            (session.told_assignment, session.told_attention, session.dirty) = (None, None, true);
            session.forget_told_watched();
        }
    }

    pub(super) fn sweep_booths(&mut self, now: Now) {
        let silent: Vec<Connection> = self
            .booths
            .values()
            .filter(|booth| now.instant.saturating_duration_since(booth.heard) >= SILENCE)
            .filter_map(|booth| booth.connection)
            .collect();
        for connection in silent {
            self.effects.push(Effect::Close(connection, CloseReason::Silent));
            self.booth_lost(connection, now);
        }
        let over: Vec<BoothId> = self
            .booths
            .iter()
            .filter(|(_, booth)| {
                booth.lost_since.is_some_and(|since| now.instant.saturating_duration_since(since) >= KEEP_SESSION)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            let Some(booth) = self.booths.remove(&id) else { continue };
            self.seen.insert(id, (booth.heard, booth.state));
            if let Some(session) = booth.session {
                tracing::info!(booth = %id, %session, "session of a lost booth dropped");
                self.end_session(session, now);
            }
        }
    }

    /// Whether the participant cannot go on alone.
    pub(super) fn is_urgent(turn: Turn) -> bool {
        match turn {
            Turn::Help | Turn::Officer => true,
            Turn::Participant | Turn::Correction | Turn::Done => false,
        }
    }
}

/// What the participant has given again between two snapshots.
fn answers(booth: BoothId, before: &SessionSnapshot, after: &SessionSnapshot) -> Vec<AuditEvent> {
    let same = |old: &ItemView, new: &ItemView| (old.item, old.photo, &old.check) == (new.item, new.photo, &new.check);
    after
        .items
        .iter()
        .filter(|row| row.check == Check::Corrected && !before.items.iter().any(|old| same(old, row)))
        .map(|row| AuditEvent::Answered { session: after.session, booth, item: row.item, photo: row.photo })
        .collect()
}
