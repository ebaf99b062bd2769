//! From page to page: forth, back, and to one answer and back.

use super::claim::EntrySource;
use super::effect::Effect;
use super::event::{Key, Now};
use super::{Session, Standby, Visit};
use crate::document::DocumentKind;
use crate::field::Input;
use crate::identity::Name;
use crate::personal::Personal;
use crate::session::item::{Field, Item};
use crate::wire::DeviceState;
use jiff::civil::Date;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    OutOfService,
    Welcome,
    Consent,
    Identify,
    TypeIdentity,
    Reason,
    Detail(Field),
    Documents,
    Review,
    Verification,
    Sign,
    Finished,
    Returned,
}

impl Page {
    /// Where this page stands on the bar of seven steps; the fraction is the way through the step itself.
    pub fn progress(self, visit: &Visit) -> f32 {
        match self {
            Page::OutOfService | Page::Welcome => 0.0,
            Page::Consent => 0.5,
            Page::Identify | Page::TypeIdentity => 1.5,
            Page::Reason => 2.5,
            Page::Detail(field) => {
                let details = details(visit);
                let place = details.iter().position(|other| *other == field).unwrap_or(0);
                3.0 + (place as f32 + 0.5) / details.len().max(1) as f32
            }
            Page::Documents => {
                let all = visit.draft.documents().len().max(1);
                let open = visit.draft.open_documents().len();
                4.0 + ((all - open.min(all)) as f32 / all as f32).clamp(0.1, 0.95)
            }
            Page::Review => 5.0,
            Page::Verification => 5.5,
            Page::Sign => 6.5,
            Page::Finished | Page::Returned => 7.0,
        }
    }
}

/// The fields with a page of their own: the identity number that is still missing, then the form.
fn details(visit: &Visit) -> Vec<Field> {
    let fields = visit.draft.fields();
    fields.into_iter().filter(|field| *field != Field::Reason && *field != visit.identity_field).collect()
}

/// The pages of this visit from consent to signature.
fn way(visit: &Visit) -> Vec<Page> {
    let mut way = vec![Page::Consent, Page::Identify, Page::Reason];
    way.extend(details(visit).into_iter().map(Page::Detail));
    way.extend([Page::Documents, Page::Review, Page::Verification, Page::Sign]);
    way
}

impl Visit {
    /// The page of the first answer or photograph that is missing and can be given.
    fn first_open(&mut self, today: Date, possible: impl Fn(DocumentKind) -> bool) -> Option<Page> {
        if let Some(field) = self.draft.open_fields(today).first() {
            return Some(if *field == Field::Reason { Page::Reason } else { Page::Detail(*field) });
        }
        let open = self.draft.open_documents().into_iter().find(|kind| possible(*kind))?;
        self.document = self.draft.documents().iter().position(|kind| *kind == open)?;
        Some(Page::Documents)
    }
}

impl Session {
    pub fn can_go_back(&self) -> bool {
        match self.page {
            Page::Consent
            | Page::Identify
            | Page::TypeIdentity
            | Page::Reason
            | Page::Detail(_)
            | Page::Documents
            | Page::Review => true,
            // What is signed has been seen and decided; the officer's way back is "ask again".
            Page::Verification | Page::Sign | Page::OutOfService | Page::Welcome | Page::Finished | Page::Returned => {
                false
            }
        }
    }

    /// Whether the primary button does something now.
    pub fn can_go_on(&self, today: Date) -> bool {
        let Some(visit) = &self.visit else { return self.page == Page::Welcome };
        match self.page {
            Page::TypeIdentity => visit.draft.judge(visit.identity_field, today).is_ok(),
            Page::Reason => visit.draft.reason.is_some(),
            Page::Detail(field) => {
                visit.draft.judge(field, today).is_ok() || (field.is_optional() && visit.draft.typed(field).is_empty())
            }
            Page::Documents => !visit.draft.open_documents().into_iter().any(|kind| self.can_photograph(kind)),
            Page::Review => visit.draft.open_fields(today).is_empty(),
            Page::Sign => !visit.signature.is_empty(),
            Page::Finished => !self.is_saving(),
            Page::Consent | Page::Returned => true,
            Page::Verification => self.standby() == Standby::Nobody,
            Page::OutOfService | Page::Welcome | Page::Identify => false,
        }
    }

    /// Some camera can photograph it. If none can, the participant goes on, and the officer looks in another way.
    pub fn can_photograph(&self, kind: DocumentKind) -> bool {
        let ready = |state| state == DeviceState::Ready;
        ready(self.surroundings.camera) || (kind != DocumentKind::Face && ready(self.surroundings.document_camera))
    }

    /// Every answer that a claim needs is there.
    pub(super) fn is_answered(&self, today: Date) -> bool {
        self.visit.as_ref().is_some_and(|visit| visit.draft.open_fields(today).is_empty())
    }

    /// Back to the page where an answer was asked for again.
    fn return_to(&mut self, page: Page, now: Now) {
        if let Some(visit) = &mut self.visit {
            visit.return_to = None;
        }
        self.page = page;
        if page == Page::Verification {
            self.enter_verification(now);
        }
    }

    pub(super) fn next(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if !self.can_go_on(now.today) {
            return;
        }
        match self.page {
            Page::Welcome => self.start(),
            Page::Consent => self.consented(now, effects),
            Page::Sign => self.sign(now, effects),
            Page::Verification => self.continue_alone(now),
            Page::TypeIdentity
            | Page::Reason
            | Page::Detail(_)
            | Page::Documents
            | Page::Review
            | Page::OutOfService
            | Page::Identify
            | Page::Finished
            | Page::Returned => self.advance(now),
        }
    }

    /// One page on. After mending an answer: to what that answer has opened, then back to where it was asked for.
    pub(super) fn advance(&mut self, now: Now) {
        let (face, documents) =
            (self.can_photograph(DocumentKind::Face), self.can_photograph(DocumentKind::IdentityCard));
        let possible = |kind| if kind == DocumentKind::Face { face } else { documents };
        let Some(visit) = &mut self.visit else { return };
        if let Some(page) = visit.return_to {
            match visit.first_open(now.today, possible) {
                Some(open) => self.page = open,
                None => self.return_to(page, now),
            }
            self.prefill();
            return;
        }
        let here = if self.page == Page::TypeIdentity { Page::Identify } else { self.page };
        let way = way(visit);
        if let Some(next) = way.iter().position(|page| *page == here).and_then(|place| way.get(place + 1)) {
            self.page = *next;
        }
        self.prefill();
        if self.page == Page::Verification {
            self.enter_verification(now);
        }
    }

    pub(super) fn back(&mut self, now: Now) {
        if self.overlay != super::Overlay::None {
            self.overlay = super::Overlay::None;
            return;
        }
        if !self.can_go_back() {
            return;
        }
        let Some(visit) = &mut self.visit else { return };
        if let Some(page) = visit.return_to {
            // Not with a hole where the answer was: that is mended first.
            if self.is_answered(now.today) {
                self.return_to(page, now);
            }
            return;
        }
        match self.page {
            Page::Consent => self.overlay = super::Overlay::Leave,
            Page::TypeIdentity => self.page = Page::Identify,
            // The consent is given and the officer is coming: what is left is to go.
            Page::Identify => self.overlay = super::Overlay::Leave,
            Page::Reason if visit.more_reasons => visit.more_reasons = false,
            Page::Reason
            | Page::Detail(_)
            | Page::Documents
            | Page::Review
            | Page::OutOfService
            | Page::Welcome
            | Page::Verification
            | Page::Sign
            | Page::Finished
            | Page::Returned => {
                let way = way(visit);
                let place = way.iter().position(|page| *page == self.page).unwrap_or(0);
                if let Some(previous) = place.checked_sub(1).and_then(|place| way.get(place)) {
                    self.page = *previous;
                }
            }
        }
    }

    pub(super) fn skip(&mut self, now: Now) {
        let (Page::Detail(field), Some(visit)) = (self.page, &mut self.visit) else { return };
        if field.is_optional() {
            visit.draft.set(field, Personal::default(), EntrySource::Typed);
            self.advance(now);
        }
    }

    /// To the page of one answer, and from there straight back.
    pub(super) fn fix(&mut self, item: Item) {
        let from = self.page;
        let Some(visit) = &mut self.visit else { return };
        if !matches!(from, Page::Review | Page::Verification) {
            return;
        }
        match item {
            Item::Field(Field::Reason) => self.page = Page::Reason,
            Item::Field(field) if visit.draft.fields().contains(&field) => self.page = Page::Detail(field),
            Item::Field(_) => return,
            Item::Document(kind) => match visit.draft.documents().iter().position(|other| *other == kind) {
                Some(place) => {
                    visit.document = place;
                    self.page = Page::Documents;
                }
                None => return,
            },
        }
        visit.return_to = Some(from);
        self.prefill();
    }

    pub(super) fn choose_bank(&mut self, code: &'static str, now: Now) {
        let (Page::Detail(Field::Bank), Some(visit)) = (self.page, &mut self.visit) else { return };
        if Field::Bank.judge(code, &super::draft::answer_context(&visit.draft, now.today)).is_ok() {
            if visit.draft.typed(Field::Bank) != code {
                visit.changed(Item::Field(Field::Bank));
            }
            visit.draft.set(Field::Bank, Personal::new(code), EntrySource::Typed);
        }
    }

    pub(super) fn key(&mut self, key: Key) {
        let Some(visit) = &mut self.visit else { return };
        let field = match self.page {
            Page::TypeIdentity => visit.identity_field,
            Page::Detail(field) => field,
            Page::OutOfService
            | Page::Welcome
            | Page::Consent
            | Page::Identify
            | Page::Reason
            | Page::Documents
            | Page::Review
            | Page::Verification
            | Page::Sign
            | Page::Finished
            | Page::Returned => return,
        };
        let before = visit.draft.typed(field);
        let mut text = before.to_owned();
        match (key, field.input()) {
            (_, Input::Choice) => return,
            (Key::Clear, _) => text.clear(),
            (Key::Backspace, _) => {
                text.pop();
            }
            (Key::Character(c), Input::Digits { most }) if c.is_ascii_digit() && text.len() < most => text.push(c),
            (Key::Character(c), Input::Letters { most })
                if text.chars().count() < most && (c.is_alphabetic() || " .,'-/".contains(c)) =>
            {
                // People type names in small letters on glass; a name begins with a capital.
                let starts = text.chars().last().is_none_or(|last| matches!(last, ' ' | '-' | '\'' | '.'));
                text.extend(if starts { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] });
            }
            (Key::Character(_), Input::Digits { .. } | Input::Letters { .. }) => return,
        }
        visit.cards.problem = None;
        if text != before {
            visit.draft.set(field, Personal::new(text), EntrySource::Typed);
            visit.changed(Item::Field(field));
        }
    }

    /// The account is nearly always in the participant's own name: offered, not assumed.
    fn prefill(&mut self) {
        let (Page::Detail(Field::AccountHolder), Some(visit)) = (self.page, &mut self.visit) else { return };
        if visit.draft.typed(Field::AccountHolder).is_empty() {
            let name = Name::parse(visit.draft.typed(Field::Name)).map(|parsed| Personal::new(parsed.value.text()));
            visit.draft.set(Field::AccountHolder, name.unwrap_or_default(), EntrySource::Typed);
        }
    }
}
