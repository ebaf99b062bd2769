//! The answers so far. They live in memory only and go with the visit.

use super::claim::{Consent, EntrySource};
use crate::document::DocumentKind;
use crate::field::{Answer, Context};
use crate::identity::{Fault, PhotoDoubt};
use crate::personal::{Personal, PersonalBytes};
use crate::reason::{Reason, TAX_NUMBER_ABOVE};
use crate::session::item::{Field, Item};
use crate::text::Language;
use jiff::civil::Date;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Draft {
    pub consent: Option<Consent>,
    pub reason: Option<Reason>,
    /// Of the papers of which any one will do.
    pub alternative: Option<DocumentKind>,
    entries: BTreeMap<Field, Typed>,
    pub photos: BTreeMap<DocumentKind, Photo>,
}

/// A field as typed, not yet judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub text: Personal,
    pub from_reader: bool,
}

/// A photograph that the participant has taken over.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Counted up with each new photograph of the visit.
    pub number: u32,
    pub jpeg: PersonalBytes,
    pub doubt: Option<PhotoDoubt>,
}

impl Draft {
    pub fn typed(&self, field: Field) -> &str {
        self.entries.get(&field).map_or("", |typed| typed.text.reveal())
    }

    pub fn source(&self, field: Field) -> EntrySource {
        match self.entries.get(&field) {
            Some(typed) if typed.from_reader => EntrySource::CardReader,
            _ => EntrySource::Typed,
        }
    }

    pub fn set(&mut self, field: Field, text: Personal, source: EntrySource) {
        if text.is_empty() {
            self.entries.remove(&field);
        } else {
            self.entries.insert(field, Typed { text, from_reader: source == EntrySource::CardReader });
        }
    }

    /// What the entry is worth today.
    pub fn judge(&self, field: Field, today: Date) -> Result<Answer, Fault> {
        if field == Field::Reason {
            let reason = self.reason.ok_or(Fault::Choice)?;
            return Ok(Answer { stored: Personal::new(reason.row().title.get(Language::Id)), doubts: Vec::new() });
        }
        field.judge(self.typed(field), &answer_context(self, today))
    }

    /// The fields of this claim, in the order in which they are asked and checked.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = vec![Field::Nik, Field::Kpj, Field::Name, Field::Reason];
        if self.reason.is_some_and(|reason| reason.row().asks_event_date) {
            fields.push(Field::EventDate);
        }
        fields.extend([Field::Phone, Field::Bank, Field::AccountNumber, Field::AccountHolder, Field::Balance]);
        if self.needs_tax_number() {
            fields.push(Field::TaxNumber);
        }
        fields
    }

    /// The documents of this claim, in the order in which they are photographed.
    pub fn documents(&self) -> Vec<DocumentKind> {
        self.reason.map_or_else(Vec::new, |reason| reason.row().required(self.alternative, self.needs_tax_number()))
    }

    /// Everything an officer checks.
    pub fn items(&self) -> Vec<Item> {
        let fields = self.fields().into_iter().filter(|field| field.is_checked()).map(Item::Field);
        fields.chain(self.documents().into_iter().map(Item::Document)).collect()
    }

    pub fn needs_tax_number(&self) -> bool {
        self.typed(Field::Balance).parse::<u64>().is_ok_and(|balance| balance > TAX_NUMBER_ABOVE)
    }

    /// Whether there is an answer or a photograph that can be taken as it is.
    pub fn has(&self, item: Item, today: Date) -> bool {
        match item {
            Item::Field(field) => self.judge(field, today).is_ok(),
            Item::Document(kind) => self.photos.contains_key(&kind),
        }
    }

    /// Fields that cannot be taken as they are.
    pub fn open_fields(&self, today: Date) -> Vec<Field> {
        self.fields()
            .into_iter()
            .filter(|field| {
                let left_out = field.is_optional() && self.typed(*field).is_empty();
                !left_out && self.judge(*field, today).is_err()
            })
            .collect()
    }

    pub fn open_documents(&self) -> Vec<DocumentKind> {
        self.documents().into_iter().filter(|kind| !self.photos.contains_key(kind)).collect()
    }

    /// A field as people write it.
    pub fn shown(&self, field: Field, language: Language) -> Personal {
        match (field, self.reason) {
            (Field::Reason, Some(reason)) => Personal::new(reason.row().title.get(language)),
            (Field::Bank, _) => {
                let chosen =
                    crate::field::bank_choices(language).into_iter().find(|(code, _)| *code == self.typed(field));
                Personal::new(chosen.map_or("", |(_, name)| name))
            }
            _ => field.shown(self.typed(field)),
        }
    }
}

/// What the judgement of the draft's fields depends on.
pub(super) fn answer_context(draft: &Draft, today: Date) -> Context<'_> {
    let known = |field: Field| Some(draft.typed(field)).filter(|text| !text.is_empty());
    Context { today, reason: draft.reason, name: known(Field::Name), bank: known(Field::Bank) }
}
