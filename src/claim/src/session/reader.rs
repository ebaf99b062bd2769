//! Cards: the one thing in a booth that answers a question without typing.
//!
//! Few cards say what their number is. Sixteen digits can be a population number, a family card's or a tax number, so the
//! page that asked for one decides: [`CardReading::answer`]. A card that answers another question than the page's is said
//! to be the wrong one. After [`HELP_AFTER`] cards in a row that were of no use, the page offers an officer.
//!
//! Readers read a card that lies still again and again, and noise looks like a card. So what a card does is done once:
//! - The same card within [`SAME_CARD_FOR`] is the one that lies there, and says nothing new.
//! - Only a card that was not read just before shows that somebody is there; noise never does. A forgotten card must not keep
//!   a visit alive.
//! - A card that already lay there when the page began to ask may be the last participant's: it is asked to be lifted.
//! - A number that already stands in the field is no answer: else a card on the reader would undo every correction.

use super::Session;
use super::claim::EntrySource;
use super::draft::answer_context;
use super::event::{Now, ReaderNews};
use super::navigation::Page;
use super::{Overlay, Visit};
use crate::identity::{Fault, Kpj, Nik};
use crate::personal::Personal;
use crate::session::item::{Field, Item};
use crate::wire::DeviceState;
use std::time::{Duration, Instant};

/// So many cards of no use in a row, and the page offers an officer.
pub const HELP_AFTER: u8 = 3;
/// A card that is read again within this has not been lifted: readers that are started anew read it twice a second.
pub const SAME_CARD_FOR: Duration = Duration::from_millis(1500);

/// What the reader did in this visit.
#[derive(Debug, Default)]
pub struct Cards {
    /// Why the last card was not taken.
    pub problem: Option<ReaderProblem>,
    /// The first bytes of a card have come.
    pub reading: bool,
    /// Cards in a row that were of no use.
    pub failed: u8,
    /// The card that was read last, and when it was last seen.
    last: Option<(CardReading, Instant)>,
    /// When something unreadable came last.
    unreadable: Option<Instant>,
}

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
    /// It already lay there when the page began to ask.
    LeftBehind,
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
            Page::Detail(Field::Name) => &[Field::Name],
            Page::Detail(
                Field::Reason
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
            ReaderNews::Reading | ReaderNews::Card { .. } | ReaderNews::Unreadable => {}
        }
        let asked = self.page.asks_card_for();
        let Some(visit) = &mut self.visit else { return };
        visit.cards.reading = news == ReaderNews::Reading;
        match news {
            ReaderNews::Card { reading, lay_there } if !asked.is_empty() => {
                self.card_read(reading, lay_there, asked, now)
            }
            ReaderNews::Unreadable if !asked.is_empty() => {
                let before = visit.cards.unreadable.replace(now.instant);
                if before.is_none_or(|before| now.instant.saturating_duration_since(before) >= SAME_CARD_FOR) {
                    visit.cards.fail(ReaderProblem::Unreadable);
                }
            }
            // "Try once more" would be wrong now.
            ReaderNews::Lost => visit.cards.problem = None,
            ReaderNews::Ready | ReaderNews::Reading | ReaderNews::Card { .. } | ReaderNews::Unreadable => {}
        }
    }

    fn card_read(&mut self, reading: CardReading, lay_there: bool, asked: &[Field], now: Now) {
        let page = self.page;
        let Some(visit) = &mut self.visit else { return };
        let last = visit.cards.last.replace((reading.clone(), now.instant));
        let same = last.filter(|(last, _)| *last == reading).map(|(_, at)| at);
        if same.is_some_and(|at| now.instant.saturating_duration_since(at) < SAME_CARD_FOR) {
            return;
        }
        if lay_there && same.is_none() {
            visit.cards.problem = Some(ReaderProblem::LeftBehind);
            return;
        }
        if same.is_none() {
            self.last_touch = now.instant;
            if let Overlay::StillThere { .. } = self.overlay {
                self.overlay = Overlay::None;
            }
        }
        let Some((field, text)) = reading.answer(asked) else {
            // What a card told before is no mistake now.
            let known = [Field::Nik, Field::Kpj].map(|field| visit.draft.typed(field).to_owned());
            if !reading.entries.iter().any(|entry| known.iter().any(|known| known == entry.text.reveal())) {
                visit.cards.fail(ReaderProblem::OtherCard);
            }
            return;
        };
        if let Err(fault) = field.judge(text.reveal(), &answer_context(&visit.draft, now.today)) {
            visit.cards.fail(ReaderProblem::Fault(field, fault));
            return;
        }
        let first_way = matches!(page, Page::Identify | Page::TypeIdentity) && visit.return_to.is_none();
        let news = visit.draft.typed(field) != text.reveal();
        visit.cards.problem = None;
        visit.cards.failed = 0;
        if !news && !first_way {
            return;
        }
        // A tax number that is the NIK, and a name in the spelling of a passport, are offered: the participant goes on.
        let offered =
            field == Field::Name || (field == Field::TaxNumber && visit.draft.typed(Field::Nik) == text.reveal());
        if news {
            if field == Field::Nik {
                visit.forget_other_card();
            }
            visit.take_from_card(field, text);
        }
        // What else the card says of itself is offered on its own page, where the participant confirms or mends it.
        for CardEntry { field, text } in &reading.entries {
            let Some(other) = *field else { continue };
            let fits = visit.draft.typed(other).is_empty()
                && other.judge(text.reveal(), &answer_context(&visit.draft, now.today)).is_ok();
            if fits {
                visit.take_from_card(other, text);
            }
        }
        if !matches!(page, Page::Detail(_)) {
            visit.identity_field = field;
        }
        if !offered {
            self.advance(now);
        }
    }

    pub(super) fn choose_identity_field(&mut self, field: Field) {
        if let (Page::TypeIdentity, Field::Nik | Field::Kpj, Some(visit)) = (self.page, field, &mut self.visit) {
            visit.identity_field = field;
        }
    }
}

impl Visit {
    fn take_from_card(&mut self, field: Field, text: &Personal) {
        self.draft.set(field, text.clone(), EntrySource::CardReader);
        self.changed(Item::Field(field));
    }

    /// Another person's card: what the former one said goes.
    fn forget_other_card(&mut self) {
        for field in Field::ALL {
            if self.draft.source(*field) == EntrySource::CardReader {
                self.draft.set(*field, Personal::default(), EntrySource::CardReader);
                self.changed(Item::Field(*field));
            }
        }
    }
}

impl Cards {
    fn fail(&mut self, problem: ReaderProblem) {
        self.problem = Some(problem);
        self.failed = self.failed.saturating_add(1);
    }
}
