//! Scripts of a day at the office: what comes in, what must go out. No clock, no socket.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks the one message it is about")]

use super::*;
use crate::ledger::{DecisionKind, VerdictKind};
use bilik_claim::document::DocumentKind;
use bilik_claim::ids::WallTime;
use bilik_claim::personal::Personal;
use bilik_claim::sentence::Code;
use bilik_claim::session::item::{Check, Field, Item};
use bilik_claim::wire::{
    BoothToHub, CallQuality, ConsoleToHub, Decision, ItemView, Outcome, PROTOCOL, Refusal, Signal, Step, Tile, Turn,
    Verdict,
};
use std::time::Duration;
use uuid::Uuid;

mod team;

const BOOTH_1: BoothId = BoothId(Uuid::from_u128(0xb1));
const BOOTH_2: BoothId = BoothId(Uuid::from_u128(0xb2));
const SARI: OfficerId = OfficerId(Uuid::from_u128(0x51));
const BUDI: OfficerId = OfficerId(Uuid::from_u128(0x52));
const SESSION_1: SessionId = SessionId(Uuid::from_u128(1));
const SESSION_2: SessionId = SessionId(Uuid::from_u128(2));

/// An office with a clock that the test moves.
struct Desk {
    office: Office,
    start: Instant,
    now: Duration,
    connections: u64,
    booths: BTreeMap<BoothId, Connection>,
    consoles: BTreeMap<OfficerId, Connection>,
    revision: u32,
}

impl Desk {
    fn new(default_capacity: u8) -> Self {
        let settings = Settings { branch_name: "Cabang Uji".into(), default_capacity, utc_offset_hours: 7 };
        Self {
            office: Office::new(settings, 100),
            start: Instant::now() + Duration::from_secs(100_000),
            now: Duration::ZERO,
            connections: 0,
            booths: BTreeMap::new(),
            consoles: BTreeMap::new(),
            revision: 0,
        }
    }

    fn now(&self) -> Now {
        let wall = 1_795_305_600_000 + i64::try_from(self.now.as_millis()).unwrap();
        Now { instant: self.start + self.now, wall: WallTime(wall) }
    }

    /// Its cable is out, and it was heard of until now.
    fn lose(&mut self, connection: Connection) {
        let now = self.now();
        self.office.connection_lost(connection, now.instant, now);
    }

    fn connection(&mut self) -> Connection {
        self.connections += 1;
        Connection(self.connections)
    }

    fn booth_up(&mut self, booth: BoothId) -> Vec<Effect> {
        let connection = self.connection();
        self.booths.insert(booth, connection);
        self.office.booth_up(booth, "Bilik".into(), connection, self.now());
        self.office.drain()
    }

    fn console_up(&mut self, officer: OfficerId) -> Vec<Effect> {
        self.console_up_as(officer, "Petugas", Role::Officer)
    }

    fn console_up_as(&mut self, officer: OfficerId, name: &str, role: Role) -> Vec<Effect> {
        self.console_of_login(officer, name, role, b"first")
    }

    fn console_of_login(&mut self, officer: OfficerId, name: &str, role: Role, login: &[u8]) -> Vec<Effect> {
        let connection = self.connection();
        self.consoles.insert(officer, connection);
        let card =
            OfficerCard { officer, name: name.into(), role, languages: vec![Language::Id], login: Digest::of(login) };
        self.office.console_up(card, connection, self.now());
        self.office.drain()
    }

    fn booth(&mut self, booth: BoothId, message: BoothToHub) -> Vec<Effect> {
        self.office.booth_said(booth, self.booths[&booth], message, self.now());
        self.office.drain()
    }

    fn console(&mut self, officer: OfficerId, message: ConsoleToHub) -> Vec<Effect> {
        self.office.console_said(officer, self.consoles[&officer], message, self.now());
        self.office.drain()
    }

    fn snapshot(
        &mut self,
        booth: BoothId,
        session: SessionId,
        step: Step,
        turn: Turn,
        checks: &[Check],
    ) -> Vec<Effect> {
        self.revision += 1;
        let items = [Item::Field(Field::Nik), Item::Document(DocumentKind::Face), Item::Field(Field::Balance)];
        let rows = items.into_iter().zip(checks).map(|(item, check)| ItemView {
            item,
            value: Personal::default(),
            doubts: vec![],
            photo: None,
            check: check.clone(),
        });
        let snapshot = SessionSnapshot {
            session,
            revision: self.revision,
            language: Language::Id,
            step,
            name: Personal::new("Budi Specimen"),
            turn,
            items: rows.collect(),
            microphone_muted: false,
            message: None,
            tracking: None,
        };
        self.booth(booth, BoothToHub::Session { snapshot: Box::new(snapshot) })
    }

    /// A participant who has consented and fills the form.
    fn participant(&mut self, booth: BoothId, session: SessionId) -> Vec<Effect> {
        self.snapshot(booth, session, Step::Details, Turn::Participant, &[])
    }

    fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            // The test's booths are alive unless a test says otherwise.
            for booth in self.booths.clone().into_keys() {
                effects.extend(self.booth(booth, BoothToHub::State { state: BoothState::default() }));
            }
            self.office.tick(self.now());
            effects.extend(self.office.drain());
        }
        effects
    }

    fn lose_console(&mut self, officer: OfficerId) -> Vec<Effect> {
        self.lose(self.consoles[&officer]);
        self.office.drain()
    }

    /// Booth 1 with a participant in the hands of Sari, who looks at nobody.
    fn served() -> (Self, CallId) {
        let mut desk = Self::new(6);
        desk.booth_up(BOOTH_1);
        desk.console_up(SARI);
        let effects = desk.participant(BOOTH_1, SESSION_1);
        let call = call_of(&effects).expect("a call");
        (desk, call)
    }
}

fn to_booths(effects: &[Effect]) -> Vec<&HubToBooth> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::ToBooth(_, message) = effect { Some(message) } else { None })
        .collect()
}

fn to_consoles(effects: &[Effect]) -> Vec<&HubToConsole> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::ToConsole(_, message) = effect { Some(message) } else { None })
        .collect()
}

fn call_of(effects: &[Effect]) -> Option<CallId> {
    to_booths(effects).into_iter().find_map(|message| match message {
        HubToBooth::Call { call, .. } => Some(*call),
        _ => None,
    })
}

fn tile_of(effects: &[Effect]) -> Option<Tile> {
    to_consoles(effects).into_iter().rev().find_map(|message| match message {
        HubToConsole::Tile { tile } => Some((**tile).clone()),
        _ => None,
    })
}

fn modes(effects: &[Effect]) -> Vec<(SessionId, CallMode)> {
    to_booths(effects)
        .into_iter()
        .filter_map(|message| match message {
            HubToBooth::Attention { session, mode, .. } => Some((*session, *mode)),
            _ => None,
        })
        .collect()
}

fn assignments(effects: &[Effect]) -> Vec<Assignment> {
    to_booths(effects)
        .into_iter()
        .filter_map(|message| match message {
            HubToBooth::Assignment { assignment, .. } => Some(assignment.clone()),
            _ => None,
        })
        .collect()
}

fn refused(effects: &[Effect]) -> Option<Refusal> {
    to_consoles(effects).into_iter().find_map(|message| match message {
        HubToConsole::Refused { reason } => Some(*reason),
        _ => None,
    })
}

fn decided(effects: &[Effect]) -> Option<&SessionDecision> {
    effects.iter().find_map(|effect| if let Effect::Decided(made, _) = effect { Some(made) } else { None })
}

fn by(officer: OfficerId) -> Assignment {
    Assignment::Officer { officer, name: "Petugas".into() }
}

#[test]
fn a_participant_is_assigned_called_and_shown() {
    let mut desk = Desk::new(6);
    let effects = desk.booth_up(BOOTH_1);
    assert!(matches!(to_booths(&effects)[0], HubToBooth::Welcome { protocol: PROTOCOL, .. }));
    let effects = desk.participant(BOOTH_1, SESSION_1);
    assert_eq!(assignments(&effects), [Assignment::Nobody]);
    let effects = desk.console_up(SARI);
    assert_eq!(assignments(&effects), [by(SARI)]);
    let call = call_of(&effects).unwrap();
    assert_eq!(modes(&effects), [(SESSION_1, CallMode::Tile)]);
    let tile = tile_of(&effects).unwrap();
    assert_eq!((tile.slot, tile.call, tile.attention), (1, Some(call), Attention::SelfServing));
    assert!(effects.contains(&Effect::Audit(AuditEvent::Assigned {
        session: SESSION_1,
        booth: BOOTH_1,
        officer: SARI
    })));
}

#[test]
fn who_waits_hears_place_and_wait() {
    let mut desk = Desk::new(1);
    desk.booth_up(BOOTH_1);
    desk.booth_up(BOOTH_2);
    desk.console_up(SARI);
    desk.participant(BOOTH_1, SESSION_1);
    let effects = desk.participant(BOOTH_2, SESSION_2);
    // About ten minutes, before there is experience.
    let told = assignments(&effects);
    assert!(matches!(told[..], [Assignment::Waiting { place: 1, expected_wait_s: 480..=720 }]), "{told:?}");
    let ended = BoothToHub::SessionEnded { session: SESSION_1, outcome: Outcome::Left };
    let effects = desk.booth(BOOTH_1, ended);
    assert_eq!(assignments(&effects), [by(SARI)]);
    assert!(to_consoles(&effects).contains(&&HubToConsole::TileGone { session: SESSION_1 }));
}

#[test]
fn signals_travel_only_within_the_running_call() {
    let (mut desk, call) = Desk::served();
    let offer = |call| BoothToHub::Signal { call, signal: Signal::Offer { sdp: "v=0".into() } };
    assert_eq!(to_consoles(&desk.booth(BOOTH_1, offer(call))).len(), 1);
    assert_eq!(to_consoles(&desk.booth(BOOTH_1, offer(CallId(call.0 + 1)))).len(), 0);
    let answer = |booth, call| ConsoleToHub::Signal { booth, call, signal: Signal::Answer { sdp: "v=0".into() } };
    assert_eq!(to_booths(&desk.console(SARI, answer(BOOTH_1, call))).len(), 1);
    assert_eq!(to_booths(&desk.console(SARI, answer(BOOTH_1, CallId(7)))).len(), 0);
    // Late words about a session that has just ended or changed hands are no fault: nobody hears them.
    let unheard = |effects: &[Effect]| (refused(effects), to_booths(effects).len()) == (None, 0);
    assert!(unheard(&desk.console(SARI, answer(BOOTH_2, call))));
    assert!(unheard(&desk.console(SARI, ConsoleToHub::CallFailed { booth: BOOTH_2, call })));
    let offer = ConsoleToHub::Signal { booth: BOOTH_1, call, signal: Signal::Offer { sdp: "v=0".into() } };
    assert_eq!(refused(&desk.console(SARI, offer)), Some(Refusal::OutOfOrder));
    desk.console_up(BUDI);
    assert!(unheard(&desk.console(BUDI, answer(BOOTH_1, call))));
    assert!(unheard(&desk.console(BUDI, ConsoleToHub::CallFailed { booth: BOOTH_1, call })));
    let answered = desk.console(SARI, answer(BOOTH_1, call));
    assert_eq!(to_booths(&answered).len(), 1, "the call of the other one goes on");
}

#[test]
fn a_failed_call_is_replaced_once_for_both_ends() {
    let (mut desk, call) = Desk::served();
    let effects = desk.booth(BOOTH_1, BoothToHub::CallFailed { call });
    let second = call_of(&effects).unwrap();
    assert_ne!(second, call);
    let late = desk.console(SARI, ConsoleToHub::CallFailed { booth: BOOTH_1, call });
    assert_eq!(call_of(&late), None);
    assert_eq!(tile_of(&effects).unwrap().call, Some(second));
    let effects = desk.console(SARI, ConsoleToHub::CallFailed { booth: BOOTH_1, call: second });
    assert_eq!((call_of(&effects), tile_of(&effects).unwrap().call), (None, None), "a pause before the third");
    assert!(call_of(&desk.wait(1)).is_some());
    let status = desk.office.status();
    assert_eq!((status.calls, status.calls_begun, status.calls_broken), (1, 3, 2));
}

#[test]
fn a_call_on_a_narrow_path_is_counted() {
    let (mut desk, _) = Desk::served();
    for (carried_kbps, narrow) in [(0, 0), (499, 1), (500, 0), (499, 1)] {
        let state = BoothState { call: Some(CallQuality { carried_kbps, picture_kbps: 100 }), ..BoothState::default() };
        desk.booth(BOOTH_1, BoothToHub::State { state });
        let status = desk.office.status();
        assert_eq!((status.calls_narrow, status.pictures_kbps), (narrow, 100), "{carried_kbps} kbit/s");
    }
    desk.booth(BOOTH_1, BoothToHub::State { state: BoothState::default() });
    assert_eq!(desk.office.status().calls_narrow, 0, "no call any more");
    let call = Some(CallQuality { carried_kbps: 100, picture_kbps: 100 });
    desk.booth(BOOTH_1, BoothToHub::State { state: BoothState { call, ..BoothState::default() } });
    desk.lose(desk.booths[&BOOTH_1]);
    let status = desk.office.status();
    assert_eq!((status.calls_narrow, status.pictures_kbps), (0, 0), "nobody knows any more");
}

#[test]
fn no_call_before_consent() {
    let mut desk = Desk::new(6);
    desk.booth_up(BOOTH_1);
    desk.console_up(SARI);
    let effects = desk.snapshot(BOOTH_1, SESSION_1, Step::Consent, Turn::Participant, &[]);
    assert_eq!((assignments(&effects), call_of(&effects)), (vec![by(SARI)], None));
    assert!(call_of(&desk.snapshot(BOOTH_1, SESSION_1, Step::Identify, Turn::Participant, &[])).is_some());
}

#[test]
fn focus_and_hold_reach_the_booth() {
    let (mut desk, _) = Desk::served();
    desk.booth_up(BOOTH_2);
    desk.participant(BOOTH_2, SESSION_2);
    let focus = |session| ConsoleToHub::Focus { session };
    assert_eq!(modes(&desk.console(SARI, focus(Some(SESSION_1)))), [(SESSION_1, CallMode::Focus)]);
    let effects = desk.snapshot(BOOTH_1, SESSION_1, Step::Verification, Turn::Officer, &[Check::Pending]);
    assert_eq!(tile_of(&effects).unwrap().attention, Attention::InFocus);
    // Looking away in the middle of the verification shows the hold page there.
    let effects = desk.console(SARI, focus(Some(SESSION_2)));
    assert_eq!(modes(&effects), [(SESSION_1, CallMode::Hold), (SESSION_2, CallMode::Focus)]);
    // What the officer asked for is given: the participant has work to do, so no hold page.
    let effects = desk.snapshot(BOOTH_1, SESSION_1, Step::Verification, Turn::Correction, &[Check::Pending]);
    assert_eq!(modes(&effects), [(SESSION_1, CallMode::Tile)]);
    let effects = desk.console(SARI, ConsoleToHub::Hold { session: SESSION_2, hold: true });
    assert_eq!(modes(&effects), [(SESSION_2, CallMode::Hold)]);
    let effects = desk.console(SARI, focus(Some(SESSION_2)));
    assert_eq!(modes(&effects), [(SESSION_2, CallMode::Focus)], "looking takes it off hold");
    let stranger = ConsoleToHub::Focus { session: Some(SessionId(Uuid::from_u128(9))) };
    assert_eq!(refused(&desk.console(SARI, stranger)), Some(Refusal::NotYours));
}

#[test]
fn booths_hear_their_place_with_their_officer() {
    let (mut desk, _) = Desk::served();
    desk.booth_up(BOOTH_2);
    desk.participant(BOOTH_2, SESSION_2);
    let places = |effects: &[Effect]| -> Vec<(SessionId, u16, u32)> {
        to_booths(effects)
            .into_iter()
            .filter_map(|message| match message {
                HubToBooth::Attention { session, place, expected_wait_s, .. } => {
                    Some((*session, *place, *expected_wait_s))
                }
                _ => None,
            })
            .collect()
    };
    let effects = desk.snapshot(BOOTH_2, SESSION_2, Step::Verification, Turn::Officer, &[]);
    assert_eq!(places(&effects), [(SESSION_2, 1, 0)]);
    desk.wait(1);
    let effects = desk.snapshot(BOOTH_1, SESSION_1, Step::Details, Turn::Help, &[]);
    assert_eq!(places(&effects), [(SESSION_1, 2, 120)]);
    let effects = desk.console(SARI, ConsoleToHub::Focus { session: Some(SESSION_2) });
    assert_eq!(places(&effects), [(SESSION_1, 1, 120), (SESSION_2, 0, 0)]);
}

/// Attention, how much is seen, and for how long it has been so, as the console is told.
fn standing(effects: &[Effect], session: SessionId) -> Option<(Attention, CallMode, u32)> {
    to_consoles(effects).into_iter().rev().find_map(|message| match message {
        HubToConsole::Tile { tile } if tile.snapshot.session == session => {
            Some((tile.attention, tile.mode, tile.attention_age_ms))
        }
        _ => None,
    })
}

#[test]
fn who_is_left_in_the_verification_needs_the_officer_from_then_on() {
    let (mut desk, _) = Desk::served();
    desk.booth_up(BOOTH_2);
    desk.participant(BOOTH_2, SESSION_2);
    let focus = |session| ConsoleToHub::Focus { session: Some(session) };
    desk.snapshot(BOOTH_1, SESSION_1, Step::Verification, Turn::Officer, &[Check::Pending]);
    desk.console(SARI, focus(SESSION_1));
    desk.wait(50);
    let effects = desk.console(SARI, focus(SESSION_2));
    assert_eq!(standing(&effects, SESSION_1), Some((Attention::NeedsOfficer, CallMode::Hold, 0)));
    // Asked to wait is another thing.
    desk.console(SARI, focus(SESSION_1));
    let effects = desk.console(SARI, ConsoleToHub::Hold { session: SESSION_1, hold: true });
    assert_eq!(standing(&effects, SESSION_1), Some((Attention::OnHold, CallMode::Hold, 0)));
}

#[test]
fn a_lost_connection_does_not_start_the_waiting_anew() {
    let (mut desk, _) = Desk::served();
    desk.snapshot(BOOTH_1, SESSION_1, Step::Verification, Turn::Officer, &[]);
    desk.wait(100);
    desk.lose(desk.booths[&BOOTH_1]);
    let effects = desk.office.drain();
    assert_eq!(standing(&effects, SESSION_1), Some((Attention::Lost, CallMode::Tile, 0)));
    desk.wait(1);
    let effects = desk.booth_up(BOOTH_1);
    assert_eq!(standing(&effects, SESSION_1), Some((Attention::NeedsOfficer, CallMode::Tile, 101_000)));
}

#[test]
fn who_lost_their_officer_keeps_the_place_in_line() {
    let mut desk = Desk::new(1);
    desk.console_up(SARI);
    desk.console(SARI, ConsoleToHub::Capacity { capacity: 2 });
    desk.booth_up(BOOTH_1);
    desk.booth_up(BOOTH_2);
    desk.participant(BOOTH_2, SESSION_2);
    desk.wait(30);
    desk.participant(BOOTH_1, SESSION_1);
    desk.lose_console(SARI);
    desk.wait(20);
    let effects = desk.console_up(BUDI);
    let served: Vec<SessionId> = to_booths(&effects)
        .into_iter()
        .filter_map(|message| match message {
            HubToBooth::Assignment { session, assignment } if *assignment == by(BUDI) => Some(*session),
            _ => None,
        })
        .collect();
    assert_eq!(served, [SESSION_2], "the one who has waited longer");
}

#[test]
fn verified_needs_every_item_correct() {
    let check = |step, checks: &[Check], expect: Option<Refusal>| {
        let (mut desk, _) = Desk::served();
        desk.snapshot(BOOTH_1, SESSION_1, step, Turn::Officer, checks);
        let decide = ConsoleToHub::Decide { session: SESSION_1, decision: Decision::Verified, note: None };
        let effects = desk.console(SARI, decide);
        assert_eq!(refused(&effects), expect, "{step:?} {checks:?}");
        let decided = decided(&effects).map(|made| (made.session, made.booth, made.officer, made.decision));
        let made = (SESSION_1, Some(BOOTH_1), SARI, DecisionKind::Verified);
        assert_eq!(decided, expect.is_none().then_some(made));
        let told = to_booths(&effects).iter().any(|message| matches!(message, HubToBooth::Decision { .. }));
        assert_eq!(told, expect.is_none());
    };
    let no = Some(Refusal::OutOfOrder);
    check(Step::Verification, &[Check::Correct, Check::Correct, Check::Pending], None);
    check(Step::Verification, &[Check::Correct, Check::Pending], no);
    check(Step::Verification, &[Check::Correct, Check::Corrected], no);
    check(Step::Verification, &[Check::Correct, Check::AskedAgain { reason: "buram".into() }], no);
    check(Step::Verification, &[], no);
    check(Step::Review, &[Check::Correct, Check::Correct], no);
}

#[test]
fn a_note_goes_with_what_is_kept_and_to_nobody_else() {
    let check = |decision: Decision, words: &str, expect: Option<Option<&str>>| {
        let (mut desk, _) = Desk::served();
        desk.snapshot(BOOTH_1, SESSION_1, Step::Verification, Turn::Officer, &[Check::Correct, Check::Correct]);
        let note = Some(Personal::new(words));
        let effects = desk.console(SARI, ConsoleToHub::Decide { session: SESSION_1, decision, note });
        let noted = effects.iter().find_map(|effect| {
            if let Effect::Decided(_, note) = effect { Some(note.as_ref().map(Personal::reveal)) } else { None }
        });
        assert_eq!(noted, expect, "{words:?}");
        assert_eq!(refused(&effects), if expect.is_some() { None } else { Some(Refusal::OutOfOrder) });
        // To the booth goes the bare decision; nothing that is told anybody, or recorded, holds the words.
        let told = effects.iter().filter(|effect| !matches!(effect, Effect::Decided(..)));
        assert!(words.trim().is_empty() || told.into_iter().all(|one| !format!("{one:?}").contains(words)));
    };
    check(Decision::Verified, "Surat asli dibawa besok", Some(Some("Surat asli dibawa besok")));
    check(Decision::Verified, "  ", Some(None));
    check(Decision::Returned { reasons: vec!["Foto buram".into()] }, "Ibu Specimen", None);
    check(Decision::Returned { reasons: vec!["Foto buram".into()] }, "", Some(None));
}

#[test]
fn only_own_sessions_can_be_touched() {
    let (mut desk, _) = Desk::served();
    desk.console_up(BUDI);
    desk.snapshot(BOOTH_1, SESSION_1, Step::Verification, Turn::Officer, &[Check::Pending]);
    let item = Item::Field(Field::Nik);
    let frames = [
        ConsoleToHub::Check { session: SESSION_1, item, verdict: Verdict::Correct, seen: 1 },
        ConsoleToHub::Message { session: SESSION_1, text: "halo".into() },
        ConsoleToHub::Decide { session: SESSION_1, decision: Decision::Returned { reasons: vec![] }, note: None },
        ConsoleToHub::EndSession { session: SESSION_1 },
        ConsoleToHub::Focus { session: Some(SESSION_1) },
        ConsoleToHub::Hold { session: SESSION_1, hold: true },
    ];
    for frame in frames {
        let effects = desk.console(BUDI, frame.clone());
        assert_eq!((refused(&effects), to_booths(&effects).len()), (Some(Refusal::NotYours), 0), "{frame:?}");
        let effects = desk.console(SARI, frame.clone());
        assert_eq!(refused(&effects), None, "{frame:?}");
    }
    let other =
        ConsoleToHub::Check { session: SESSION_1, item: Item::Field(Field::Kpj), verdict: Verdict::Correct, seen: 1 };
    assert_eq!(refused(&desk.console(SARI, other)), Some(Refusal::OutOfOrder));
    let mut photo = |officer| desk.office.photo(officer, SESSION_1, DocumentKind::Face, 1);
    assert_eq!(photo(BUDI).err(), Some(PhotoRefusal::NotYours));
    assert!(photo(SARI).unwrap().is_none());
}

#[test]
fn a_vanished_officer_keeps_the_session_for_a_while() {
    let (mut desk, call) = Desk::served();
    let effects = desk.lose_console(SARI);
    assert!(to_booths(&effects).contains(&&HubToBooth::EndCall { call }));
    assert_eq!(assignments(&desk.wait(14)), []);
    // Back in time: the same session, a new call.
    let effects = desk.console_up(SARI);
    assert!(call_of(&effects).is_some_and(|new| new != call));
    assert_eq!(tile_of(&effects).unwrap().snapshot.session, SESSION_1);
    // Too late: somebody else takes it.
    desk.lose_console(SARI);
    desk.console_up(BUDI);
    let effects = desk.wait(15);
    assert_eq!(assignments(&effects), [by(BUDI)]);
    assert!(effects.contains(&Effect::Audit(AuditEvent::Released { session: SESSION_1, officer: SARI })));
    assert_eq!(tile_of(&desk.console_up(SARI)), None);
}

#[test]
fn an_officer_who_went_silent_is_waited_for_from_their_last_sign_of_life() {
    let (mut desk, _) = Desk::served();
    desk.console_up(BUDI);
    let heard = desk.now().instant;
    assert_eq!(assignments(&desk.wait(8)), []);
    desk.office.connection_lost(desk.consoles[&SARI], heard, desk.now());
    desk.office.drain();
    assert_eq!(assignments(&desk.wait(6)), []);
    assert_eq!(assignments(&desk.wait(1)), [by(BUDI)]);
}

#[test]
fn who_logs_out_is_not_waited_for() {
    let (mut desk, _) = Desk::served();
    desk.console_up(BUDI);
    desk.office.officer_left(SARI, desk.now());
    assert_eq!(assignments(&desk.office.drain()), [by(BUDI)]);
}

#[test]
fn a_second_console_replaces_the_first() {
    let (mut desk, call) = Desk::served();
    let old = desk.consoles[&SARI];
    let effects = desk.console_up(SARI);
    assert_eq!(effects[0], Effect::ToConsole(old, HubToConsole::Replaced));
    assert!(effects.contains(&Effect::Close(old, CloseReason::Replaced)));
    assert!(call_of(&effects).is_some_and(|new| new != call));
    // A late word about, or from, the old one changes nothing.
    desk.office.console_said(SARI, old, ConsoleToHub::Capacity { capacity: 0 }, desk.now());
    desk.lose(old);
    assert_eq!(desk.office.drain(), []);
    assert_eq!(desk.office.status().consoles, 1);
}

#[test]
fn capacity_bounds_and_zero_takes_nobody_new() {
    let mut desk = Desk::new(4);
    desk.console_up(SARI);
    desk.console(SARI, ConsoleToHub::Capacity { capacity: 0 });
    desk.booth_up(BOOTH_1);
    assert_eq!(assignments(&desk.participant(BOOTH_1, SESSION_1)), [Assignment::Nobody]);
    assert_eq!(refused(&desk.console(SARI, ConsoleToHub::Capacity { capacity: 7 })), Some(Refusal::OutOfOrder));
    assert_eq!(assignments(&desk.console(SARI, ConsoleToHub::Capacity { capacity: 1 })), [by(SARI)]);
    assert_eq!(assignments(&desk.console(SARI, ConsoleToHub::Capacity { capacity: 0 })), [], "nobody is sent away");
}

#[test]
fn the_end_of_a_shift_outlives_the_page_and_not_the_login() {
    let welcome = |effects: &[Effect]| {
        effects.iter().find_map(|effect| {
            if let Effect::ToConsole(_, HubToConsole::Welcome { capacity, ending, .. }) = effect {
                Some((*capacity, *ending))
            } else {
                None
            }
        })
    };
    let check = |name: &str, then: &dyn Fn(&mut Desk) -> Vec<Effect>, expect: (u8, bool)| {
        let mut desk = Desk::new(3);
        assert_eq!(welcome(&desk.console_up(SARI)), Some((3, false)));
        desk.console(SARI, ConsoleToHub::EndShift { ending: true });
        desk.booth_up(BOOTH_1);
        assert_eq!(assignments(&desk.participant(BOOTH_1, SESSION_1)), [Assignment::Nobody], "nobody new comes");
        assert_eq!(welcome(&then(&mut desk)), Some(expect), "{name}");
    };
    check("loaded anew", &|desk| desk.console_up(SARI), (0, true));
    let again = |desk: &mut Desk, message| {
        desk.console(SARI, message);
        desk.console_up(SARI)
    };
    check("takes somebody after all", &|desk| again(desk, ConsoleToHub::Capacity { capacity: 2 }), (2, false));
    check("pauses instead", &|desk| again(desk, ConsoleToHub::EndShift { ending: false }), (0, false));
    check("said again", &|desk| again(desk, ConsoleToHub::Capacity { capacity: 0 }), (0, true));
    let next = |desk: &mut Desk| desk.console_of_login(SARI, "Petugas", Role::Officer, b"second");
    check("logged in anew", &next, (3, false));
    let left = |desk: &mut Desk| {
        desk.office.officer_left(SARI, desk.now());
        desk.office.drain();
        desk.console_up(SARI)
    };
    check("signed out and back", &left, (3, false));
}

#[test]
fn a_silent_booth_is_lost_then_forgotten() {
    let (mut desk, _) = Desk::served();
    let connection = desk.booths[&BOOTH_1];
    desk.booths.clear();
    assert_eq!(desk.wait(14), []);
    let effects = desk.wait(1);
    assert!(effects.contains(&Effect::Close(connection, CloseReason::Silent)));
    let tile = tile_of(&effects).unwrap();
    assert_eq!((tile.online, tile.attention, tile.call), (false, Attention::Lost, None));
    let check = ConsoleToHub::Message { session: SESSION_1, text: "halo".into() };
    assert_eq!(refused(&desk.console(SARI, check)), Some(Refusal::OutOfOrder));
    assert!(to_consoles(&desk.wait(59)).is_empty());
    assert!(to_consoles(&desk.wait(1)).contains(&&HubToConsole::TileGone { session: SESSION_1 }));
    assert_eq!(desk.office.status(), Status { consoles: 1, calls_begun: 1, ..Status::default() });
}

#[test]
fn a_booth_that_comes_back_finds_its_officer() {
    let (mut desk, call) = Desk::served();
    desk.console_up(BUDI);
    let old = desk.booths[&BOOTH_1];
    let effects = desk.booth_up(BOOTH_1);
    assert!(effects.contains(&Effect::Close(old, CloseReason::Replaced)));
    assert_eq!(assignments(&effects), [by(SARI)]);
    assert!(call_of(&effects).is_some_and(|new| new != call));
    desk.lose(old);
    assert_eq!(desk.office.drain(), [], "the old connection's end is no news");
}

#[test]
fn snapshots_never_go_back_and_never_change_hands() {
    let (mut desk, _) = Desk::served();
    desk.snapshot(BOOTH_1, SESSION_1, Step::Review, Turn::Participant, &[]);
    desk.revision = 0;
    assert_eq!(tile_of(&desk.snapshot(BOOTH_1, SESSION_1, Step::Reason, Turn::Participant, &[])), None);
    desk.booth_up(BOOTH_2);
    desk.revision = 50;
    let effects = desk.snapshot(BOOTH_2, SESSION_1, Step::Kept, Turn::Done, &[]);
    assert_eq!(tile_of(&effects), None);
    let stolen = BoothToHub::SessionEnded { session: SESSION_1, outcome: Outcome::Left };
    assert_eq!(desk.booth(BOOTH_2, stolen), []);
    let photo = Arc::new(PersonalBytes::new(vec![0xff]));
    let put = desk.office.put_photo(BOOTH_2, SESSION_1, DocumentKind::Face, 1, photo);
    assert_eq!(put, Err(PhotoRefusal::NotYours));
    // A new session at the booth ends the old one.
    let effects = desk.participant(BOOTH_1, SESSION_2);
    assert!(to_consoles(&effects).contains(&&HubToConsole::TileGone { session: SESSION_1 }));
    assert_eq!(desk.office.status().sessions, 1);
}

#[test]
fn the_day_counts_attention_of_decided_claims() {
    let (mut desk, _) = Desk::served();
    desk.console(SARI, ConsoleToHub::Focus { session: Some(SESSION_1) });
    desk.wait(90);
    desk.console(SARI, ConsoleToHub::Focus { session: None });
    desk.wait(30);
    desk.snapshot(BOOTH_1, SESSION_1, Step::Kept, Turn::Done, &[]);
    let effects = desk.booth(BOOTH_1, BoothToHub::SessionEnded { session: SESSION_1, outcome: Outcome::Kept });
    let office = |effects: &[Effect]| {
        to_consoles(effects).into_iter().rev().find_map(|message| match message {
            HubToConsole::Office { office } => Some(office.clone()),
            _ => None,
        })
    };
    assert_eq!(office(&effects).unwrap().attention_s, Some(90));
    desk.now += Duration::from_secs(24 * 3600);
    desk.office.set_figures(Figures { claims_today: 3, unverified: 1 }, desk.now());
    desk.office.tick(desk.now());
    let view = office(&desk.office.drain()).unwrap();
    assert_eq!((view.claims_today, view.unverified, view.attention_s), (3, 1, None));
}

#[test]
fn who_is_shut_out_is_closed_at_once() {
    let (mut desk, _) = Desk::served();
    let (booth, console) = (desk.booths[&BOOTH_1], desk.consoles[&SARI]);
    desk.office.shut_out(&[BOOTH_2], &[BUDI], desk.now());
    assert_eq!(desk.office.drain(), []);
    desk.office.shut_out(&[BOOTH_1], &[SARI], desk.now());
    let effects = desk.office.drain();
    for connection in [booth, console] {
        assert!(effects.contains(&Effect::Close(connection, CloseReason::LoggedOut)));
    }
}

#[test]
fn nothing_is_said_when_nothing_changes() {
    let (mut desk, _) = Desk::served();
    assert_eq!(desk.wait(120), []);
}

fn audit(effects: &[Effect]) -> Vec<&AuditEvent> {
    effects.iter().filter_map(|effect| if let Effect::Audit(event) = effect { Some(event) } else { None }).collect()
}

#[test]
fn the_trail_tells_what_was_asked_shown_and_answered() {
    let (mut desk, _) = Desk::served();
    let (session, officer, booth) = (SESSION_1, SARI, BOOTH_1);
    desk.console(SARI, ConsoleToHub::Focus { session: Some(session) });
    let mut revision = 100;
    let mut rows = |check: Check, photo| {
        revision += 1;
        let item = Item::Document(DocumentKind::Face);
        let row = ItemView { item, value: Personal::default(), doubts: vec![], photo: Some(photo), check };
        let items = vec![row];
        let (step, turn) = (Step::Verification, Turn::Officer);
        let snapshot = SessionSnapshot {
            session,
            revision,
            language: Language::Id,
            step,
            name: Personal::default(),
            turn,
            items,
            microphone_muted: false,
            message: None,
            tracking: None,
        };
        BoothToHub::Session { snapshot: Box::new(snapshot) }
    };
    desk.booth(BOOTH_1, rows(Check::Pending, 1));

    // Shown once to each who looks.
    desk.office.put_photo(BOOTH_1, session, DocumentKind::Face, 1, Arc::new(PersonalBytes::new(vec![1]))).unwrap();
    let shown = |officer| AuditEvent::PhotoShown { session, officer, document: DocumentKind::Face, photo: 1 };
    for expect in [1, 0] {
        desk.office.photo(SARI, session, DocumentKind::Face, 1).unwrap().unwrap();
        assert_eq!(audit(&desk.office.drain()), vec![&shown(SARI); expect]);
    }

    let item = Item::Document(DocumentKind::Face);
    let checked = |verdict, reason| AuditEvent::Checked { session, officer, item, verdict, reason, photo: Some(1) };
    for (verdict, kind, reason) in [
        (Verdict::Correct, VerdictKind::Correct, None),
        (Verdict::Pending, VerdictKind::Pending, None),
        (
            Verdict::AskAgain { reason: "Mohon menghadap lurus ke kamera.".into() },
            VerdictKind::AskAgain,
            Some(Code::FaceAside),
        ),
        (Verdict::AskAgain { reason: "Pak Budi, mohon ulangi.".into() }, VerdictKind::AskAgain, Some(Code::Other)),
    ] {
        let effects = desk.console(SARI, ConsoleToHub::Check { session, item, verdict, seen: 1 });
        assert_eq!(audit(&effects), [&checked(kind, reason)]);
    }
    desk.booth(BOOTH_1, rows(Check::AskedAgain { reason: "buram".into() }, 1));
    let answered = |photo| AuditEvent::Answered { session, booth, item, photo: Some(photo) };
    for (photo, expect) in [(2, vec![answered(2)]), (2, vec![]), (3, vec![answered(3)])] {
        let effects = desk.booth(BOOTH_1, rows(Check::Corrected, photo));
        assert_eq!(audit(&effects), expect.iter().collect::<Vec<_>>());
    }
    let effects = desk.console(SARI, ConsoleToHub::Message { session, text: "halo, Pak Budi".into() });
    assert_eq!(audit(&effects), [&AuditEvent::Messaged { session, officer }]);

    desk.wait(40);
    let effects = desk.console(SARI, ConsoleToHub::Focus { session: None });
    assert_eq!(audit(&effects), [&AuditEvent::Looked { session, officer, lasted_ms: 40_000 }]);
    let reasons = vec!["Dokumen tidak terbaca.".to_owned(), "Pak Budi".to_owned()];
    let effects =
        desk.console(SARI, ConsoleToHub::Decide { session, decision: Decision::Returned { reasons }, note: None });
    let expect = vec![Code::DocumentUnreadable, Code::Other];
    assert_eq!(decided(&effects).map(|made| made.reasons.clone()), Some(expect));
}

#[test]
fn time_on_duty_is_told_when_it_ends_and_every_ten_minutes() {
    let mut desk = Desk::new(4);
    let duty = |effects: &[Effect]| -> Vec<i64> {
        let told = |effect: &Effect| if let Effect::Duty(duty) = effect { Some(duty.lasted_ms / 1000) } else { None };
        effects.iter().filter_map(told).collect()
    };
    // The clock of these tests stands at a full hour.
    desk.console_up(SARI);
    assert_eq!(duty(&desk.wait(1500)), [600, 600]);
    let pause = ConsoleToHub::Capacity { capacity: 0 };
    assert_eq!(duty(&desk.console(SARI, pause)), [300]);
    assert!(duty(&desk.wait(700)).is_empty());
    desk.console(SARI, ConsoleToHub::Capacity { capacity: 1 });
    let rest = 3600 - 2200;
    assert_eq!(duty(&desk.wait(rest)), [600, 600, 200], "an hour turns");
    desk.wait(60);
    assert_eq!(duty(&desk.lose_console(SARI)), [60]);
    desk.console_up(SARI);
    desk.wait(30);
    desk.office.close(desk.now());
    assert_eq!(duty(&desk.office.drain()), [30]);
}
