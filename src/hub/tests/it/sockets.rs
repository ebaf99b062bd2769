//! What sockets refuse.

use crate::bench::{Bench, Socket};
use crate::consoles::{SESSION, booth_online, console_open, snapshot};
use bilik_claim::session::item::Check;
use bilik_claim::wire::{BoothToHub, ConsoleToHub, HubToBooth, HubToConsole, MAX_FRAME, PROTOCOL, Refusal, encode};
use bilik_hub::Role;

#[tokio::test]
async fn another_protocol_is_told_and_closed() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let frames = [
        encode(&BoothToHub::Hello { protocol: PROTOCOL + 1, software: "test".into() }),
        encode(&snapshot(1, Check::Pending)),
        "not a message".to_owned(),
    ];
    for frame in frames {
        let mut booth = test_booth.socket().await;
        booth.send_text(frame.clone()).await;
        assert_eq!(booth.close_code().await, Some(4426), "{frame}");
    }
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let mut console = bench.console_socket(&cookie).await;
    console.send(&ConsoleToHub::Hello { protocol: PROTOCOL + 1 }).await;
    let refused = |message| if let HubToConsole::Refused { reason } = message { Some(reason) } else { None };
    assert_eq!(console.find(refused).await, Refusal::Protocol);
    assert_eq!(console.close_code().await, Some(4426));
}

#[tokio::test]
async fn a_console_needs_a_login_and_our_own_page() {
    let bench = Bench::start().await;
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let auditor = bench.login(&bench.officer("audit", Role::Auditor)).await;
    let origin = bench.origin();
    let check = async |headers: &[(&'static str, String)], expect: bool| {
        let opened = Socket::open(bench.addresses.console, bench.tls(), "/ws/console", headers).await;
        assert_eq!(opened.is_ok(), expect, "{headers:?}");
    };
    check(&[], false).await;
    check(&[("origin", origin.clone())], false).await;
    check(&[("cookie", cookie.clone())], false).await;
    check(&[("cookie", cookie.clone()), ("origin", "https://evil.example".into())], false).await;
    check(&[("cookie", auditor), ("origin", origin.clone())], false).await;
    check(&[("cookie", cookie), ("origin", origin)], true).await;
}

#[tokio::test]
async fn malformed_frames_change_nothing() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let mut console = console_open(&bench, &cookie).await;
    let refused = |message| if let HubToConsole::Refused { reason } = message { Some(reason) } else { None };
    let long = encode(&ConsoleToHub::Message { session: SESSION, text: "x".repeat(501) });
    for frame in ["{}", "[]", "", "{\"type\":\"focus\"", long.as_str()] {
        console.send_text(frame.to_owned()).await;
        assert_eq!(console.find(refused).await, Refusal::Malformed, "{frame}");
    }
    console.send(&ConsoleToHub::Ping).await;
    console.find(|message| matches!(message, HubToConsole::Pong).then_some(())).await;
    // Another five, ten in all, are enough: a page that says nothing else is broken, and is loaded anew.
    for _ in 0..5 {
        console.send_text("{\"type\":\"nonsense\"}".into()).await;
    }
    assert_eq!(console.close_code().await, Some(1007));
    let _console = console_open(&bench, &cookie).await;

    let mut booth = booth_online(&test_booth).await;
    for _ in 0..9 {
        booth.send_text("{\"type\":\"nonsense\"}".into()).await;
    }
    booth.send(&snapshot(1, Check::Pending)).await;
    booth.find(|message| matches!(message, HubToBooth::Call { .. }).then_some(())).await;
    booth.send_text("{\"type\":\"nonsense\"}".into()).await;
    assert_eq!(booth.close_code().await, Some(1007), "the tenth is enough");
}

#[tokio::test]
async fn an_oversize_frame_ends_the_connection() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let mut booth = booth_online(&test_booth).await;
    let _ = booth.flood(&"x".repeat(MAX_FRAME + 1), 1).await;
    booth.close_code().await;
    // It comes back, and all is well.
    booth_online(&test_booth).await;
}

#[tokio::test]
async fn who_floods_is_cut_off_alone() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let quiet = bench.enrol("Bilik 2").await;
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let mut console = console_open(&bench, &cookie).await;
    let mut other = booth_online(&quiet).await;
    let mut booth = booth_online(&test_booth).await;
    let state = encode(&BoothToHub::State { state: Default::default() });
    booth.flood(&state, 5000).await;
    let code = booth.close_code().await;
    // A reset can overtake the farewell while we are still writing.
    assert!(code == Some(4429) || code.is_none(), "{code:?}");
    other.send(&snapshot(1, Check::Pending)).await;
    other.find(|message| matches!(message, HubToBooth::Call { .. }).then_some(())).await;
    console.find(|message| matches!(message, HubToConsole::Tile { .. }).then_some(())).await;
}

/// What a console does to itself does nothing to the office: its own connection ends, the login holds, and the officer comes
/// back to the same participant; a colleague notices nothing.
#[tokio::test]
async fn a_broken_console_is_cut_off_alone() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let sari = bench.login(&bench.officer("sari", Role::Officer)).await;
    let budi = bench.login(&bench.officer("budi", Role::Officer)).await;
    let mut broken = console_open(&bench, &sari).await;
    let mut booth = booth_online(&test_booth).await;
    booth.send(&snapshot(1, Check::Pending)).await;
    broken.find(|message| matches!(message, HubToConsole::Tile { .. }).then_some(())).await;
    let mut colleague = console_open(&bench, &budi).await;
    for (what, code) in [("flood", 4429), ("huge", 0), ("bytes", 1007), ("pings", 4429)] {
        match what {
            "flood" => broken.flood(&encode(&ConsoleToHub::Ping), 5000).await,
            "huge" => broken.flood(&"x".repeat(MAX_FRAME + 1), 1).await,
            "bytes" => broken.send_bytes(vec![0; 10]).await,
            _ => broken.flood_pings(5000).await,
        }
        let closed = broken.close_code().await;
        // A reset can overtake the farewell while we are still writing.
        assert!(closed.is_none_or(|closed| closed == code), "{what}: {closed:?}");
        colleague.send(&ConsoleToHub::Ping).await;
        colleague.find(|message| matches!(message, HubToConsole::Pong).then_some(())).await;
        broken = console_open(&bench, &sari).await;
        broken.find(|message| matches!(message, HubToConsole::Tile { .. }).then_some(())).await;
    }
}

#[tokio::test]
async fn a_flooding_console_hears_it_first() {
    let bench = Bench::start().await;
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let mut console = console_open(&bench, &cookie).await;
    console.flood(&encode(&ConsoleToHub::Ping), 250).await;
    let refused = |message| if let HubToConsole::Refused { reason } = message { Some(reason) } else { None };
    assert_eq!(console.find(refused).await, Refusal::TooFast);
}
