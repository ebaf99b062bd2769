//! Every message survives the wire, and what does not fit is refused.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use bilik_claim::audit::AuditHead;
use bilik_claim::document::DocumentKind;
use bilik_claim::ids::{BoothId, CallId, ClaimId, Digest, OfficerId, SessionId, WallTime};
use bilik_claim::personal::Personal;
use bilik_claim::session::item::{Check, Field, Item};
use bilik_claim::text::Language;
use bilik_claim::wire::*;
use serde::Serialize;
use std::fmt::Debug;
use uuid::Uuid;

fn session() -> SessionId {
    SessionId(Uuid::from_u128(1))
}

fn snapshot() -> SessionSnapshot {
    let item = |item, value: &str, photo, check| ItemView {
        item,
        value: Personal::new(value),
        doubts: vec!["x".into()],
        photo,
        check,
    };
    SessionSnapshot {
        session: session(),
        revision: 3,
        language: Language::Id,
        step: Step::Verification,
        name: Personal::new("Budi Specimen"),
        turn: Turn::Officer,
        items: vec![
            item(Item::Field(Field::Nik), "3171 0117 0845 0001", None, Check::Correct),
            item(Item::Document(DocumentKind::BankBook), "", Some(2), Check::AskedAgain { reason: "buram".into() }),
        ],
        microphone_muted: false,
        message: Some("Halo".into()),
        tracking: None,
    }
}

fn round_trip<T: Bounded + Serialize + PartialEq + Debug>(message: T) {
    let text = encode(&message);
    assert_eq!(decode::<T>(&text).unwrap(), message, "{text}");
}

#[test]
fn booth_messages() {
    let call = CallId(4);
    round_trip(BoothToHub::Hello { protocol: PROTOCOL, software: "0.1.0".into() });
    let state = BoothState {
        queued: 1,
        refused: 1,
        lost: 2,
        audit: Some(AuditHead { entries: 3, hash: Digest([7; 32]) }),
        reader: DeviceState::Missing,
        call: Some(CallQuality { carried_kbps: 900, picture_kbps: 700 }),
        out_of_service: Some("x".into()),
        closed: Some(Closing::Repair),
        ..BoothState::default()
    };
    round_trip(BoothToHub::State { state });
    round_trip(BoothToHub::Session { snapshot: Box::new(snapshot()) });
    round_trip(BoothToHub::SessionEnded { session: session(), outcome: Outcome::TimedOut });
    round_trip(BoothToHub::Signal { call, signal: Signal::Offer { sdp: "v=0".into() } });
    round_trip(BoothToHub::CallFailed { call });
    round_trip(BoothToHub::Rated { claim: ClaimId(Uuid::from_u128(9)), rating: 4 });

    let officer = OfficerId(Uuid::from_u128(2));
    round_trip(HubToBooth::Welcome {
        protocol: PROTOCOL,
        booth_name: "Bilik 3".into(),
        branch_name: "Yogyakarta".into(),
        time: WallTime(5),
    });
    round_trip(HubToBooth::Office { officers_ready: 2, expected_wait_s: 90 });
    for assignment in [
        Assignment::Officer { officer, name: "Sari".into() },
        Assignment::Waiting { place: 1, expected_wait_s: 60 },
        Assignment::Nobody,
    ] {
        round_trip(HubToBooth::Assignment { session: session(), assignment });
    }
    round_trip(HubToBooth::Call { session: session(), call });
    round_trip(HubToBooth::Attention { session: session(), mode: CallMode::Hold, place: 1, expected_wait_s: 30 });
    round_trip(HubToBooth::Signal { call, signal: Signal::Candidate { candidate: "candidate:1".into() } });
    round_trip(HubToBooth::EndCall { call });
    round_trip(HubToBooth::Check {
        session: session(),
        item: Item::Field(Field::Phone),
        verdict: Verdict::Pending,
        seen: 7,
    });
    round_trip(HubToBooth::Message { session: session(), text: "<b>teks</b>".into() });
    round_trip(HubToBooth::Decision { session: session(), decision: Decision::Returned { reasons: vec!["a".into()] } });
    round_trip(HubToBooth::Watched { session: session(), watched: true });
    round_trip(HubToBooth::Closed { why: Some(Closing::Unattended) });
    round_trip(HubToBooth::EndSession { session: session() });
}

#[test]
fn console_messages() {
    round_trip(ConsoleToHub::Hello { protocol: PROTOCOL });
    round_trip(ConsoleToHub::Focus { session: None });
    round_trip(ConsoleToHub::Capacity { capacity: 6 });
    round_trip(ConsoleToHub::EndShift { ending: true });
    let verified = |note| ConsoleToHub::Decide { session: session(), decision: Decision::Verified, note };
    round_trip(verified(None));
    round_trip(verified(Some(Personal::new("Surat asli dibawa besok"))));
    let old = format!(r#"{{"type":"decide","session":"{}","decision":{{"kind":"verified"}}}}"#, session());
    assert_eq!(decode::<ConsoleToHub>(&old).unwrap(), verified(None), "a page of before there were notes");
    let (officer, booth) = (OfficerId(Uuid::from_u128(2)), BoothId(Uuid::from_u128(3)));
    round_trip(ConsoleToHub::Transfer { session: session(), to: officer, note: "Kurang surat".into() });
    round_trip(ConsoleToHub::Ask { session: session(), question: "Boleh?".into() });
    round_trip(ConsoleToHub::CloseQuestion { session: session() });
    round_trip(ConsoleToHub::Answer { session: session(), text: "Boleh.".into() });
    round_trip(ConsoleToHub::Watch { session: Some(session()) });
    round_trip(ConsoleToHub::CloseBooth { booth, why: Some(Closing::Cleaning) });
    let long = || "a".repeat(MAX_MESSAGE + 1);
    for frame in [
        ConsoleToHub::Transfer { session: session(), to: officer, note: long() },
        ConsoleToHub::Ask { session: session(), question: long() },
        ConsoleToHub::Answer { session: session(), text: long() },
        verified(Some(Personal::new(long()))),
    ] {
        assert!(matches!(decode::<ConsoleToHub>(&encode(&frame)), Err(WireError::TooLong { .. })));
    }
    round_trip(ConsoleToHub::Signal { booth, call: CallId(1), signal: Signal::Answer { sdp: "v=0".into() } });
}

#[test]
fn what_does_not_fit_is_refused() {
    let check = |frame: String, expect: &str| {
        let error = decode::<BoothToHub>(&frame).unwrap_err().to_string();
        assert!(error.contains(expect), "{error:?} lacks {expect:?}");
    };
    check(" ".repeat(MAX_FRAME + 1), "longer than");
    check("{".into(), "not a message");
    check(r#"{"type":"session_ended","session":"x","outcome":"kept"}"#.into(), "not a message");
    check(r#"{"type":"hello","protocol":1,"software":"a","more":1}"#.into(), "not a message");
    let sdp = "a".repeat(MAX_SDP + 1);
    check(encode(&BoothToHub::Signal { call: CallId(1), signal: Signal::Offer { sdp } }), "sdp");
    let mut long = snapshot();
    long.name = Personal::new("a".repeat(MAX_VALUE + 1));
    check(encode(&BoothToHub::Session { snapshot: Box::new(long) }), "name");
    let mut many = snapshot();
    many.items = vec![many.items[0].clone(); MAX_ITEMS + 1];
    check(encode(&BoothToHub::Session { snapshot: Box::new(many) }), "items");
    // A refusal may be logged, so it never quotes what somebody sent.
    let error = decode::<BoothToHub>(r#"{"type":"3171011708450001"}"#).unwrap_err().to_string();
    assert!(!error.contains("3171"), "{error}");
}
