//! Visits from the first touch to the last, on time that is an argument.

use super::*;
use crate::document::DocumentKind;
use crate::filing::Standing;
use crate::identity::Fault;
use crate::ids::{ClaimId, OfficerId, TrackingCode, WallTime};
use crate::personal::{Personal, PersonalBytes};
use crate::wire::{Assignment, CallMode, Decision, SessionSnapshot, Step, Turn, Verdict};
use item::{Check, Item};
use jiff::civil::date;
use proptest::prelude::*;

struct Booth {
    session: Session,
    start: Instant,
    elapsed: Duration,
    effects: Vec<Effect>,
}

impl Booth {
    fn new() -> Self {
        let start = Instant::now();
        let mut next = 0_u128;
        let ids = move || {
            next += 1;
            Uuid::from_u128(next)
        };
        let mut booth = Self {
            session: Session::new(BoothId(Uuid::from_u128(99)), start, ids),
            start,
            elapsed: Duration::ZERO,
            effects: Vec::new(),
        };
        for device in [Device::Reader, Device::Camera, Device::DocumentCamera, Device::Microphone] {
            booth.event(Event::Device { device, state: DeviceState::Ready });
        }
        booth.hub(HubNews::Connected);
        booth
    }

    fn now(&self) -> Now {
        Now { instant: self.start + self.elapsed, wall: WallTime(1_795_000_000_000), today: date(2026, 11, 22) }
    }

    fn event(&mut self, event: Event) {
        let effects = self.session.handle(event, self.now());
        self.effects.extend(effects);
    }

    fn tap(&mut self, tap: Tap) {
        self.event(Event::Tap(tap));
    }

    fn hub(&mut self, news: HubNews) {
        self.event(Event::Hub(news));
    }

    fn card(&mut self, digits: &str) {
        self.event(Event::Reader(ReaderNews::Card { reading: CardReading::number(digits), lay_there: false }));
    }

    fn keys(&mut self, text: &str) {
        for character in text.chars() {
            self.tap(Tap::Key(Key::Character(character)));
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.elapsed += Duration::from_secs(seconds);
        self.event(Event::Tick);
    }

    fn visit(&self) -> &Visit {
        self.session.visit().unwrap()
    }

    fn id(&self) -> SessionId {
        self.visit().id
    }

    fn snapshot(&self) -> &SessionSnapshot {
        self.session.published().unwrap()
    }

    fn officer(&mut self) {
        let session = self.id();
        let assignment = Assignment::Officer { officer: OfficerId(Uuid::from_u128(5)), name: "Sari".into() };
        self.hub(HubNews::Assignment { session, assignment });
    }

    fn attention(&mut self, mode: CallMode) {
        let session = self.id();
        self.hub(HubNews::Attention { session, mode, place: 0, expected_wait: Duration::ZERO });
    }

    fn check(&mut self, item: Item, verdict: Verdict) {
        let (session, seen) = (self.id(), self.visit().revision);
        self.hub(HubNews::Check { session, item, verdict, seen });
    }

    fn decide(&mut self, decision: Decision) {
        let session = self.id();
        self.hub(HubNews::Decision { session, decision });
    }

    fn photograph(&mut self, bytes: &[u8]) {
        self.tap(Tap::TakePhoto);
        let Some(PendingPhoto::Asked { request }) = self.visit().pending_photo else { panic!("camera was not asked") };
        let jpeg = PersonalBytes::new(bytes.to_vec());
        self.event(Event::Photo { request, outcome: PhotoOutcome::Taken { jpeg, doubt: None } });
        self.tap(Tap::UsePhoto);
    }

    fn reach_review(&mut self, reason: Reason) {
        self.tap(Tap::Start);
        self.tap(Tap::AcceptConsent);
        self.card("3171011708450001");
        assert_eq!(self.session.page(), Page::Reason);
        self.tap(Tap::ChooseReason(reason));
        self.tap(Tap::Next);
        while let Page::Detail(field) = self.session.page() {
            match field {
                Field::Kpj => self.keys("12345678901"),
                Field::Name => self.keys("budi specimen"),
                Field::EventDate => self.keys("03102026"),
                Field::Phone => self.keys("08123456789"),
                Field::Bank => self.tap(Tap::ChooseBank("BRI")),
                Field::AccountNumber => self.keys("012345678901234"),
                Field::AccountHolder => assert_eq!(self.visit().draft.typed(field), "Budi Specimen"),
                Field::Balance => self.keys("60000000"),
                Field::TaxNumber => self.keys("123456782901000"),
                Field::Nik | Field::Reason => panic!("{field:?} has no page of its own here"),
            }
            self.tap(Tap::Next);
        }
        assert_eq!(self.session.page(), Page::Documents);
        for kind in self.visit().draft.documents() {
            assert_eq!(self.visit().current_document(), Some(kind));
            let source = if kind == DocumentKind::Face { PhotoSource::Face } else { PhotoSource::Documents };
            assert_eq!(self.preview(), Some(source));
            self.photograph(kind.code().as_bytes());
        }
        self.tap(Tap::Next);
        assert_eq!(self.session.page(), Page::Review);
    }

    fn draw(&mut self) {
        self.tap(Tap::Stroke(Stroke::Start { x: 0.1, y: 0.5 }));
        self.tap(Tap::Stroke(Stroke::Move { x: 0.9, y: 0.4 }));
    }

    fn kept_claim(&self) -> &claim::FinishedClaim {
        let mut kept =
            self.effects.iter().filter_map(|effect| if let Effect::Keep(claim) = effect { Some(claim) } else { None });
        let claim = kept.next().expect("a claim was kept");
        assert!(kept.next().is_none(), "kept once");
        claim
    }

    /// The camera that is shown, by the effects so far.
    fn preview(&self) -> Option<PhotoSource> {
        let shown = |effect: &Effect| if let Effect::Preview(source) = effect { Some(*source) } else { None };
        self.effects.iter().rev().find_map(shown).flatten()
    }

    fn ended(&self) -> Option<Outcome> {
        let outcome =
            |effect: &Effect| if let Effect::SessionEnded { outcome, .. } = effect { Some(*outcome) } else { None };
        self.effects.iter().find_map(outcome)
    }
}

#[test]
fn a_whole_visit_with_an_officer() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::LaidOff);
    booth.officer();
    booth.tap(Tap::Next);
    assert_eq!((booth.session.page(), booth.session.standby()), (Page::Verification, Standby::Hold));
    assert_eq!((booth.snapshot().step, booth.snapshot().turn), (Step::Verification, Turn::Officer));
    assert_eq!(booth.preview(), None, "no camera is shown beyond the documents page");
    booth.attention(CallMode::Focus);
    assert_eq!(booth.session.standby(), Standby::Focus);

    // One field is asked for again, and corrected.
    let account = Item::Field(Field::AccountNumber);
    for item in booth.visit().draft.items() {
        booth.check(item, Verdict::Correct);
    }
    booth.check(account, Verdict::AskAgain { reason: "Satu angka kurang".into() });
    assert_eq!(booth.snapshot().turn, Turn::Correction);
    booth.decide(Decision::Verified);
    assert_eq!(booth.session.page(), Page::Verification, "not before everything is checked");
    booth.tap(Tap::Fix(account));
    assert_eq!(booth.session.page(), Page::Detail(Field::AccountNumber));
    booth.tap(Tap::Key(Key::Backspace));
    booth.keys("5");
    booth.tap(Tap::Next);
    assert_eq!(booth.session.page(), Page::Verification);
    assert_eq!(*booth.visit().desk.check(account), Check::Corrected);
    booth.check(account, Verdict::Correct);
    booth.decide(Decision::Verified);
    assert_eq!(booth.session.page(), Page::Sign);

    // The officer's word stands even if the line goes now.
    booth.hub(HubNews::Disconnected);
    booth.tap(Tap::Next);
    assert_eq!(booth.session.page(), Page::Sign, "not without a signature");
    booth.draw();
    booth.tap(Tap::Next);
    let claim = booth.kept_claim().clone();
    assert!(matches!(claim.record.standing, Standing::Verified { .. }));
    let value =
        |field| claim.record.entries.iter().find(|entry| entry.field == field).unwrap().value.reveal().to_owned();
    assert_eq!(value(Field::Nik), "3171011708450001");
    assert_eq!(value(Field::AccountNumber), "012345678901235");
    assert_eq!(value(Field::EventDate), "2026-10-03");
    assert_eq!(claim.photos.len(), 7, "four common ones, notice, tax card, face");
    assert_eq!(claim.record.documents[0].digest, crate::ids::Digest::of(b"identity_card"));

    let id = claim.record.claim;
    booth.event(Event::Confirmed { claim: id });
    assert!(matches!(booth.visit().ending, Ending::Saving { .. }), "not confirmed before it is kept");
    booth.event(Event::Kept { claim: id, tracking: TrackingCode::of(id) });
    assert_eq!(booth.snapshot().step, Step::Kept);
    assert!(booth.visit().draft.photos.is_empty(), "the clear copy is gone");
    booth.event(Event::Confirmed { claim: id });
    assert_eq!(booth.snapshot().step, Step::Confirmed);
    booth.tap(Tap::Rate(4));
    booth.tap(Tap::Finish);
    assert_eq!(booth.session.page(), Page::Welcome);
    assert!(booth.session.visit().is_none());
    assert_eq!(booth.ended(), Some(Outcome::Kept));
    assert!(matches!(booth.effects.last(), Some(Effect::Wipe)));
}

#[test]
fn without_hub_the_claim_is_kept_unverified() {
    let mut booth = Booth::new();
    booth.hub(HubNews::Disconnected);
    booth.reach_review(Reason::RetirementAge);
    booth.tap(Tap::Next);
    assert_eq!(booth.session.standby(), Standby::Nobody);
    booth.tap(Tap::ContinueAlone);
    booth.draw();
    booth.tap(Tap::Next);
    assert!(matches!(booth.kept_claim().record.standing, Standing::Unverified { .. }));
}

#[test]
fn waiting_long_offers_to_go_on_alone() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    let session = booth.id();
    booth.hub(HubNews::Assignment { session, assignment: Assignment::Waiting { place: 2, expected_wait_s: 90 } });
    booth.tap(Tap::Next);
    assert_eq!(booth.session.standby(), Standby::Waiting);
    booth.tap(Tap::ContinueAlone);
    booth.tap(Tap::Next);
    assert_eq!(booth.session.page(), Page::Verification, "an officer may still come");
    assert_eq!(booth.session.deadline(), Some(booth.now().instant + NO_OFFICER_OFFER));
    booth.wait(NO_OFFICER_OFFER.as_secs());
    assert_eq!(booth.session.standby(), Standby::Nobody);
    booth.officer();
    assert_eq!(booth.session.standby(), Standby::Hold, "an officer came after all");
    booth.hub(HubNews::Assignment { session, assignment: Assignment::Nobody });
    assert_eq!(booth.session.standby(), Standby::Nobody);
}

#[test]
fn the_participant_is_told_of_another_officer_for_a_while() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    let session = booth.id();
    let serves = |number: u128| {
        let assignment = Assignment::Officer { officer: OfficerId(Uuid::from_u128(number)), name: "Petugas".into() };
        HubNews::Assignment { session, assignment }
    };
    let told = |booth: &Booth| booth.visit().desk.handed_over.is_some();
    booth.hub(serves(5));
    booth.hub(serves(5));
    assert!(!told(&booth), "the first one, said twice");
    booth.wait(1);
    booth.hub(serves(6));
    assert!(told(&booth));
    booth.tap(Tap::Help);
    booth.tap(Tap::CloseOverlay);
    assert_eq!(booth.session.deadline(), Some(booth.now().instant + HANDED_OVER_TOLD));
    booth.wait(HANDED_OVER_TOLD.as_secs() - 1);
    assert!(told(&booth));
    booth.wait(1);
    assert!(!told(&booth));
    // Also where nobody was there in between; not where the same one comes back.
    booth.hub(HubNews::Assignment { session, assignment: Assignment::Nobody });
    booth.hub(serves(6));
    assert!(!told(&booth));
    booth.hub(HubNews::Disconnected);
    booth.hub(HubNews::Connected);
    booth.hub(serves(5));
    assert!(told(&booth));
}

#[test]
fn who_reads_along_is_known_until_the_line_is_lost_or_the_visit_ends() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    let watched = |session, watched| HubNews::Watched { session, watched };
    let session = booth.id();
    booth.hub(watched(session, true));
    assert!(booth.visit().desk.watched);
    booth.hub(HubNews::Disconnected);
    assert!(!booth.visit().desk.watched, "nothing goes out");
    booth.hub(HubNews::Connected);
    booth.hub(watched(session, true));
    booth.hub(watched(session, false));
    assert!(!booth.visit().desk.watched);
    booth.hub(watched(SessionId(Uuid::from_u128(404)), true));
    assert!(!booth.visit().desk.watched);
    assert!(matches!(booth.effects.last(), Some(Effect::SessionEnded { .. })));
    booth.hub(watched(session, true));
    booth.tap(Tap::LeaveConfirmed);
    booth.tap(Tap::Start);
    assert!(!booth.visit().desk.watched);
}

#[test]
fn idle_asks_then_ends() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.tap(Tap::Language);
    booth.tap(Tap::AcceptConsent);
    booth.wait(59);
    assert_eq!(booth.session.overlay(), Overlay::None);
    booth.wait(1);
    assert!(matches!(booth.session.overlay(), Overlay::StillThere { .. }));
    booth.tap(Tap::TypeInstead);
    assert_eq!(
        (booth.session.overlay(), booth.session.page()),
        (Overlay::None, Page::Identify),
        "the touch only answers"
    );
    booth.wait(60);
    booth.wait(19);
    assert!(booth.session.visit().is_some());
    booth.wait(1);
    assert!(booth.session.visit().is_none());
    assert_eq!(booth.ended(), Some(Outcome::TimedOut));
    assert_eq!(booth.session.settings(), Settings::default(), "the next person starts in Indonesian");
    assert_eq!(booth.session.deadline(), None);
}

#[test]
fn nobody_is_asked_while_the_officer_talks() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.officer();
    booth.tap(Tap::Next);
    booth.attention(CallMode::Focus);
    booth.wait(3_600);
    assert_eq!(booth.session.overlay(), Overlay::None);
    booth.attention(CallMode::Hold);
    assert_eq!(booth.session.overlay(), Overlay::None, "the time begins when the officer goes");
}

#[test]
fn cards() {
    let check = |digits: &str, page: Page, problem: Option<ReaderProblem>| {
        let mut booth = Booth::new();
        booth.tap(Tap::Start);
        booth.card(digits);
        assert_eq!(booth.session.page(), Page::Consent, "no card is read before the consent");
        booth.tap(Tap::AcceptConsent);
        booth.card(digits);
        assert_eq!((booth.session.page(), booth.visit().cards.problem), (page, problem), "{digits}");
    };
    check("3171011708450001", Page::Reason, None);
    check("12345678901", Page::Reason, None);
    let fault = ReaderProblem::Fault(Field::Nik, Fault::Province);
    check("0071011708450001", Page::Identify, Some(fault));
    check("123456782901000", Page::Identify, Some(ReaderProblem::OtherCard));
}

#[test]
fn a_card_fills_the_number_that_is_asked_for() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.tap(Tap::AcceptConsent);
    booth.event(Event::Reader(ReaderNews::Unreadable));
    assert_eq!(booth.visit().cards.problem, Some(ReaderProblem::Unreadable));
    booth.tap(Tap::TypeInstead);
    booth.keys("31710117084500");
    booth.tap(Tap::Next);
    assert_eq!(booth.session.page(), Page::TypeIdentity);
    booth.keys("01");
    booth.tap(Tap::Next);
    booth.tap(Tap::ChooseReason(Reason::RetirementAge));
    booth.tap(Tap::Next);
    assert_eq!(booth.session.page(), Page::Detail(Field::Kpj));
    booth.card("3171011708450001");
    assert_eq!(booth.visit().cards.problem, None, "the card that still lies there is no mistake");
    booth.card("3171011708450002");
    assert_eq!(booth.visit().cards.problem, Some(ReaderProblem::OtherCard));
    assert_eq!(booth.session.page(), Page::Detail(Field::Kpj));
    booth.card("12345678901");
    assert_eq!(booth.session.page(), Page::Detail(Field::Name));
    assert_eq!(booth.visit().draft.source(Field::Kpj), claim::EntrySource::CardReader);
}

#[test]
fn a_verdict_on_what_has_changed_since_does_not_count() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.officer();
    booth.tap(Tap::Next);
    booth.attention(CallMode::Focus);
    let (session, item) = (booth.id(), Item::Field(Field::Phone));
    let seen = booth.visit().revision;
    booth.tap(Tap::Fix(item));
    booth.tap(Tap::Key(Key::Backspace));
    booth.keys("7");
    booth.hub(HubNews::Check { session, item, verdict: Verdict::Correct, seen });
    assert_eq!(*booth.visit().desk.check(item), Check::Corrected, "the officer is shown that this is another answer");
    let seen = booth.visit().revision;
    booth.hub(HubNews::Check { session, item, verdict: Verdict::Correct, seen });
    assert_eq!(*booth.visit().desk.check(item), Check::Correct);
    let other = Item::Field(Field::Name);
    booth.hub(HubNews::Check { session, item: other, verdict: Verdict::Correct, seen: 1 });
    assert_eq!(*booth.visit().desk.check(other), Check::Corrected, "typed after the first snapshot");
}

#[test]
fn what_is_asked_for_again_is_given_when_the_participant_goes_on() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.officer();
    booth.tap(Tap::Next);
    booth.attention(CallMode::Focus);
    for item in booth.visit().draft.items() {
        booth.check(item, Verdict::Correct);
    }
    let account = Item::Field(Field::AccountNumber);
    let asked = Check::AskedAgain { reason: "Satu angka kurang".into() };
    let rows = |booth: &Booth| booth.snapshot().items.iter().map(|row| row.item).collect::<Vec<_>>();
    let row = |booth: &Booth| {
        let row = booth.snapshot().items.iter().find(|row| row.item == account).cloned().expect("the row stays");
        (row.value.reveal().to_owned(), row.check)
    };
    let all = rows(&booth);
    booth.check(account, Verdict::AskAgain { reason: "Satu angka kurang".into() });
    booth.tap(Tap::Fix(account));
    booth.tap(Tap::Key(Key::Backspace));
    assert_eq!(row(&booth), ("0123 4567 8901 23".into(), asked.clone()), "the officer sees it being mended");
    booth.tap(Tap::Key(Key::Clear));
    assert_eq!((row(&booth), rows(&booth)), ((String::new(), asked.clone()), all.clone()));
    booth.tap(Tap::Next);
    booth.keys("012345678901235");
    assert_eq!(row(&booth), ("0123 4567 8901 235".into(), asked), "they may still look at it themselves");
    booth.tap(Tap::Next);
    assert_eq!((row(&booth).1, rows(&booth)), (Check::Corrected, all));
    // A verdict that meets the participant at it holds for what the officer saw.
    booth.check(account, Verdict::AskAgain { reason: "Masih salah".into() });
    booth.tap(Tap::Fix(account));
    booth.tap(Tap::Key(Key::Backspace));
    booth.keys("6");
    booth.check(account, Verdict::Correct);
    booth.tap(Tap::Next);
    assert_eq!(row(&booth), ("0123 4567 8901 236".into(), Check::Correct));
}

#[test]
fn a_number_is_what_the_page_asks_for() {
    let bare = CardReading::number;
    let named = |field, text: &str| CardEntry { field: Some(field), text: Personal::new(text) };
    let check = |reading: &CardReading, asked: &[Field], expect: Option<(Field, &str)>| {
        assert_eq!(reading.answer(asked).map(|(field, text)| (field, text.reveal())), expect, "{asked:?}");
    };
    let (nik, kpj) = ("3171011708450001", "12345678901");
    check(&bare(nik), &[Field::Nik, Field::Kpj], Some((Field::Nik, nik)));
    check(&bare(kpj), &[Field::Nik, Field::Kpj], Some((Field::Kpj, kpj)));
    check(&bare(nik), &[Field::TaxNumber], Some((Field::TaxNumber, nik)));
    check(&bare("123456782901000"), &[Field::TaxNumber], Some((Field::TaxNumber, "123456782901000")));
    check(&bare("123456782901000"), &[Field::Nik, Field::Kpj], None);
    check(&bare(nik), &[Field::Kpj], None);
    let both = CardReading { entries: vec![named(Field::Name, "Budi Specimen"), named(Field::Kpj, kpj)] };
    check(&both, &[Field::Nik, Field::Kpj], Some((Field::Kpj, kpj)));
    check(&both, &[Field::Nik], None);
    check(&CardReading::default(), &[Field::Nik], None);
}

#[test]
fn a_card_that_names_its_fields_offers_them_all() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.tap(Tap::AcceptConsent);
    let entries = [(Field::Name, "BUDI SPECIMEN"), (Field::Nik, "3171011708450001"), (Field::Kpj, "not a number")];
    let entries = entries.map(|(field, text)| CardEntry { field: Some(field), text: Personal::new(text) });
    booth.event(Event::Reader(ReaderNews::Card {
        reading: CardReading { entries: entries.to_vec() },
        lay_there: false,
    }));
    assert_eq!(booth.session.page(), Page::Reason);
    let draft = &booth.visit().draft;
    assert_eq!(draft.typed(Field::Nik), "3171011708450001");
    assert_eq!(draft.typed(Field::Name), "BUDI SPECIMEN");
    assert_eq!(draft.typed(Field::Kpj), "", "what cannot be right is not offered");
}

#[test]
fn three_cards_of_no_use_and_an_officer_is_offered() {
    let mut booth = Booth::new();
    assert!(!booth.session.wants_card());
    booth.tap(Tap::Start);
    assert!(!booth.session.wants_card(), "no card is asked for before the consent");
    booth.tap(Tap::AcceptConsent);
    assert!(booth.session.wants_card());
    booth.event(Event::Reader(ReaderNews::Unreadable));
    booth.card("0071011708450001");
    assert_eq!(booth.visit().cards.failed, HELP_AFTER - 1);
    booth.card("123456782901000");
    assert_eq!(booth.visit().cards.failed, HELP_AFTER);
    booth.card("3171011708450001");
    assert_eq!((booth.session.page(), booth.visit().cards.failed), (Page::Reason, 0));
    assert!(!booth.session.wants_card());
}

#[test]
fn what_lies_on_the_reader_keeps_no_visit_alive() {
    let wrong = || ReaderNews::Card { reading: CardReading::number("123456782901000"), lay_there: false };
    for news in [wrong as fn() -> ReaderNews, || ReaderNews::Unreadable] {
        let mut booth = Booth::new();
        booth.tap(Tap::Start);
        booth.tap(Tap::AcceptConsent);
        // Twice a second, as a reader that is started anew reads it.
        for _ in 0..122 {
            booth.event(Event::Reader(news()));
            booth.elapsed += Duration::from_millis(500);
        }
        assert!(matches!(booth.session.overlay(), Overlay::StillThere { .. }), "{:?}", news());
        assert_eq!(booth.visit().cards.failed, 1, "it is one card, not many");
    }
}

#[test]
fn a_card_answers_whether_somebody_is_there() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.tap(Tap::AcceptConsent);
    booth.wait(61);
    assert!(matches!(booth.session.overlay(), Overlay::StillThere { .. }));
    booth.event(Event::Reader(ReaderNews::Unreadable));
    assert!(matches!(booth.session.overlay(), Overlay::StillThere { .. }), "noise is nobody");
    booth.card("3171011708450001");
    assert_eq!((booth.session.overlay(), booth.session.page()), (Overlay::None, Page::Reason));
    booth.wait(30);
    assert_eq!(booth.session.page(), Page::Reason, "the visit goes on");
}

#[test]
fn a_card_that_was_left_behind_is_to_be_lifted() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.tap(Tap::AcceptConsent);
    let lies = || ReaderNews::Card { reading: CardReading::number("3171011708450001"), lay_there: true };
    booth.event(Event::Reader(lies()));
    assert_eq!(booth.session.page(), Page::Identify);
    assert_eq!(booth.visit().cards.problem, Some(ReaderProblem::LeftBehind));
    for _ in 0..10 {
        booth.elapsed += Duration::from_millis(500);
        booth.card("3171011708450001");
    }
    assert_eq!(booth.session.page(), Page::Identify, "it has not been lifted");
    booth.elapsed += SAME_CARD_FOR;
    booth.card("3171011708450001");
    assert_eq!(booth.session.page(), Page::Reason);
}

#[test]
fn a_card_on_the_reader_undoes_no_correction_and_answers_no_other_question() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.tap(Tap::Fix(Item::Field(Field::Nik)));
    booth.elapsed += SAME_CARD_FOR;
    booth.card("3171011708450001");
    assert_eq!(booth.session.page(), Page::Detail(Field::Nik), "the number that stands there already is no answer");
    booth.elapsed += SAME_CARD_FOR;
    booth.card("3171011708450002");
    assert_eq!(booth.session.page(), Page::Review);
    booth.tap(Tap::Fix(Item::Field(Field::Balance)));
    booth.tap(Tap::Key(Key::Clear));
    booth.keys("60000000");
    booth.tap(Tap::Next);
    booth.tap(Tap::Fix(Item::Field(Field::TaxNumber)));
    booth.elapsed += SAME_CARD_FOR;
    booth.card("3171011708450002");
    assert_eq!(booth.session.page(), Page::Detail(Field::TaxNumber), "offered, not taken");
    assert_eq!(booth.visit().draft.typed(Field::TaxNumber), "3171011708450002");
}

#[test]
fn the_name_of_another_card_goes_with_it() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.tap(Tap::AcceptConsent);
    let entries = [(Field::Name, "SARI SPECIMEN"), (Field::Nik, "3171011708450002")];
    let entries = entries.map(|(field, text)| CardEntry { field: Some(field), text: Personal::new(text) });
    let reading = CardReading { entries: entries.to_vec() };
    booth.event(Event::Reader(ReaderNews::Card { reading, lay_there: false }));
    assert_eq!(booth.visit().draft.typed(Field::Name), "SARI SPECIMEN");
    booth.tap(Tap::Back);
    booth.card("3171011708450001");
    assert_eq!(booth.visit().draft.typed(Field::Nik), "3171011708450001");
    assert_eq!(booth.visit().draft.typed(Field::Name), "", "it is another person's");
}

#[test]
fn a_larger_balance_opens_what_it_needs() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.tap(Tap::Fix(Item::Field(Field::Balance)));
    booth.tap(Tap::Key(Key::Clear));
    booth.tap(Tap::Next);
    assert_eq!(booth.session.page(), Page::Review);
    booth.tap(Tap::Fix(Item::Field(Field::Reason)));
    booth.tap(Tap::ChooseReason(Reason::Resigned));
    booth.tap(Tap::Next);
    assert_eq!(booth.session.page(), Page::Detail(Field::EventDate), "the new reason asks for a date");
    booth.keys("03102026");
    booth.tap(Tap::Next);
    assert_eq!(
        (booth.session.page(), booth.visit().current_document()),
        (Page::Documents, Some(DocumentKind::EmployerLetter))
    );
    booth.photograph(b"letter");
    assert_eq!(booth.session.page(), Page::Review);
}

#[test]
fn an_alternative_replaces_the_paper() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::LaidOff);
    booth.tap(Tap::Back);
    assert_eq!(booth.session.page(), Page::Documents);
    booth.tap(Tap::ChooseAlternative(DocumentKind::CourtRuling));
    assert!(!booth.visit().draft.photos.contains_key(&DocumentKind::LayoffNotice));
    assert_eq!(booth.visit().current_document(), Some(DocumentKind::CourtRuling));
    assert!(!booth.session.can_go_on(date(2026, 11, 22)));
}

#[test]
fn a_failed_keep_can_be_tried_again() {
    let mut booth = Booth::new();
    booth.hub(HubNews::Disconnected);
    booth.reach_review(Reason::RetirementAge);
    booth.tap(Tap::Next);
    booth.tap(Tap::ContinueAlone);
    booth.draw();
    booth.tap(Tap::Next);
    let id = booth.kept_claim().record.claim;
    booth.wait(1_000);
    booth.tap(Tap::Finish);
    booth.tap(Tap::LeaveConfirmed);
    assert!(booth.session.visit().is_some(), "a claim in the making is waited for");
    booth.event(Event::KeepFailed { claim: ClaimId(Uuid::nil()) });
    assert!(matches!(booth.visit().ending, Ending::Saving { .. }));
    booth.event(Event::KeepFailed { claim: id });
    booth.effects.clear();
    booth.tap(Tap::Finish);
    assert_eq!(booth.kept_claim().record.claim, id, "the same claim, so it cannot be doubled");
}

#[test]
fn the_officer_returns_or_ends() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.officer();
    booth.decide(Decision::Returned { reasons: vec!["KTP buram".into()] });
    assert_eq!(booth.session.page(), Page::Review, "no decision before the verification");
    booth.tap(Tap::Next);
    booth.decide(Decision::Returned { reasons: vec!["KTP buram".into()] });
    assert_eq!(booth.session.page(), Page::Returned);
    booth.tap(Tap::Finish);
    assert_eq!(booth.ended(), Some(Outcome::Returned));

    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.hub(HubNews::EndSession { session: SessionId(Uuid::nil()) });
    assert!(booth.session.visit().is_some());
    let session = booth.id();
    booth.hub(HubNews::EndSession { session });
    assert_eq!(booth.ended(), Some(Outcome::Aborted));
}

#[test]
fn out_of_service_waits_for_the_end_of_the_visit() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.event(Event::OutOfService(Some(OutOfService::QueueFailed)));
    assert_eq!(booth.session.page(), Page::Consent);
    booth.tap(Tap::DeclineConsent);
    assert_eq!(booth.session.page(), Page::OutOfService);
    booth.tap(Tap::Start);
    assert!(booth.session.visit().is_none());
    booth.event(Event::OutOfService(None));
    assert_eq!(booth.session.page(), Page::Welcome);
}

#[test]
fn an_answer_is_not_left_empty() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.officer();
    booth.tap(Tap::Next);
    booth.tap(Tap::Fix(Item::Field(Field::Phone)));
    booth.tap(Tap::Key(Key::Clear));
    booth.tap(Tap::Back);
    assert_eq!(booth.session.page(), Page::Detail(Field::Phone), "mended before it goes back");
    booth.hub(HubNews::Disconnected);
    booth.tap(Tap::ContinueAlone);
    assert_eq!(booth.session.page(), Page::Detail(Field::Phone));
    booth.keys("08123456789");
    booth.tap(Tap::Back);
    assert_eq!((booth.session.page(), booth.session.standby()), (Page::Verification, Standby::Nobody));
}

#[test]
fn waiting_goes_on_while_an_answer_is_mended() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.officer();
    booth.tap(Tap::Next);
    booth.tap(Tap::Fix(Item::Field(Field::Phone)));
    let session = booth.id();
    booth.hub(HubNews::Assignment { session, assignment: Assignment::Waiting { place: 1, expected_wait_s: 60 } });
    booth.tap(Tap::Next);
    booth.wait(NO_OFFICER_OFFER.as_secs());
    assert_eq!(booth.session.standby(), Standby::Nobody);
}

#[test]
fn another_card_opens_the_check_again() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.tap(Tap::AcceptConsent);
    booth.card("3171011708450001");
    booth.tap(Tap::ChooseReason(Reason::RetirementAge));
    let nik = Item::Field(Field::Nik);
    booth.check(nik, Verdict::Correct);
    booth.tap(Tap::Back);
    booth.card("3171011708450001");
    assert_eq!(*booth.visit().desk.check(nik), Check::Correct, "the same card changes nothing");
    booth.tap(Tap::Back);
    booth.card("3171011708450002");
    assert_eq!(*booth.visit().desk.check(nik), Check::Corrected);
}

#[test]
fn the_officer_may_decide_while_an_answer_is_mended() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.officer();
    booth.tap(Tap::Next);
    booth.tap(Tap::Fix(Item::Field(Field::Phone)));
    booth.decide(Decision::Returned { reasons: vec!["KTP buram".into()] });
    assert_eq!(booth.session.page(), Page::Returned);
}

#[test]
fn a_booth_without_a_face_camera_goes_on() {
    let mut booth = Booth::new();
    booth.event(Event::Device { device: Device::Camera, state: DeviceState::Missing });
    booth.tap(Tap::Start);
    booth.tap(Tap::AcceptConsent);
    booth.card("3171011708450001");
    booth.tap(Tap::ChooseReason(Reason::RetirementAge));
    booth.session.page = Page::Documents;
    for kind in
        [DocumentKind::IdentityCard, DocumentKind::FamilyCard, DocumentKind::ParticipantCard, DocumentKind::BankBook]
    {
        assert!(!booth.session.can_go_on(date(2026, 11, 22)), "{kind:?} can be photographed");
        booth.photograph(b"jpeg");
    }
    assert!(booth.session.can_go_on(date(2026, 11, 22)), "nobody can photograph the face here");
}

#[test]
fn the_question_goes_when_the_officer_comes() {
    let mut booth = Booth::new();
    booth.reach_review(Reason::RetirementAge);
    booth.officer();
    booth.tap(Tap::Next);
    booth.wait(300);
    assert!(matches!(booth.session.overlay(), Overlay::StillThere { .. }));
    booth.attention(CallMode::Focus);
    booth.wait(3_600);
    assert!(booth.session.visit().is_some());
}

#[test]
fn a_session_of_before_the_power_cut_is_ended() {
    let mut booth = Booth::new();
    let old = SessionId(Uuid::from_u128(77));
    booth.hub(HubNews::Assignment { session: old, assignment: Assignment::Nobody });
    assert!(
        booth.effects.iter().any(|effect| matches!(effect, Effect::SessionEnded { session, .. } if *session == old))
    );
}

#[test]
fn help_brings_the_officer() {
    let mut booth = Booth::new();
    booth.tap(Tap::Start);
    booth.tap(Tap::AcceptConsent);
    booth.officer();
    booth.tap(Tap::Help);
    booth.tap(Tap::CallOfficer);
    assert_eq!(booth.snapshot().turn, Turn::Help);
    booth.attention(CallMode::Focus);
    assert_eq!(booth.snapshot().turn, Turn::Participant);
}

fn any_tap() -> impl Strategy<Value = Tap> {
    prop_oneof![
        8 => Just(Tap::Next),
        2 => Just(Tap::Start),
        2 => Just(Tap::AcceptConsent),
        1 => Just(Tap::DeclineConsent),
        1 => Just(Tap::Back),
        1 => Just(Tap::Skip),
        1 => Just(Tap::Help),
        1 => Just(Tap::CallOfficer),
        1 => Just(Tap::LeaveConfirmed),
        1 => Just(Tap::Finish),
        1 => Just(Tap::TypeInstead),
        2 => Just(Tap::TakePhoto),
        2 => Just(Tap::UsePhoto),
        1 => Just(Tap::RetakePhoto),
        1 => Just(Tap::ContinueAlone),
        8 => proptest::char::range('0', '9').prop_map(|c| Tap::Key(Key::Character(c))),
        4 => proptest::char::any().prop_map(|c| Tap::Key(Key::Character(c))),
        1 => Just(Tap::ChooseReason(Reason::LaidOff)),
        1 => Just(Tap::ChooseReason(Reason::Death)),
        1 => Just(Tap::ChooseBank("BRI")),
        1 => (0..40_usize).prop_map(Tap::SelectDocument),
        1 => Just(Tap::Fix(Item::Field(Field::Phone))),
        1 => Just(Tap::Fix(Item::Document(DocumentKind::Face))),
        1 => (any::<f32>(), any::<f32>()).prop_map(|(x, y)| Tap::Stroke(Stroke::Move { x, y })),
        1 => any::<u8>().prop_map(Tap::Rate),
    ]
}

fn any_step() -> impl Strategy<Value = (Option<Tap>, u8, u64)> {
    (proptest::option::weighted(0.7, any_tap()), any::<u8>(), 0..90_u64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: no panic, nothing personal without consent, revisions grow, no field's row goes while
    /// the claim has that field, and once nobody touches the booth it comes back to the welcome page by itself.
    #[test]
    fn any_visit_ends(steps in proptest::collection::vec(any_step(), 1..120)) {
        let mut booth = Booth::new();
        for (tap, other, seconds) in steps {
            if let Some(tap) = tap {
                booth.tap(tap);
            } else {
                let session = booth.session.visit().map_or(SessionId(Uuid::nil()), |visit| visit.id);
                let item = Item::Field(Field::Phone);
                match other % 10 {
                    0 => booth.card("3171011708450001"),
                    1 => booth.card("12345678901"),
                    2 => booth.hub(HubNews::Disconnected),
                    3 => booth.hub(HubNews::Connected),
                    4 => booth.hub(HubNews::Assignment { session, assignment: Assignment::Nobody }),
                    5 => booth.hub(HubNews::Check { session, item, verdict: Verdict::AskAgain { reason: "lagi".into() }, seen: u32::from(seconds % 2 == 0) }),
                    6 => booth.event(Event::Photo { request: 1, outcome: PhotoOutcome::Failed }),
                    7 => booth.hub(HubNews::Decision { session, decision: Decision::Verified }),
                    8 => booth.event(Event::Reader(ReaderNews::Unreadable)),
                    _ => booth.wait(seconds),
                }
            }
            if booth.session.visit().is_none_or(|visit| visit.draft.consent.is_none()) {
                prop_assert!(booth.session.published().is_none());
            }
        }
        let mut newest = std::collections::BTreeMap::new();
        for effect in &booth.effects {
            if let Effect::Publish(snapshot) = effect
                && let Some(before) = newest.insert(snapshot.session, snapshot)
            {
                prop_assert!(before.revision < snapshot.revision);
                let goes = |item| !snapshot.items.iter().any(|row| row.item == item);
                let mut gone = before.items.iter().map(|row| row.item).filter(|item| goes(*item));
                let by_reason = [Item::Field(Field::EventDate), Item::Field(Field::TaxNumber)];
                prop_assert!(gone.all(|item| by_reason.contains(&item) || matches!(item, Item::Document(_))));
            }
        }
        for _ in 0..4 {
            booth.wait(IDLE_ASK.as_secs() * 5 + IDLE_END.as_secs());
        }
        let saving = booth.session.visit().is_some_and(|visit| matches!(visit.ending, Ending::Saving { .. }));
        let focus = booth.session.visit().is_some() && booth.session.standby() == Standby::Focus;
        prop_assert!(booth.session.visit().is_none() || saving || focus);
    }
}
