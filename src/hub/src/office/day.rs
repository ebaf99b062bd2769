//! The day in figures: what claims cost in attention, for the bar on top; visits and time on duty, for the ledger.

use super::visit::Change;
use super::{Effect, Office, Session};
use crate::clock::{HOUR_MS, Now, local_day};
use crate::ledger::{AuditEvent, Duty};
use bilik_claim::ids::{OfficerId, SessionId};
use bilik_claim::wire::Turn;
use std::time::Duration;

/// Time on duty is written down this often, and when the hour turns: a hub that dies forgets no more.
const DUTY_NOTED: Duration = Duration::from_secs(600);

/// Attention that claims decided today took.
#[derive(Default)]
pub(super) struct DayAttention {
    day: i64,
    claims: u32,
    total: Duration,
}

impl DayAttention {
    pub fn mean(&self) -> Option<Duration> {
        self.total.checked_div(self.claims)
    }
}

impl Office {
    /// Nothing happens any more: what is not written down yet is told.
    pub fn close(&mut self, now: Now) {
        let officers: Vec<OfficerId> = self.officers.keys().copied().collect();
        officers.into_iter().for_each(|officer| self.note_duty(officer, false, now));
    }

    pub(super) fn turn_day(&mut self, now: Now) {
        let day = local_day(now.wall, self.settings.utc_offset_hours);
        if self.day.day != day {
            self.day = DayAttention { day, ..DayAttention::default() };
        }
    }

    /// The session has been taken out: what it cost.
    pub(super) fn close_visit(&mut self, id: SessionId, mut session: Session, now: Now) {
        let change = session.tally.observe(None, None, now.instant);
        self.note_change(id, change);
        let (booth, officer, done) = (session.booth, session.officer(), session.snapshot.turn == Turn::Done);
        if let Some(seat) = &session.desk {
            self.service.add(now.instant.saturating_duration_since(seat.since));
        }
        if officer.is_some() && done {
            self.turn_day(now);
            self.day.claims += 1;
            self.day.total += session.tally.looked_at();
        }
        let visit = session.tally.finish(id, booth, officer, done, now);
        self.effects.push(Effect::Visit(Box::new(visit)));
    }

    pub(super) fn note_change(&mut self, session: SessionId, change: Change) {
        if let Some((officer, span)) = change.looked {
            let lasted_ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
            self.effects.push(Effect::Audit(AuditEvent::Looked { session, officer, lasted_ms }));
        }
        if let Some(handled) = change.handled {
            self.handling.add(handled);
        }
    }

    pub(super) fn follow_duty(&mut self, now: Now) {
        let due: Vec<(OfficerId, bool)> = self
            .officers
            .iter()
            .filter(|(_, officer)| match officer.duty_since {
                None => officer.on_duty(),
                Some(since) => {
                    let hour = |moment: Now| moment.wall.0.div_euclid(HOUR_MS);
                    let noted = now.instant.saturating_duration_since(since.instant) < DUTY_NOTED;
                    !officer.on_duty() || !noted || hour(now) != hour(since)
                }
            })
            .map(|(id, officer)| (*id, officer.on_duty()))
            .collect();
        due.into_iter().for_each(|(officer, goes_on)| self.note_duty(officer, goes_on, now));
    }

    fn note_duty(&mut self, id: OfficerId, goes_on: bool, now: Now) {
        let Some(officer) = self.officers.get_mut(&id) else { return };
        let since = std::mem::replace(&mut officer.duty_since, goes_on.then_some(now));
        if let Some(since) = since {
            let lasted = now.instant.saturating_duration_since(since.instant);
            let lasted_ms = i64::try_from(lasted.as_millis()).unwrap_or(i64::MAX);
            self.effects.push(Effect::Duty(Duty { officer: id, until: now.wall, lasted_ms }));
        }
    }
}
