//! Booth and console through the hub, as far as frames go.

use crate::bench::{Bench, Socket, TestBooth};
use bilik_claim::document::DocumentKind;
use bilik_claim::filing::Standing;
use bilik_claim::ids::{CallId, OfficerId, SessionId};
use bilik_claim::personal::Personal;
use bilik_claim::session::item::{Check, Item};
use bilik_claim::text::Language;
use bilik_claim::wire::{
    BoothState, BoothToHub, CallMode, ConsoleToHub, Decision, HubToBooth, HubToConsole, ItemView, PROTOCOL, Refusal,
    SessionSnapshot, Signal, Step, Tile, Turn, Verdict,
};
use bilik_hub::Role;
use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

pub const SESSION: SessionId = SessionId(Uuid::from_u128(5));

pub fn snapshot(revision: u32, check: Check) -> BoothToHub {
    let item = Item::Document(DocumentKind::Face);
    let snapshot = SessionSnapshot {
        session: SESSION,
        revision,
        language: Language::Id,
        step: Step::Verification,
        name: Personal::new("Budi Specimen"),
        turn: Turn::Officer,
        items: vec![ItemView { item, value: Personal::default(), doubts: vec![], photo: Some(1), check }],
        microphone_muted: false,
        message: None,
        tracking: None,
    };
    BoothToHub::Session { snapshot: Box::new(snapshot) }
}

pub async fn booth_online(booth: &TestBooth) -> Socket {
    let mut socket = booth.socket().await;
    socket.send(&BoothToHub::Hello { protocol: PROTOCOL, software: "test".into() }).await;
    socket.find(|message| matches!(message, HubToBooth::Welcome { .. }).then_some(())).await;
    socket.send(&BoothToHub::State { state: BoothState::default() }).await;
    socket
}

pub async fn console_open(bench: &Bench, cookie: &str) -> Socket {
    let mut socket = bench.console_socket(cookie).await;
    socket.send(&ConsoleToHub::Hello { protocol: PROTOCOL }).await;
    socket.find(|message| matches!(message, HubToConsole::Welcome { .. }).then_some(())).await;
    socket
}

async fn tile(console: &mut Socket, wanted: impl Fn(&Tile) -> bool) -> Tile {
    console
        .find(|message| if let HubToConsole::Tile { tile } = message { wanted(&tile).then_some(*tile) } else { None })
        .await
}

pub async fn call(booth: &mut Socket) -> CallId {
    booth.find(|message| if let HubToBooth::Call { call, .. } = message { Some(call) } else { None }).await
}

async fn refusal(console: &mut Socket) -> Refusal {
    console.find(|message| if let HubToConsole::Refused { reason } = message { Some(reason) } else { None }).await
}

#[tokio::test]
async fn a_session_goes_from_booth_to_decision() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let sari = bench.officer("sari", Role::Officer);
    let cookie = bench.login(&sari).await;
    let mut booth = booth_online(&test_booth).await;
    let mut console = console_open(&bench, &cookie).await;
    booth.send(&snapshot(1, Check::Pending)).await;
    let running = call(&mut booth).await;
    let shown = tile(&mut console, |tile| tile.call == Some(running)).await;
    assert_eq!((shown.slot, shown.booth_name.as_str(), shown.online), (1, "Bilik 1", true));
    assert_eq!(shown.snapshot.name.reveal(), "Budi Specimen");

    // The call is set up through the hub.
    let offer = Signal::Offer { sdp: "v=0 offer".into() };
    booth.send(&BoothToHub::Signal { call: running, signal: offer.clone() }).await;
    let got = console
        .find(|message| if let HubToConsole::Signal { signal, .. } = message { Some(signal) } else { None })
        .await;
    assert_eq!(got, offer);
    let answer = Signal::Answer { sdp: "v=0 answer".into() };
    let id = test_booth.answer.booth;
    console.send(&ConsoleToHub::Signal { booth: id, call: running, signal: answer.clone() }).await;
    let got =
        booth.find(|message| if let HubToBooth::Signal { signal, .. } = message { Some(signal) } else { None }).await;
    assert_eq!(got, answer);

    // The document is looked at.
    let path = format!("/api/v1/sessions/{SESSION}/documents/face/1");
    let jpeg = crate::pictures::small();
    let here = async |number| {
        let url = bench.booths_url(&format!("/api/v1/sessions/{SESSION}/documents/face/{number}"));
        test_booth.http.head(url).send().await.unwrap().status()
    };
    assert_eq!(here(1).await, StatusCode::NOT_FOUND);
    assert_eq!(test_booth.put(bench.booths_url(&path), jpeg.clone()).await, StatusCode::NO_CONTENT);
    assert_eq!((here(1).await, here(2).await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    let stranger = bench.enrol("Bilik 2").await;
    let asked = stranger.http.head(bench.booths_url(&path)).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::NOT_FOUND, "another booth's");
    let photo = bench.get(&cookie, &path).await;
    assert_eq!((photo.status(), photo.headers()["cache-control"].to_str().unwrap()), (StatusCode::OK, "no-store"));
    assert_eq!(photo.headers()["content-type"], "image/jpeg");
    assert_eq!(photo.bytes().await.unwrap(), jpeg);

    // In focus, checked, decided.
    console.send(&ConsoleToHub::Focus { session: Some(SESSION) }).await;
    booth.find(|message| matches!(message, HubToBooth::Attention { mode: CallMode::Focus, .. }).then_some(())).await;
    console.send(&ConsoleToHub::Decide { session: SESSION, decision: Decision::Verified, note: None }).await;
    assert_eq!(refusal(&mut console).await, Refusal::OutOfOrder);
    let item = Item::Document(DocumentKind::Face);
    console.send(&ConsoleToHub::Check { session: SESSION, item, verdict: Verdict::Correct, seen: 1 }).await;
    booth.find(|message| matches!(message, HubToBooth::Check { .. }).then_some(())).await;
    booth.send(&snapshot(2, Check::Correct)).await;
    tile(&mut console, |tile| tile.snapshot.revision == 2).await;
    let note = Some(Personal::new("Ibu Specimen membawa surat asli besok"));
    console.send(&ConsoleToHub::Decide { session: SESSION, decision: Decision::Verified, note: note.clone() }).await;
    let decided = booth
        .find(|message| if let HubToBooth::Decision { decision, .. } = message { Some(decision) } else { None })
        .await;
    assert_eq!(decided, Decision::Verified);

    // The claim that follows is vouched for, and has the note.
    let mut draft = crate::claims::draft(&test_booth, 10);
    let officer: OfficerId = sari.id.parse().unwrap();
    draft.record.standing = Standing::Verified { officer, session: SESSION };
    crate::claims::receipt(crate::claims::file(&bench, &test_booth, &crate::claims::seal(&draft)).await);
    let path = format!("/api/v1/claims/{}", draft.record.claim);
    let opened: serde_json::Value = bench.get(&cookie, &path).await.json().await.unwrap();
    assert_eq!((&opened["notes"][0]["on"], &opened["notes"][0]["text"]), (&json!("verified"), &json!(note)));
}

#[tokio::test]
async fn a_console_cannot_touch_the_sessions_of_others() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let mut booth = booth_online(&test_booth).await;
    let sari = bench.login(&bench.officer("sari", Role::Officer)).await;
    let budi = bench.login(&bench.officer("budi", Role::Officer)).await;
    let boss = bench.login(&bench.officer("boss", Role::Supervisor)).await;
    let mut own = console_open(&bench, &sari).await;
    booth.send(&snapshot(1, Check::Correct)).await;
    let running = call(&mut booth).await;
    tile(&mut own, |_| true).await;
    let mut other = console_open(&bench, &budi).await;
    let id = test_booth.answer.booth;
    let frames = [
        ConsoleToHub::Decide { session: SESSION, decision: Decision::Verified, note: None },
        ConsoleToHub::Focus { session: Some(SESSION) },
        ConsoleToHub::Message { session: SESSION, text: "halo".into() },
        ConsoleToHub::EndSession { session: SESSION },
    ];
    // These two may be late words on a session that has just changed hands: dropped without a refusal.
    other.send(&ConsoleToHub::Signal { booth: id, call: running, signal: Signal::Answer { sdp: "v=0".into() } }).await;
    other.send(&ConsoleToHub::CallFailed { booth: id, call: running }).await;
    for frame in frames {
        other.send(&frame).await;
        assert_eq!(refusal(&mut other).await, Refusal::NotYours, "{frame:?}");
    }
    let path = format!("/api/v1/sessions/{SESSION}/documents/face/1");
    test_booth.put(bench.booths_url(&path), crate::pictures::small()).await;
    // A supervisor sees nothing either, unless the participant is told.
    for (cookie, expect) in [(&sari, StatusCode::OK), (&budi, StatusCode::NOT_FOUND), (&boss, StatusCode::NOT_FOUND)] {
        assert_eq!(bench.get(cookie, &path).await.status(), expect);
    }
    // Nothing of it reached the booth: the next thing it hears is the owner's word.
    own.send(&ConsoleToHub::Message { session: SESSION, text: "dari Sari".into() }).await;
    let heard = booth
        .find(|message| match message {
            HubToBooth::Message { text, .. } => Some(text),
            HubToBooth::Decision { .. } | HubToBooth::EndSession { .. } | HubToBooth::Signal { .. } => {
                panic!("touched")
            }
            HubToBooth::Welcome { .. }
            | HubToBooth::Office { .. }
            | HubToBooth::Assignment { .. }
            | HubToBooth::Call { .. }
            | HubToBooth::Attention { .. }
            | HubToBooth::EndCall { .. }
            | HubToBooth::Watched { .. }
            | HubToBooth::Closed { .. }
            | HubToBooth::Check { .. } => None,
        })
        .await;
    assert_eq!(heard, "dari Sari");
}

#[tokio::test]
async fn a_restarted_hub_learns_everything_from_the_booths() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let sari = bench.officer("sari", Role::Officer);
    let mut booth = booth_online(&test_booth).await;
    booth.send(&snapshot(7, Check::Pending)).await;
    let cookie = bench.login(&sari).await;
    let mut console = console_open(&bench, &cookie).await;
    tile(&mut console, |_| true).await;
    let bench = bench.restart().await;
    assert_eq!(booth.close_code().await, Some(1001));
    assert_eq!(console.close_code().await, Some(1001));
    assert_eq!(bench.get(&cookie, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED, "logins are in memory");

    let mut booth = Socket::open(bench.addresses.booths, test_booth.tls.clone(), "/ws/booth", &[]).await.unwrap();
    booth.send(&BoothToHub::Hello { protocol: PROTOCOL, software: "test".into() }).await;
    booth.send(&snapshot(7, Check::Pending)).await;
    let response = bench.try_login("sari", crate::bench::PASSWORD, &sari.code(1)).await;
    let cookie = crate::bench::cookie_of(response.headers());
    let mut console = console_open(&bench, &cookie).await;
    assert_eq!(tile(&mut console, |_| true).await.snapshot.revision, 7);
}

#[tokio::test]
async fn a_logout_closes_the_console() {
    let bench = Bench::start().await;
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let mut console = console_open(&bench, &cookie).await;
    bench.post(&cookie, "/api/v1/logout", &serde_json::json!({})).await;
    assert_eq!(console.close_code().await, Some(4401));
}

#[tokio::test]
async fn a_second_console_replaces_the_first() {
    let bench = Bench::start().await;
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let mut first = console_open(&bench, &cookie).await;
    let _second = console_open(&bench, &cookie).await;
    first.find(|message| matches!(message, HubToConsole::Replaced).then_some(())).await;
    assert_eq!(first.close_code().await, Some(4409));
}
