//! The pages on which the participant answers: consent, identity, reason, details, review.

use super::taps::MORE_REASONS;
use super::words::{Word, words};
use super::{Lists, detail_input, item_id, sync};
use bilik_claim::field::bank_choices;
use bilik_claim::identity::Fault;
use bilik_claim::money::{Rupiah, TaxEstimate};
use bilik_claim::reason::REASONS;
use bilik_claim::session::item::{Field, Item};
use bilik_claim::session::{HELP_AFTER, Now, Page, ReaderProblem, Session, Visit, consent};
use bilik_claim::text::Language;
use bilik_claim::wire::DeviceState;
use bilik_ui::{AppWindow, Choice, IdentityKind, Point, ReaderState, ReviewRow, Tone};
use slint::ComponentHandle as _;

pub fn consent(lists: &Lists, language: Language) {
    let points = consent::POINTS
        .iter()
        .map(|(title, text)| Point { title: title.get(language).into(), text: text.get(language).into() });
    sync(&lists.points, points.collect());
}

pub fn identify(window: &AppWindow, session: &Session, visit: &Visit) {
    let language = session.settings().language;
    let page = window.global::<bilik_ui::IdentifyAdapter>();
    page.set_reader_state(match session.surroundings().reader {
        DeviceState::Ready if visit.cards.reading => ReaderState::Reading,
        DeviceState::Ready => ReaderState::Ready,
        DeviceState::Missing => ReaderState::NotConnected,
        DeviceState::Absent => ReaderState::NoReader,
    });
    let problem = visit.cards.problem.map(|problem| card_problem(problem, language).0);
    page.set_problem(problem.unwrap_or_default().into());
    page.set_offers_help(visit.cards.failed >= HELP_AFTER);
}

pub fn type_identity(window: &AppWindow, visit: &Visit, now: Now, language: Language) {
    let page = window.global::<bilik_ui::TypeIdentityAdapter>();
    let field = visit.identity_field;
    page.set_kind(if field == Field::Kpj { IdentityKind::Kpj } else { IdentityKind::Nik });
    page.set_value(visit.draft.shown(field, language).reveal().into());
    let (message, tone) = message(visit, field, now, language);
    page.set_message(message.into());
    page.set_message_tone(tone);
}

pub fn reason(lists: &Lists, visit: &Visit, language: Language) {
    let chosen = visit.draft.reason;
    // A reason that was chosen from the rest is shown where it stands.
    let more = visit.more_reasons || chosen.is_some_and(|reason| !reason.row().frequent);
    let mut choices: Vec<Choice> = (0..)
        .zip(REASONS)
        .filter(|(_, row)| row.frequent != more)
        .map(|(id, row)| Choice {
            id,
            title: row.title.get(language).into(),
            subtitle: row.subtitle.get(language).into(),
            selected: chosen == Some(row.reason),
        })
        .collect();
    if !more {
        choices.push(Choice {
            id: MORE_REASONS,
            title: words(Word::OtherReason).get(language).into(),
            subtitle: words(Word::OtherReasons).get(language).into(),
            selected: false,
        });
    }
    sync(&lists.reasons, choices);
}

pub fn detail(window: &AppWindow, lists: &Lists, session: &Session, visit: &Visit, now: Now) {
    let Page::Detail(field) = session.page() else { return };
    let language = session.settings().language;
    let page = window.global::<bilik_ui::DetailAdapter>();
    page.set_title(field.question().get(language).into());
    page.set_lead(field.lead().get(language).into());
    page.set_value(visit.draft.shown(field, language).reveal().into());
    page.set_placeholder(field.placeholder().into());
    page.set_input(detail_input(field));
    page.set_optional(field.is_optional());
    let (message, tone) = message(visit, field, now, language);
    page.set_message(message.into());
    page.set_message_tone(tone);
    let choices = if field == Field::Bank {
        let chosen = visit.draft.typed(Field::Bank);
        let banks = (0..).zip(bank_choices(language));
        banks
            .map(|(id, (code, name))| Choice { id, title: name.into(), subtitle: "".into(), selected: code == chosen })
            .collect()
    } else {
        Vec::new()
    };
    sync(&lists.choices, choices);
}

pub fn review(window: &AppWindow, lists: &Lists, visit: &Visit, now: Now, language: Language) {
    let draft = &visit.draft;
    let mut rows = Vec::new();
    for field in draft.fields() {
        let judged = draft.judge(field, now.today);
        if field.is_optional() && draft.typed(field).is_empty() {
            continue;
        }
        let note = match &judged {
            Ok(answer) => answer.doubts.first().map(|doubt| doubt.explain(language)),
            Err(fault) => Some(fault.explain(language)),
        };
        rows.push(ReviewRow {
            id: item_id(Item::Field(field)),
            label: field.title().get(language).into(),
            value: draft.shown(field, language).reveal().into(),
            warning: note.is_some(),
            note: note.unwrap_or_default().into(),
        });
    }
    for kind in draft.documents() {
        let photo = draft.photos.get(&kind);
        let note = match photo {
            Some(photo) => photo.doubt.map(|doubt| bilik_claim::identity::Doubt::Photo(doubt).explain(language)),
            None => Some(bilik_claim::identity::Doubt::NoPhoto.explain(language)),
        };
        let value = if photo.is_some() { Word::PhotoTaken } else { Word::NoPhoto };
        rows.push(ReviewRow {
            id: item_id(Item::Document(kind)),
            label: kind.title().get(language).into(),
            value: words(value).get(language).into(),
            warning: note.is_some(),
            note: note.unwrap_or_default().into(),
        });
    }
    sync(&lists.review, rows);
    let estimate = draft.typed(Field::Balance).parse().ok().map(|gross| {
        let estimate = TaxEstimate::for_lump_sum(Rupiah(gross));
        super::words::tax(estimate, language)
    });
    window.global::<bilik_ui::ReviewAdapter>().set_tax_estimate(estimate.unwrap_or_default().into());
}

/// What stands under a field: nothing while it is untouched, but for why the officer wants it again; a hint while it is
/// incomplete, an error when more typing cannot mend it, a doubt when it can be taken.
fn message(visit: &Visit, field: Field, now: Now, language: Language) -> (String, Tone) {
    if let Some(problem) = visit.cards.problem {
        return card_problem(problem, language);
    }
    if let Some(reason) = visit.desk.asks_again(Item::Field(field)) {
        return (format!("{}: {}", words(Word::OfficerSays).get(language), brief(reason)), Tone::Attention);
    }
    if visit.draft.typed(field).is_empty() {
        return (String::new(), Tone::None);
    }
    match visit.draft.judge(field, now.today) {
        Ok(answer) => match answer.doubts.first() {
            Some(doubt) => (doubt.explain(language), Tone::Attention),
            None => (String::new(), Tone::None),
        },
        Err(Fault::Choice) => (String::new(), Tone::None),
        Err(fault) if fault.is_incomplete() => (fault.explain(language), Tone::Attention),
        Err(fault) => (fault.explain(language), Tone::Bad),
    }
}

/// The beginning of what an officer has written, where there is room for three lines. All of it stands in the checklist.
fn brief(text: &str) -> String {
    const MOST: usize = 100;
    let Some((end, _)) = text.char_indices().nth(MOST) else { return text.to_owned() };
    let beginning = &text[..end];
    let words = beginning.rfind(' ').map_or(beginning, |space| &beginning[..space]);
    format!("{words} …")
}

/// Why the last card was not taken.
fn card_problem(problem: ReaderProblem, language: Language) -> (String, Tone) {
    match problem {
        ReaderProblem::Unreadable => (words(Word::CardUnreadable).get(language).to_owned(), Tone::Attention),
        ReaderProblem::OtherCard => (words(Word::OtherCard).get(language).to_owned(), Tone::Attention),
        ReaderProblem::LeftBehind => (words(Word::CardLeftBehind).get(language).to_owned(), Tone::Attention),
        ReaderProblem::Fault(field, fault) => {
            let read = words(Word::CardRead).get(language);
            (format!("{read} {}: {}", field.title().get(language), fault.explain(language)), Tone::Bad)
        }
    }
}
