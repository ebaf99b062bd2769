//! Cards: the one thing in a booth that answers a question without typing.

use super::Session;
use super::claim::EntrySource;
use super::draft::answer_context;
use super::event::{Now, ReaderNews};
use super::navigation::Page;
use crate::identity::Fault;
use crate::session::item::{Field, Item};
use crate::wire::DeviceState;

/// Why a card was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderProblem {
    /// The reader could not make sense of it.
    Unreadable,
    /// It was read, but the number on it cannot be right.
    Fault(Field, Fault),
}

impl Session {
    pub(super) fn reader_says(&mut self, news: ReaderNews, now: Now) {
        match news {
            ReaderNews::Ready => self.surroundings.reader = DeviceState::Ready,
            ReaderNews::Lost => self.surroundings.reader = DeviceState::Missing,
            ReaderNews::Reading | ReaderNews::Card { .. } | ReaderNews::Unreadable => {}
        }
        let today = now.today;
        let page = self.page;
        let Some(visit) = &mut self.visit else { return };
        visit.card_in_reader = news == ReaderNews::Reading;
        match news {
            ReaderNews::Card { field, digits } => {
                let wanted = if let Page::Detail(asked) = page {
                    asked == field
                } else {
                    matches!(page, Page::Identify | Page::TypeIdentity) && matches!(field, Field::Nik | Field::Kpj)
                };
                if !wanted {
                    return;
                }
                self.last_touch = now.instant;
                match field.judge(digits.reveal(), &answer_context(&visit.draft, today)) {
                    Ok(_) => {
                        if visit.draft.typed(field) != digits.reveal() {
                            visit.desk.changed(Item::Field(field));
                        }
                        visit.draft.set(field, digits, EntrySource::CardReader);
                        if !matches!(page, Page::Detail(_)) {
                            visit.identity_field = field;
                        }
                        visit.reader_problem = None;
                        self.advance(now);
                    }
                    Err(fault) => {
                        visit.reader_problem = Some(ReaderProblem::Fault(field, fault));
                    }
                }
            }
            ReaderNews::Unreadable if matches!(page, Page::Identify) => {
                self.last_touch = now.instant;
                visit.reader_problem = Some(ReaderProblem::Unreadable);
            }
            ReaderNews::Ready | ReaderNews::Lost | ReaderNews::Reading | ReaderNews::Unreadable => {}
        }
    }

    pub(super) fn choose_identity_field(&mut self, field: Field) {
        if let (Page::TypeIdentity, Field::Nik | Field::Kpj, Some(visit)) = (self.page, field, &mut self.visit) {
            visit.identity_field = field;
        }
    }
}
