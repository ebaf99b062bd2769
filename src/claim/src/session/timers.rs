//! What time alone does.

use super::effect::Effect;
use super::event::Now;
use super::navigation::Page;
use super::verification::Standby;
use super::{Ending, Overlay, Session};
use crate::wire::Outcome;
use std::time::{Duration, Instant};

/// Nobody has touched the booth for so long: it asks.
pub const IDLE_ASK: Duration = Duration::from_secs(60);
/// And so long it waits for an answer. Any touch extends it (EN 301 549, 9.2.2.1: no limit without a way to extend it).
pub const IDLE_END: Duration = Duration::from_secs(20);
/// In line for an officer, people look at the screen and do not touch it.
pub const IDLE_ASK_IN_LINE: Duration = Duration::from_secs(300);
/// After so long in line without any officer, the participant may go on alone.
pub const NO_OFFICER_OFFER: Duration = Duration::from_secs(120);
/// The participant is told for so long that another officer has taken over.
pub const HANDED_OVER_TOLD: Duration = Duration::from_secs(20);

impl Session {
    /// When to call [`Session::handle`] with [`super::Event::Tick`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let idle = match self.overlay {
            Overlay::StillThere { ends_at } => Some(ends_at),
            Overlay::None | Overlay::Help | Overlay::Leave => self.idle_limit().map(|limit| self.last_touch + limit),
        };
        let offer =
            self.visit.as_ref().and_then(|visit| visit.desk.waiting_since).map(|since| since + NO_OFFICER_OFFER);
        let offer = offer.filter(|_| self.visit.as_ref().is_some_and(|visit| !visit.desk.may_go_alone));
        let told = self.visit.as_ref().and_then(|visit| visit.desk.handed_over).map(|since| since + HANDED_OVER_TOLD);
        [idle, offer, told].into_iter().flatten().min()
    }

    /// How long nobody has to touch the booth here, if there is a limit.
    pub(super) fn idle_limit(&self) -> Option<Duration> {
        let visit = self.visit.as_ref()?;
        match self.page {
            Page::Verification => match self.standby() {
                // They are talking.
                Standby::Focus => None,
                Standby::Waiting | Standby::Hold => Some(IDLE_ASK_IN_LINE),
                Standby::Nobody => Some(IDLE_ASK),
            },
            // What is being written is not cut off.
            Page::Finished if matches!(visit.ending, Ending::Saving { .. }) => None,
            Page::OutOfService
            | Page::Welcome
            | Page::Consent
            | Page::Identify
            | Page::TypeIdentity
            | Page::Reason
            | Page::Detail(_)
            | Page::Documents
            | Page::Review
            | Page::Sign
            | Page::Finished
            | Page::Returned => Some(IDLE_ASK),
        }
    }

    pub(super) fn run_timers(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if let Overlay::StillThere { ends_at } = self.overlay {
            if now.instant >= ends_at {
                self.end(self.outcome_of_ending(Outcome::TimedOut), effects);
            }
        } else if let Some(limit) = self.idle_limit()
            && now.instant.saturating_duration_since(self.last_touch) >= limit
        {
            self.overlay = Overlay::StillThere { ends_at: now.instant + IDLE_END };
        }
        if let Some(visit) = &mut self.visit {
            let waited = visit.desk.waiting_since.map(|since| now.instant.saturating_duration_since(since));
            if waited.is_some_and(|waited| waited >= NO_OFFICER_OFFER) {
                visit.desk.may_go_alone = true;
            }
            let told = visit.desk.handed_over.map(|since| now.instant.saturating_duration_since(since));
            if told.is_some_and(|told| told >= HANDED_OVER_TOLD) {
                visit.desk.handed_over = None;
            }
        }
    }
}
