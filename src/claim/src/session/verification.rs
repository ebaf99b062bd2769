//! The officer's side of a visit: who serves it, what they have checked, what they said.

use super::effect::Effect;
use super::event::{CallNews, HubNews, Now, Officer};
use super::item::{Check, Item};
use super::navigation::Page;
use super::{Ending, Session};
use crate::ids::{OfficerId, SessionId};
use crate::wire::{Assignment, CallMode, Decision, Outcome, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The desk at which the visit is served.
#[derive(Debug, Default)]
pub struct Desk {
    pub officer: Option<Officer>,
    /// How much of the booth the officer takes.
    pub mode: Option<CallMode>,
    pub call: Option<CallNews>,
    /// Place in the line before the officer, or for one; 0 while in no line.
    pub place: u16,
    pub expected_wait: Duration,
    checks: BTreeMap<Item, Check>,
    /// First revision of the snapshot that shows the item as it is now.
    shown_in: BTreeMap<Item, u32>,
    /// Asked for again and changed since, but the participant is still at it.
    mending: BTreeSet<Item>,
    /// The officer's newest written message.
    pub message: Option<String>,
    pub returned: Vec<String>,
    /// Since when the participant waits on the verification page without any officer.
    pub(super) waiting_since: Option<Instant>,
    /// The participant has waited long enough to be offered to go on alone.
    pub may_go_alone: bool,
    /// Somebody beside the officer reads along, which the participant has to know.
    pub watched: bool,
    /// Since when another officer than before is at the desk, while the participant is told so.
    pub handed_over: Option<Instant>,
    last_officer: Option<OfficerId>,
    /// Whose word it is that everything is right. It stands when the officer's connection goes.
    pub(super) verified_by: Option<OfficerId>,
}

/// What the verification page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standby {
    /// In line, no officer yet.
    Waiting,
    /// The officer looks and listens.
    Focus,
    /// The officer is with somebody else; picture and sound are not taken.
    Hold,
    /// Nobody can be reached: the participant may go on alone.
    Nobody,
}

impl Desk {
    pub fn check(&self, item: Item) -> &Check {
        self.checks.get(&item).unwrap_or(&Check::Pending)
    }

    /// Why the officer wants it again, as long as the participant has not begun to mend it.
    pub fn asks_again(&self, item: Item) -> Option<&str> {
        match self.check(item) {
            Check::AskedAgain { reason } if !self.mending.contains(&item) => Some(reason),
            Check::AskedAgain { .. } | Check::Pending | Check::Correct | Check::Corrected => None,
        }
    }

    /// The participant has changed it, which the snapshot of `revision` shows first: whatever was found right is so no more.
    /// What was asked for again stays so until it is [given](Self::given): half a number is nothing for an officer to look at.
    pub(super) fn changed(&mut self, item: Item, revision: u32) {
        self.shown_in.insert(item, revision);
        match self.checks.get(&item) {
            Some(Check::AskedAgain { .. }) => {
                self.mending.insert(item);
            }
            Some(Check::Correct | Check::Corrected) => {
                self.checks.insert(item, Check::Corrected);
            }
            Some(Check::Pending) | None => {}
        }
    }

    /// The participant has left the page: what was asked for again and can be taken as it is now, has been given.
    pub(super) fn given(&mut self, can_be_taken: impl Fn(Item) -> bool) {
        for item in self.mending.extract_if(.., |item| can_be_taken(*item)) {
            if let Some(check @ Check::AskedAgain { .. }) = self.checks.get_mut(&item) {
                *check = Check::Corrected;
            }
        }
    }

    /// Whether a snapshot of that revision shows something else than there is now.
    fn has_changed_since(&self, item: Item, seen: u32) -> bool {
        self.shown_in.get(&item).is_some_and(|shown_in| *shown_in > seen)
    }

    pub(super) fn forget(&mut self, item: Item) {
        self.checks.remove(&item);
    }

    /// The officer has said that everything is right.
    pub fn is_verified(&self) -> bool {
        self.verified_by.is_some()
    }

    /// The officer's "live" as the device sees it.
    pub fn is_live(&self) -> bool {
        self.call == Some(CallNews::Live)
    }
}

impl Session {
    pub fn standby(&self) -> Standby {
        let Some(visit) = &self.visit else { return Standby::Nobody };
        if !self.surroundings.hub_connected || (visit.desk.officer.is_none() && visit.desk.may_go_alone) {
            return Standby::Nobody;
        }
        match (&visit.desk.officer, visit.desk.mode) {
            (None, _) => Standby::Waiting,
            (Some(_), Some(CallMode::Focus)) => Standby::Focus,
            (Some(_), Some(CallMode::Tile | CallMode::Hold) | None) => Standby::Hold,
        }
    }

    pub(super) fn enter_verification(&mut self, now: Now) {
        if let Some(visit) = &mut self.visit {
            let since = visit.desk.waiting_since.unwrap_or(now.instant);
            visit.desk.waiting_since = visit.desk.officer.is_none().then_some(since);
        }
    }

    /// Nobody is there: the claim is signed and kept as unverified, an officer phones later.
    pub(super) fn continue_alone(&mut self, now: Now) {
        if self.page == Page::Verification && self.standby() == Standby::Nobody && self.is_answered(now.today) {
            self.page = Page::Sign;
        }
    }

    pub(super) fn toggle_mute(&mut self, effects: &mut Vec<Effect>) {
        if let Some(visit) = &mut self.visit {
            visit.muted = !visit.muted;
            effects.push(Effect::Mute(visit.muted));
        }
    }

    pub(super) fn call_says(&mut self, news: CallNews) {
        if let Some(visit) = &mut self.visit {
            visit.desk.call = Some(news);
        }
    }

    pub(super) fn hub_says(&mut self, news: HubNews, now: Now, effects: &mut Vec<Effect>) {
        match news {
            HubNews::Connected => self.surroundings.hub_connected = true,
            HubNews::Disconnected => {
                self.surroundings.hub_connected = false;
                self.surroundings.officers_ready = 0;
                if let Some(visit) = &mut self.visit {
                    // The call goes directly to the officer's browser and may well outlive the hub's connection; but
                    // nothing the officer clicks arrives, so nobody is at the desk.
                    visit.desk.officer = None;
                    visit.desk.mode = None;
                    visit.desk.watched = false;
                }
            }
            HubNews::Office { officers_ready, expected_wait } => {
                self.surroundings.officers_ready = officers_ready;
                self.surroundings.expected_wait = expected_wait;
            }
            HubNews::Assignment { session, assignment } if self.is_running(session) => self.assigned(assignment, now),
            HubNews::Attention { session, mode, place, expected_wait } if self.is_running(session) => {
                if let Some(visit) = &mut self.visit {
                    visit.desk.mode = Some(mode);
                    visit.desk.place = place;
                    visit.desk.expected_wait = expected_wait;
                    visit.help_asked &= mode != CallMode::Focus;
                }
            }
            HubNews::Check { session, item, verdict, seen } if self.is_running(session) => {
                self.checked(item, verdict, seen, effects)
            }
            HubNews::Message { session, text } if self.is_running(session) => {
                if let Some(visit) = &mut self.visit {
                    visit.desk.message = Some(text);
                }
            }
            HubNews::Watched { session, watched } if self.is_running(session) => {
                if let Some(visit) = &mut self.visit {
                    visit.desk.watched = watched;
                }
            }
            HubNews::Decision { session, decision } if self.is_running(session) => self.decided(decision, now, effects),
            HubNews::EndSession { session } if self.is_running(session) => {
                // A claim that is being written is the participant's: it is kept before anything ends.
                if self.is_saving() {
                    effects.push(Effect::Ignored("end of session while saving"));
                } else {
                    self.end(self.outcome_of_ending(Outcome::Aborted), effects);
                }
            }
            HubNews::Assignment { session, .. }
            | HubNews::Attention { session, .. }
            | HubNews::Check { session, .. }
            | HubNews::Message { session, .. }
            | HubNews::Watched { session, .. }
            | HubNews::Decision { session, .. }
            | HubNews::EndSession { session } => {
                effects.push(Effect::Ignored("message for another session"));
                // The hub has not heard of its end, perhaps because this booth has been without power since.
                effects.push(Effect::SessionEnded { session, outcome: Outcome::Aborted });
            }
        }
    }

    fn is_running(&self, session: SessionId) -> bool {
        self.visit.as_ref().is_some_and(|visit| visit.id == session && visit.announced)
    }

    fn assigned(&mut self, assignment: Assignment, now: Now) {
        let page = self.page;
        let Some(visit) = &mut self.visit else { return };
        let desk = &mut visit.desk;
        match assignment {
            Assignment::Officer { officer, name } => {
                if desk.last_officer.replace(officer).is_some_and(|last| last != officer) {
                    desk.handed_over = Some(now.instant);
                }
                desk.officer = Some(Officer { id: officer, name });
                desk.waiting_since = None;
                desk.may_go_alone = false;
            }
            Assignment::Waiting { place, expected_wait_s } => {
                desk.officer = None;
                desk.mode = None;
                desk.place = place;
                desk.expected_wait = Duration::from_secs(u64::from(expected_wait_s));
            }
            Assignment::Nobody => {
                desk.officer = None;
                desk.mode = None;
                desk.place = 0;
                // There is nobody to wait for.
                desk.may_go_alone = true;
            }
        }
        if page == Page::Verification && desk.officer.is_none() {
            desk.waiting_since.get_or_insert(now.instant);
        }
    }

    fn checked(&mut self, item: Item, verdict: Verdict, seen: u32, effects: &mut Vec<Effect>) {
        let Some(visit) = &mut self.visit else { return };
        let open = matches!(visit.ending, Ending::Open) && visit.desk.verified_by.is_none();
        if !open || !visit.draft.items().contains(&item) {
            effects.push(Effect::Ignored("check of an item that is not open"));
            return;
        }
        if visit.desk.has_changed_since(item, seen) {
            // The participant was faster: the officer sees the new answer, and that it was not judged.
            visit.desk.checks.insert(item, Check::Corrected);
            effects.push(Effect::Ignored("check of an answer that has changed since"));
            return;
        }
        let check = match verdict {
            Verdict::Correct => Check::Correct,
            Verdict::AskAgain { reason } => Check::AskedAgain { reason },
            Verdict::Pending => Check::Pending,
        };
        visit.desk.checks.insert(item, check);
    }

    fn decided(&mut self, decision: Decision, now: Now, effects: &mut Vec<Effect>) {
        let answered = self.is_answered(now.today);
        let Some(visit) = &mut self.visit else { return };
        // Also while the participant mends an answer: the officer may have seen enough.
        if self.page != Page::Verification && visit.return_to != Some(Page::Verification) {
            effects.push(Effect::Ignored("decision outside of the verification"));
            return;
        }
        let officer = visit.desk.officer.as_ref().map(|officer| officer.id);
        match decision {
            Decision::Verified
                if answered
                    && officer.is_some()
                    && visit.draft.items().iter().all(|item| *visit.desk.check(*item) == Check::Correct) =>
            {
                visit.desk.verified_by = officer;
                visit.return_to = None;
                self.page = Page::Sign;
            }
            Decision::Verified => effects.push(Effect::Ignored("verified before everything is checked")),
            Decision::Returned { reasons } => {
                visit.desk.returned = reasons;
                visit.return_to = None;
                self.page = Page::Returned;
            }
        }
    }
}
