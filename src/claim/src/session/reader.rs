//! Cards: the one thing in a booth that answers a question without typing.
//!
//! Few cards say what their number is. Sixteen digits can be a population number, a family card's or a tax number, so the
//! page that asked for one decides: [`CardReading::answer`]. A card that answers another question than the page's is said
//! to be the wrong one. After [`HELP_AFTER`] cards in a row that were of no use, the page offers an officer.

use super::Session;
use super::claim::EntrySource;
use super::draft::answer_context;
use super::event::{Now, ReaderNews};
use super::navigation::Page;
use crate::identity::{Fault, Kpj, Nik};
use crate::personal::Personal;
use crate::session::item::{Field, Item};
use crate::wire::DeviceState;

/// So many cards of no use in a row, and the page offers an officer.
pub const HELP_AFTER: u8 = 3;

/// What a reader found on a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardReading {
    pub entries: Vec<CardEntry>,
}

/// One value on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardEntry {
    /// What the card itself says it is; none for a bare number.
    pub field: Option<Field>,
    pub text: Personal,
}

/// Why a card was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderProblem {
    /// The reader could not make sense of it.
    Unreadable,
    /// It was read, but what is asked for does not stand on it.
    OtherCard,
    /// It was read, but the number on it cannot be right.
    Fault(Field, Fault),
}

impl CardReading {
    /// A card with nothing but a number.
    pub fn number(digits: &str) -> Self {
        Self { entries: vec![CardEntry { field: None, text: Personal::new(digits) }] }
    }

    /// The entry that answers one of the questions: one that says so itself before a bare number of the right length.
    pub fn answer(&self, asked: &[Field]) -> Option<(Field, &Personal)> {
        let named = |field: Field| self.entries.iter().find(move |entry| entry.field == Some(field));
        let bare = |field: Field| {
            let fits = move |entry: &&CardEntry| entry.field.is_none() && field.fits_card(entry.text.reveal());
            self.entries.iter().find(fits)
        };
        let named = asked.iter().find_map(|field| named(*field).map(|entry| (*field, &entry.text)));
        named.or_else(|| asked.iter().find_map(|field| bare(*field).map(|entry| (*field, &entry.text))))
    }
}

impl Field {
    /// Whether a bare number on a card can be this.
    fn fits_card(self, digits: &str) -> bool {
        match self {
            Field::Nik => digits.len() == Nik::LENGTH,
            Field::Kpj => digits.len() == Kpj::LENGTH,
            Field::TaxNumber => matches!(digits.len(), 15 | 16),
            Field::Name
            | Field::Reason
            | Field::EventDate
            | Field::Phone
            | Field::Bank
            | Field::AccountNumber
            | Field::AccountHolder
            | Field::Balance => false,
        }
    }
}

impl Page {
    /// What a card may answer on this page.
    fn asks_card_for(self) -> &'static [Field] {
        match self {
            Page::Identify | Page::TypeIdentity => &[Field::Nik, Field::Kpj],
            Page::Detail(Field::Nik) => &[Field::Nik],
            Page::Detail(Field::Kpj) => &[Field::Kpj],
            Page::Detail(Field::TaxNumber) => &[Field::TaxNumber],
            Page::Detail(
                Field::Name
                | Field::Reason
                | Field::EventDate
                | Field::Phone
                | Field::Bank
                | Field::AccountNumber
                | Field::AccountHolder
                | Field::Balance,
            )
            | Page::Welcome
            | Page::OutOfService
            | Page::Consent
            | Page::Reason
            | Page::Documents
            | Page::Review
            | Page::Verification
            | Page::Sign
            | Page::Finished
            | Page::Returned => &[],
        }
    }
}

impl Session {
    /// Whether the page can use a card: a reader that is started by the booth lights up only then.
    pub fn wants_card(&self) -> bool {
        self.visit.is_some() && !self.page.asks_card_for().is_empty()
    }

    pub(super) fn reader_says(&mut self, news: ReaderNews, now: Now) {
        match &news {
            ReaderNews::Ready => self.surroundings.reader = DeviceState::Ready,
            ReaderNews::Lost => self.surroundings.reader = DeviceState::Missing,
            ReaderNews::Reading | ReaderNews::Card(_) | ReaderNews::Unreadable => {}
        }
        let asked = self.page.asks_card_for();
        let Some(visit) = &mut self.visit else { return };
        visit.card_in_reader = news == ReaderNews::Reading;
        match news {
            ReaderNews::Card(reading) if !asked.is_empty() => self.card_read(&reading, asked, now),
            ReaderNews::Unreadable if !asked.is_empty() => self.card_failed(ReaderProblem::Unreadable, now),
            ReaderNews::Ready
            | ReaderNews::Lost
            | ReaderNews::Reading
            | ReaderNews::Card(_)
            | ReaderNews::Unreadable => {}
        }
    }

    fn card_read(&mut self, reading: &CardReading, asked: &[Field], now: Now) {
        let page = self.page;
        let Some(visit) = &mut self.visit else { return };
        let Some((field, text)) = reading.answer(asked) else {
            // A card that still lies on the reader is read again and again: what it told before is no mistake now.
            let known =
                |text: &Personal| [Field::Nik, Field::Kpj].iter().any(|f| visit.draft.typed(*f) == text.reveal());
            if !reading.entries.iter().any(|entry| known(&entry.text)) {
                self.card_failed(ReaderProblem::OtherCard, now);
            }
            return;
        };
        if let Err(fault) = field.judge(text.reveal(), &answer_context(&visit.draft, now.today)) {
            self.card_failed(ReaderProblem::Fault(field, fault), now);
            return;
        }
        self.last_touch = now.instant;
        if visit.draft.typed(field) != text.reveal() {
            visit.changed(Item::Field(field));
        }
        visit.draft.set(field, text.clone(), EntrySource::CardReader);
        // What else the card says of itself is offered on its own page, where the participant confirms or mends it.
        for CardEntry { field, text } in &reading.entries {
            let Some(other) = *field else { continue };
            let fits = visit.draft.typed(other).is_empty()
                && other.judge(text.reveal(), &answer_context(&visit.draft, now.today)).is_ok();
            if fits {
                visit.draft.set(other, text.clone(), EntrySource::CardReader);
            }
        }
        if !matches!(page, Page::Detail(_)) {
            visit.identity_field = field;
        }
        visit.reader_problem = None;
        visit.failed_cards = 0;
        self.advance(now);
    }

    fn card_failed(&mut self, problem: ReaderProblem, now: Now) {
        self.last_touch = now.instant;
        if let Some(visit) = &mut self.visit {
            visit.reader_problem = Some(problem);
            visit.failed_cards = visit.failed_cards.saturating_add(1);
        }
    }

    pub(super) fn choose_identity_field(&mut self, field: Field) {
        if let (Page::TypeIdentity, Field::Nik | Field::Kpj, Some(visit)) = (self.page, field, &mut self.visit) {
            visit.identity_field = field;
        }
    }
}
