//! What officers do with each other, and what supervisors see.

use super::*;
use bilik_claim::wire::{Closing, Colleague, FloorBooth, encode};

const RATNA: OfficerId = OfficerId(Uuid::from_u128(0x53));
const DEWI: OfficerId = OfficerId(Uuid::from_u128(0x54));

/// Booth 1 in Sari's hands, booth 2 in Budi's, Ratna oversees.
fn floor() -> Desk {
    let mut desk = Desk::new(1);
    desk.booth_up(BOOTH_1);
    desk.booth_up(BOOTH_2);
    desk.console_up_as(SARI, "Sari", Role::Officer);
    desk.participant(BOOTH_1, SESSION_1);
    desk.console_up_as(BUDI, "Budi", Role::Officer);
    desk.participant(BOOTH_2, SESSION_2);
    desk.console_up_as(RATNA, "Ratna", Role::Supervisor);
    desk
}

fn transfer(session: SessionId, to: OfficerId) -> ConsoleToHub {
    ConsoleToHub::Transfer { session, to, note: " Surat kurang satu. ".into() }
}

fn watch(session: SessionId) -> ConsoleToHub {
    ConsoleToHub::Watch { session: Some(session) }
}

fn audits(effects: &[Effect]) -> Vec<AuditEvent> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Audit(event) = effect { Some(event.clone()) } else { None })
        .collect()
}

/// What was told to one console.
fn told<'a>(desk: &Desk, effects: &'a [Effect], officer: OfficerId) -> Vec<&'a HubToConsole> {
    let to = |effect: &'a Effect| match effect {
        Effect::ToConsole(connection, message) if *connection == desk.consoles[&officer] => Some(message),
        _ => None,
    };
    effects.iter().filter_map(to).collect()
}

fn tile_for(desk: &Desk, effects: &[Effect], officer: OfficerId) -> Option<Tile> {
    told(desk, effects, officer).into_iter().rev().find_map(|message| match message {
        HubToConsole::Tile { tile } => Some((**tile).clone()),
        _ => None,
    })
}

/// The last word on what somebody reads along.
fn watching(desk: &Desk, effects: &[Effect], officer: OfficerId) -> Option<Option<Tile>> {
    told(desk, effects, officer).into_iter().rev().find_map(|message| match message {
        HubToConsole::Watching { tile } => Some(tile.as_deref().cloned()),
        _ => None,
    })
}

fn booths_for(desk: &Desk, effects: &[Effect], officer: OfficerId) -> Vec<FloorBooth> {
    let booth = |message: &HubToConsole| match message {
        HubToConsole::Floor { booth } => Some((**booth).clone()),
        _ => None,
    };
    told(desk, effects, officer).into_iter().filter_map(booth).collect()
}

fn watched(effects: &[Effect]) -> Vec<bool> {
    let said = |message: &HubToBooth| match message {
        HubToBooth::Watched { watched, .. } => Some(*watched),
        _ => None,
    };
    to_booths(effects).into_iter().filter_map(said).collect()
}

#[test]
fn a_session_goes_to_a_colleague_with_a_note() {
    let mut desk = floor();
    desk.console(BUDI, ConsoleToHub::Capacity { capacity: 2 });
    desk.console(SARI, ConsoleToHub::Focus { session: Some(SESSION_1) });
    let effects = desk.console(SARI, transfer(SESSION_1, BUDI));
    let budi = Assignment::Officer { officer: BUDI, name: "Budi".into() };
    assert_eq!(assignments(&effects), [budi], "the participant hears who goes on, at once");
    assert!(matches!(to_booths(&effects)[0], HubToBooth::EndCall { .. }));
    assert!(call_of(&effects).is_some());
    assert!(told(&desk, &effects, SARI).contains(&&HubToConsole::TileGone { session: SESSION_1 }));
    let tile = tile_for(&desk, &effects, BUDI).unwrap();
    let note = tile.note.unwrap();
    assert_eq!((tile.slot, note.from.as_str(), note.text.as_str()), (2, "Sari", "Surat kurang satu."));
    let event = AuditEvent::Transferred { session: SESSION_1, booth: BOOTH_1, from: Some(SARI), to: BUDI, by: SARI };
    let looked = AuditEvent::Looked { session: SESSION_1, officer: SARI, lasted_ms: 0 };
    assert_eq!(audits(&effects), [event, looked]);
    // It stays there, and only there.
    assert_eq!(assignments(&desk.wait(60)), []);
    assert_eq!(refused(&desk.console(SARI, transfer(SESSION_1, BUDI))), Some(Refusal::NotYours));
}

#[test]
fn a_transfer_needs_somebody_who_is_there_and_has_room() {
    let check = |prepare: &dyn Fn(&mut Desk), by, session, to, expect: Option<Refusal>| {
        let mut desk = floor();
        prepare(&mut desk);
        desk.office.drain();
        let effects = desk.console(by, transfer(session, to));
        assert_eq!(refused(&effects), expect, "{session} to {to} by {by}");
        let moved = audits(&effects).iter().any(|event| matches!(event, AuditEvent::Transferred { .. }));
        assert_eq!((moved, call_of(&effects).is_some()), (expect.is_none(), expect.is_none()));
    };
    let nothing = |_: &mut Desk| {};
    let room = |desk: &mut Desk| drop(desk.console(BUDI, ConsoleToHub::Capacity { capacity: 6 }));
    let pause = |desk: &mut Desk| drop(desk.console(BUDI, ConsoleToHub::Capacity { capacity: 0 }));
    let gone = |desk: &mut Desk| drop(desk.lose_console(BUDI));
    let (unknown, stranger) = (SessionId(Uuid::from_u128(9)), OfficerId(Uuid::from_u128(9)));
    check(&room, SARI, SESSION_1, BUDI, None);
    check(&nothing, SARI, SESSION_1, BUDI, Some(Refusal::Full));
    check(&pause, SARI, SESSION_1, BUDI, Some(Refusal::Away));
    check(&gone, SARI, SESSION_1, BUDI, Some(Refusal::Away));
    check(&nothing, SARI, SESSION_1, stranger, Some(Refusal::Away));
    check(&nothing, SARI, SESSION_1, RATNA, Some(Refusal::Away));
    check(&nothing, SARI, SESSION_1, SARI, Some(Refusal::OutOfOrder));
    check(&room, SARI, SESSION_2, SARI, Some(Refusal::NotYours));
    check(&room, SARI, unknown, BUDI, Some(Refusal::NotYours));
    // A supervisor moves any session, by the same rule, but takes one for themselves whatever they said before.
    check(&room, RATNA, SESSION_1, BUDI, None);
    check(&nothing, RATNA, SESSION_1, BUDI, Some(Refusal::Full));
    check(&nothing, RATNA, SESSION_1, RATNA, None);
    check(&nothing, RATNA, unknown, RATNA, Some(Refusal::NotYours));
}

#[test]
fn nobody_holds_more_than_there_are_keys() {
    let mut desk = Desk::new(6);
    desk.console_up_as(RATNA, "Ratna", Role::Supervisor);
    for number in 1..=7 {
        let (booth, session) = (BoothId(Uuid::from_u128(0xb0 + number)), SessionId(Uuid::from_u128(number)));
        desk.booth_up(booth);
        desk.participant(booth, session);
        let effects = desk.console(RATNA, transfer(session, RATNA));
        let expect = (number == 7).then_some(Refusal::Full);
        let slot = u8::try_from(number).ok().filter(|slot| *slot <= 6);
        assert_eq!((refused(&effects), tile_for(&desk, &effects, RATNA).map(|tile| tile.slot)), (expect, slot));
    }
}

#[test]
fn what_is_for_supervisors_is_refused_to_officers() {
    let mut desk = floor();
    let frames = [
        (watch(SESSION_2), Refusal::Forbidden),
        (ConsoleToHub::Watch { session: None }, Refusal::Forbidden),
        (ConsoleToHub::Answer { session: SESSION_2, text: "Ya".into() }, Refusal::Forbidden),
        (ConsoleToHub::CloseBooth { booth: BOOTH_2, why: Some(Closing::Other) }, Refusal::Forbidden),
        (transfer(SESSION_2, SARI), Refusal::NotYours),
        (ConsoleToHub::Ask { session: SESSION_2, question: "Boleh?".into() }, Refusal::NotYours),
        (ConsoleToHub::CloseQuestion { session: SESSION_2 }, Refusal::NotYours),
    ];
    for (frame, expect) in frames {
        let effects = desk.console(SARI, frame.clone());
        assert_eq!((refused(&effects), effects.len()), (Some(expect), 1), "{frame:?}");
    }
    // Nor does an officer hear of other people's sessions.
    let effects = desk.snapshot(BOOTH_2, SESSION_2, Step::Review, Turn::Help, &[]);
    assert_eq!(told(&desk, &effects, SARI).len(), 0);
    assert_eq!(booths_for(&desk, &effects, RATNA).len(), 1);
}

#[test]
fn who_reads_along_is_seen_by_both_sides_first() {
    let mut desk = floor();
    let photo = Arc::new(PersonalBytes::new(vec![0xff]));
    desk.office.put_photo(BOOTH_1, SESSION_1, DocumentKind::Face, 1, photo).unwrap();
    let look = |desk: &mut Desk, officer| {
        let look = desk.office.photo(officer, SESSION_1, DocumentKind::Face, 1);
        look.map(|look| look.map(|look| look.watched))
    };
    assert_eq!(look(&mut desk, RATNA), Err(PhotoRefusal::NotYours), "nothing is seen unseen");
    let effects = desk.console(RATNA, watch(SESSION_1));
    let place = |wanted: &dyn Fn(&Effect) -> bool| effects.iter().position(wanted).unwrap();
    let participant = place(&|effect| matches!(effect, Effect::ToBooth(_, HubToBooth::Watched { watched: true, .. })));
    let shown = place(&|effect| matches!(effect, Effect::ToConsole(_, HubToConsole::Watching { tile: Some(_) })));
    assert!(participant < shown);
    assert_eq!(tile_for(&desk, &effects, SARI).unwrap().watched_by.as_deref(), Some("Ratna"));
    assert_eq!(look(&mut desk, RATNA), Ok(Some(true)));
    assert_eq!(look(&mut desk, SARI), Ok(Some(false)));
    assert_eq!(audits(&effects), [AuditEvent::WatchBegan { session: SESSION_1, booth: BOOTH_1, officer: RATNA }]);
    // It follows live.
    let effects = desk.snapshot(BOOTH_1, SESSION_1, Step::Review, Turn::Participant, &[Check::Pending]);
    let tile = watching(&desk, &effects, RATNA).unwrap().unwrap();
    assert_eq!((tile.snapshot.step, tile.snapshot.items.len()), (Step::Review, 1));
    // A booth that comes back is told again; what it shows is its own.
    assert_eq!(watched(&desk.booth_up(BOOTH_1)), [true]);
    // And it ends.
    let effects = desk.console(RATNA, ConsoleToHub::Watch { session: None });
    assert_eq!((watched(&effects), watching(&desk, &effects, RATNA)), (vec![false], Some(None)));
    assert_eq!(tile_for(&desk, &effects, SARI).unwrap().watched_by, None);
    assert_eq!(audits(&effects), [AuditEvent::WatchEnded { session: SESSION_1, officer: RATNA }]);
    assert_eq!(look(&mut desk, RATNA), Err(PhotoRefusal::NotYours));
}

#[test]
fn who_waited_until_a_supervisor_took_them_did_get_an_officer() {
    let mut desk = Desk::new(1);
    desk.booth_up(BOOTH_1);
    desk.participant(BOOTH_1, SESSION_1);
    desk.console_up_as(RATNA, "Ratna", Role::Supervisor);
    desk.wait(40);
    assert_eq!(refused(&desk.console(RATNA, transfer(SESSION_1, RATNA))), None);
    let effects = desk.booth(BOOTH_1, BoothToHub::SessionEnded { session: SESSION_1, outcome: Outcome::Left });
    let waited = |effect: &Effect| if let Effect::Visit(visit) = effect { Some(visit.unseated_ms) } else { None };
    assert_eq!(effects.iter().find_map(waited), Some(Some(40_000)));
}

#[test]
fn reading_along_ends_with_its_reason() {
    let check = |end: &dyn Fn(&mut Desk) -> Vec<Effect>, booth_hears: &[bool]| {
        let mut desk = floor();
        desk.console(RATNA, watch(SESSION_1));
        let effects = end(&mut desk);
        let ended = AuditEvent::WatchEnded { session: SESSION_1, officer: RATNA };
        assert!(audits(&effects).contains(&ended), "{effects:?}");
        assert_eq!(watched(&effects), booth_hears);
        assert_eq!(desk.office.watchers(SESSION_1), []);
    };
    let over = BoothToHub::SessionEnded { session: SESSION_1, outcome: Outcome::Left };
    check(&|desk| desk.booth(BOOTH_1, over.clone()), &[]);
    check(&|desk| desk.lose_console(RATNA), &[false]);
    check(&|desk| desk.console_up_as(RATNA, "Ratna", Role::Supervisor), &[false]);
    check(&|desk| desk.console(RATNA, watch(SESSION_2)), &[false, true]);
    // Who takes a session over no longer reads along, but serves.
    check(&|desk| desk.console(RATNA, transfer(SESSION_1, RATNA)), &[false]);
    let mut desk = floor();
    desk.console(RATNA, transfer(SESSION_1, RATNA));
    assert_eq!(refused(&desk.console(RATNA, watch(SESSION_1))), Some(Refusal::OutOfOrder));
    // Who cannot be told is not watched.
    desk.lose(desk.booths[&BOOTH_2]);
    assert_eq!(refused(&desk.console(RATNA, watch(SESSION_2))), Some(Refusal::OutOfOrder));
}

#[test]
fn a_question_is_answered_taken_back_or_answered_in_person() {
    let ask = || ConsoleToHub::Ask { session: SESSION_1, question: "Surat ini cukup?".into() };
    let answer = |text: &str| ConsoleToHub::Answer { session: SESSION_1, text: text.into() };
    let closed = |by, how| AuditEvent::QuestionClosed { session: SESSION_1, by, how };
    use crate::ledger::QuestionEnd::{Answered, SteppedIn, TakenBack};
    let mut desk = floor();
    assert_eq!(refused(&desk.console(RATNA, answer("Ya"))), Some(Refusal::OutOfOrder), "nobody has asked");
    let empty = ConsoleToHub::Ask { session: SESSION_1, question: "  ".into() };
    assert_eq!(refused(&desk.console(SARI, empty)), Some(Refusal::OutOfOrder));
    let effects = desk.console(SARI, ask());
    let seen = booths_for(&desk, &effects, RATNA).pop().unwrap().visit.unwrap().question.unwrap();
    assert_eq!((seen.text.as_str(), seen.age_ms, seen.answer), ("Surat ini cukup?", 0, None));
    assert_eq!(audits(&effects), [AuditEvent::SupervisorAsked { session: SESSION_1, officer: SARI }]);
    assert_eq!(refused(&desk.console(RATNA, answer(" "))), Some(Refusal::OutOfOrder));
    let effects = desk.console(RATNA, answer("Cukup."));
    let note = tile_for(&desk, &effects, SARI).unwrap().question.unwrap().answer.unwrap();
    assert_eq!((note.from.as_str(), note.text.as_str()), ("Ratna", "Cukup."));
    assert_eq!(booths_for(&desk, &effects, RATNA).pop().unwrap().visit.unwrap().question, None);
    assert_eq!(audits(&effects), [closed(RATNA, Answered)]);
    // Putting the answer away is no news to anybody else.
    let effects = desk.console(SARI, ConsoleToHub::CloseQuestion { session: SESSION_1 });
    assert_eq!((tile_for(&desk, &effects, SARI).unwrap().question, audits(&effects).len()), (None, 0));
    // Taken back.
    desk.console(SARI, ask());
    let effects = desk.console(SARI, ConsoleToHub::CloseQuestion { session: SESSION_1 });
    assert_eq!(audits(&effects), [closed(SARI, TakenBack)]);
    // In person.
    desk.console(SARI, ask());
    let effects = desk.console(RATNA, transfer(SESSION_1, RATNA));
    assert!(audits(&effects).contains(&closed(RATNA, SteppedIn)));
    assert_eq!(tile_for(&desk, &effects, RATNA).unwrap().question, None);
}

#[test]
fn supervisors_see_the_floor_and_no_names_of_participants() {
    let mut desk = floor();
    let effects = desk.console_up_as(DEWI, "Dewi", Role::Supervisor);
    let booths = booths_for(&desk, &effects, DEWI);
    let who = |booth: &FloorBooth| booth.visit.as_ref().and_then(|visit| visit.officer);
    assert_eq!(
        booths.iter().map(|booth| (booth.booth, who(booth))).collect::<Vec<_>>(),
        [(BOOTH_1, Some(SARI)), (BOOTH_2, Some(BUDI))]
    );
    for message in told(&desk, &effects, DEWI) {
        assert!(!encode(message).contains("Specimen"), "{message:?}");
    }
    // Nothing changes, nothing is said, however time passes; ages count from the beginning.
    let effects = desk.wait(30);
    assert_eq!(booths_for(&desk, &effects, DEWI), []);
    let effects = desk.snapshot(BOOTH_1, SESSION_1, Step::Verification, Turn::Officer, &[]);
    let visit = booths_for(&desk, &effects, DEWI).pop().unwrap().visit.unwrap();
    assert_eq!((visit.attention, visit.attention_age_ms, visit.session_age_ms), (Attention::NeedsOfficer, 0, 30_000));
    // A booth that is forgotten is gone there too.
    desk.lose(desk.booths[&BOOTH_2]);
    desk.booths.remove(&BOOTH_2);
    let effects = desk.wait(61);
    assert!(told(&desk, &effects, DEWI).contains(&&HubToConsole::FloorGone { booth: BOOTH_2 }));
    let seen = desk.office.fleet(desk.now());
    assert_eq!((seen[&BOOTH_1].online, seen[&BOOTH_2].online), (true, false));
    assert_eq!(seen[&BOOTH_2].silent, Duration::from_secs(61));
}

#[test]
fn everybody_who_serves_knows_who_else_does() {
    let mut desk = floor();
    let list = |desk: &Desk, effects: &[Effect], officer| {
        told(desk, effects, officer).into_iter().rev().find_map(|message| match message {
            HubToConsole::Colleagues { colleagues } => Some(colleagues.clone()),
            _ => None,
        })
    };
    let colleague = |officer, name: &str, supervisor, here, capacity, load| Colleague {
        officer,
        name: name.into(),
        supervisor,
        here,
        capacity,
        load,
    };
    let effects = desk.console(BUDI, ConsoleToHub::Capacity { capacity: 3 });
    let (sari, ratna) = (colleague(SARI, "Sari", false, true, 1, 1), colleague(RATNA, "Ratna", true, true, 0, 0));
    let expect = [colleague(BUDI, "Budi", false, true, 3, 1), ratna.clone(), sari.clone()];
    assert_eq!(list(&desk, &effects, SARI).unwrap(), expect);
    assert_eq!(desk.wait(5), [], "nothing new, nothing said");
    let effects = desk.lose_console(BUDI);
    assert!(list(&desk, &effects, SARI).unwrap().contains(&colleague(BUDI, "Budi", false, false, 3, 1)));
    let effects = desk.wait(16);
    assert_eq!(list(&desk, &effects, SARI).unwrap(), [ratna, sari]);
}

#[test]
fn a_closed_booth_stays_closed_whoever_starts_anew() {
    let close = |why| ConsoleToHub::CloseBooth { booth: BOOTH_1, why };
    let closed = |effects: &[Effect]| -> Vec<Option<Closing>> {
        let said = |message: &HubToBooth| match message {
            HubToBooth::Closed { why } => Some(*why),
            _ => None,
        };
        to_booths(effects).into_iter().filter_map(said).collect()
    };
    let mut desk = floor();
    let why = Some(Closing::Cleaning);
    let effects = desk.console(RATNA, close(why));
    assert_eq!(closed(&effects), [why]);
    let event = AuditEvent::BoothClosed { booth: BOOTH_1, officer: RATNA, why: Closing::Cleaning };
    assert_eq!(audits(&effects), [event]);
    assert_eq!(desk.console(RATNA, close(why)), [], "said once");
    // The booth starts anew: it is told again.
    assert_eq!(closed(&desk.booth_up(BOOTH_1)), [why]);
    // The hub starts anew: the booth has kept it.
    let mut desk = floor();
    desk.office.closings.clear();
    desk.booth(BOOTH_1, BoothToHub::State { state: BoothState { closed: why, ..BoothState::default() } });
    assert_eq!(closed(&desk.booth_up(BOOTH_1)), [why]);
    let effects = desk.console(RATNA, close(None));
    assert_eq!(
        (closed(&effects), audits(&effects)),
        (vec![None], vec![AuditEvent::BoothOpened { booth: BOOTH_1, officer: RATNA }])
    );
    let unknown = ConsoleToHub::CloseBooth { booth: BoothId(Uuid::from_u128(9)), why };
    assert_eq!(refused(&desk.console(RATNA, unknown)), Some(Refusal::OutOfOrder));
}

#[test]
fn a_pause_ends_with_the_shift() {
    for (capacity, expect) in [(0, 1), (3, 3)] {
        let mut desk = floor();
        desk.console(SARI, ConsoleToHub::Capacity { capacity });
        desk.office.officer_left(SARI, desk.now());
        desk.office.drain();
        let effects = desk.console_up_as(SARI, "Sari", Role::Officer);
        let first = told(&desk, &effects, SARI)[0].clone();
        assert!(matches!(first, HubToConsole::Welcome { capacity, .. } if capacity == expect), "{first:?}");
    }
}
