//! The session as the officer sees it.

use super::effect::Effect;
use super::event::Now;
use super::item::{Check, Field, Item};
use super::navigation::Page;
use super::{Ending, Session};
use crate::identity::Doubt;
use crate::personal::Personal;
use crate::text::Language;
use crate::wire::{ItemView, SessionSnapshot, Step, Turn};

impl Session {
    /// The newest state as it was published, for a hub that has lost it.
    pub fn published(&self) -> Option<&SessionSnapshot> {
        self.visit.as_ref()?.published.as_deref()
    }

    /// Publishes the state if the officer would see a difference.
    pub(super) fn publish(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let Some(mut snapshot) = self.snapshot(now) else { return };
        let Some(visit) = &mut self.visit else { return };
        if visit.published.as_deref().is_some_and(|before| *before == snapshot) {
            return;
        }
        visit.revision += 1;
        snapshot.revision = visit.revision;
        visit.published = Some(Box::new(snapshot.clone()));
        effects.push(Effect::Publish(Box::new(snapshot)));
    }

    fn snapshot(&self, now: Now) -> Option<SessionSnapshot> {
        let visit = self.visit.as_ref().filter(|visit| visit.announced)?;
        let tracking = match &visit.ending {
            Ending::Kept { tracking, .. } | Ending::Confirmed { tracking, .. } => Some(tracking.clone()),
            Ending::Open | Ending::Saving { .. } | Ending::Failed { .. } => None,
        };
        Some(SessionSnapshot {
            session: visit.id,
            revision: visit.revision,
            language: self.settings.language,
            step: self.step(),
            name: visit.draft.shown(Field::Name, Language::Id),
            turn: self.turn(),
            items: visit.draft.items().into_iter().filter_map(|item| self.item_view(item, now)).collect(),
            microphone_muted: visit.muted,
            message: visit.desk.message.clone(),
            tracking,
        })
    }

    /// An item appears once there is something to look at, and stays from then on: no row goes from under the officer's eyes
    /// while the participant mends what stood there.
    fn item_view(&self, item: Item, now: Now) -> Option<ItemView> {
        let visit = self.visit.as_ref()?;
        let check = visit.desk.check(item).clone();
        let view = |value, doubts: Vec<Doubt>, photo| {
            let doubts = doubts.iter().map(|doubt| doubt.explain(Language::Id)).collect();
            ItemView { item, value, doubts, photo, check }
        };
        match item {
            Item::Field(field) => {
                let shows = |snapshot: &SessionSnapshot| snapshot.items.iter().any(|row| row.item == item);
                let doubts = match visit.draft.judge(field, now.today) {
                    Ok(answer) => answer.doubts,
                    Err(_) if visit.published.as_deref().is_some_and(shows) => Vec::new(),
                    Err(_) => return None,
                };
                Some(view(visit.draft.shown(field, Language::Id), doubts, None))
            }
            Item::Document(kind) => match visit.draft.photos.get(&kind) {
                Some(photo) => {
                    let doubts = photo.doubt.map(Doubt::Photo).into_iter().collect();
                    Some(view(Personal::default(), doubts, Some(photo.number)))
                }
                // Past the documents page without a camera: the officer has to look in another way.
                None if matches!(self.step(), Step::Review | Step::Verification) => {
                    Some(view(Personal::default(), vec![Doubt::NoPhoto], None))
                }
                None => None,
            },
        }
    }

    fn step(&self) -> Step {
        let ending = self.visit.as_ref().map(|visit| &visit.ending);
        match self.page {
            Page::OutOfService | Page::Welcome | Page::Consent => Step::Consent,
            Page::Identify | Page::TypeIdentity => Step::Identify,
            // While an answer is mended, the visit is still where it was asked for.
            Page::Reason | Page::Detail(_) | Page::Documents if self.mends_for(Page::Verification) => {
                Step::Verification
            }
            Page::Reason | Page::Detail(_) | Page::Documents if self.mends_for(Page::Review) => Step::Review,
            Page::Reason => Step::Reason,
            Page::Detail(_) => Step::Details,
            Page::Documents => Step::Documents,
            Page::Review => Step::Review,
            Page::Verification => Step::Verification,
            Page::Sign => Step::Signing,
            Page::Finished if matches!(ending, Some(Ending::Confirmed { .. })) => Step::Confirmed,
            Page::Finished if matches!(ending, Some(Ending::Kept { .. })) => Step::Kept,
            Page::Finished => Step::Signing,
            Page::Returned => Step::Returned,
        }
    }

    fn mends_for(&self, page: Page) -> bool {
        self.visit.as_ref().is_some_and(|visit| visit.return_to == Some(page))
    }

    fn turn(&self) -> Turn {
        let Some(visit) = &self.visit else { return Turn::Participant };
        let asked_again = |item: &Item| matches!(visit.desk.check(*item), Check::AskedAgain { .. });
        match self.step() {
            Step::Kept | Step::Confirmed | Step::Returned => Turn::Done,
            _ if visit.help_asked => Turn::Help,
            Step::Verification if visit.draft.items().iter().any(asked_again) => Turn::Correction,
            Step::Verification if self.page != Page::Verification => Turn::Correction,
            Step::Verification => Turn::Officer,
            Step::Consent
            | Step::Identify
            | Step::Reason
            | Step::Details
            | Step::Documents
            | Step::Review
            | Step::Signing => Turn::Participant,
        }
    }
}
