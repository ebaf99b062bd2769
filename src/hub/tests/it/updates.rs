//! Updates that booths fetch from the hub, and what they tell of their machines.

use crate::bench::{Bench, TestBooth};
use crate::commands::{run, text};
use bilik_claim::ids::{BoothId, Digest};
use bilik_claim::machine::{Ended, Hindrance, Image, MachineAnswer, MachineReport, Progress, Slot};
use reqwest::{Response, StatusCode};
use serde_json::json;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// The outside of a bundle, of `bytes` and some more; nothing in it is signed.
fn bundle(version: &str, bytes: usize) -> Vec<u8> {
    let manifest = format!("[update]\ncompatible=specimen\nversion={version}\n\n[bundle]\nformat=verity\n");
    let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    let signature = [&[0x30, 0x82, 0x01, 0x00], oid.as_slice(), manifest.as_bytes()].concat();
    let filling: Vec<u8> = (0..bytes).map(|place| (place % 251) as u8).collect();
    [b"hsqs".as_slice(), &filling, &signature, &(signature.len() as u64).to_be_bytes()].concat()
}

fn offer(bench: &Bench, name: &str, bytes: &[u8], more: &[&str]) -> String {
    let path: PathBuf = bench.dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    command(bench, &[&["update", "offer", path.to_str().unwrap()], more].concat())
}

fn command(bench: &Bench, arguments: &[&str]) -> String {
    let output = run(&bench.dir.path().join("hub.toml"), arguments, "");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

async fn tell(bench: &Bench, booth: &TestBooth, report: &serde_json::Value) -> MachineAnswer {
    let response = booth.http.post(bench.booths_url("/api/v1/machine")).json(report).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

async fn fetch(bench: &Bench, booth: &TestBooth, digest: Digest, range: Option<&str>) -> Response {
    let url = bench.booths_url(&format!("/api/v1/update/{digest}"));
    let request = booth.http.get(url);
    range.into_iter().fold(request, |request, range| request.header("range", range)).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offered_update_is_told_and_sent_in_parts() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let plain = json!({"software": "0.2.0"});
    assert_eq!(tell(&bench, &booth, &plain).await.offer, None);
    let bytes = bundle("0.3.0", 300_000);
    let told = offer(&bench, "a.raucb", &bytes, &[]);
    assert!(told.starts_with("offered: 0.3.0, ") && told.contains("at night"), "{told}");
    let answer = tell(&bench, &booth, &plain).await;
    let offered = answer.offer.unwrap();
    assert_eq!((offered.version.as_str(), offered.bytes, offered.now), ("0.3.0", bytes.len() as u64, false));
    assert_eq!(offered.digest, Digest::of(&bytes));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    assert!((now - answer.time.0).abs() < 60_000, "the hub's clock");

    let whole = fetch(&bench, &booth, offered.digest, None).await;
    assert_eq!((whole.status(), whole.content_length()), (StatusCode::OK, Some(bytes.len() as u64)));
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    // As after a broken line.
    let rest = fetch(&bench, &booth, offered.digest, Some("bytes=123456-")).await;
    assert_eq!(rest.status(), StatusCode::PARTIAL_CONTENT);
    let range = format!("bytes 123456-{}/{}", bytes.len() - 1, bytes.len());
    assert_eq!(rest.headers()["content-range"], range.as_str());
    assert_eq!(rest.bytes().await.unwrap(), bytes[123_456..]);
    let check = async |digest: Digest, range: Option<&str>, expect: StatusCode| {
        assert_eq!(fetch(&bench, &booth, digest, range).await.status(), expect, "{range:?}");
    };
    check(offered.digest, Some(&format!("bytes={}-", bytes.len())), StatusCode::RANGE_NOT_SATISFIABLE).await;
    check(offered.digest, Some("bytes=1-5"), StatusCode::BAD_REQUEST).await;
    check(Digest::of(b"another"), None, StatusCode::NOT_FOUND).await;

    // Another one takes its place; what was offered before is gone.
    let told = offer(&bench, "b.raucb", &bundle("0.4.0", 10), &["--now"]);
    assert!(told.contains("as soon as nobody is there"), "{told}");
    check(offered.digest, None, StatusCode::NOT_FOUND).await;
    let offered = tell(&bench, &booth, &plain).await.offer.unwrap();
    assert_eq!((offered.version.as_str(), offered.now), ("0.4.0", true));
    assert_eq!(command(&bench, &["update", "withdraw"]), "0.4.0 is offered no more\n");
    assert_eq!(command(&bench, &["update", "withdraw"]), "no update was offered\n");
    check(offered.digest, None, StatusCode::NOT_FOUND).await;
    assert_eq!(tell(&bench, &booth, &plain).await.offer, None);
    let events: Vec<_> = bench.audit().iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events[events.len() - 3..], ["update_offered", "update_offered", "update_withdrawn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_booth_is_served_at_a_time() {
    let bench = Bench::start().await;
    let (first, second) = (bench.enrol("Bilik 1").await, bench.enrol("Bilik 2").await);
    let bytes = bundle("0.3.0", 8 << 20);
    offer(&bench, "a.raucb", &bytes, &[]);
    let digest = Digest::of(&bytes);
    let mut under_way = fetch(&bench, &first, digest, None).await;
    under_way.chunk().await.unwrap().unwrap();
    let refused = fetch(&bench, &second, digest, None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "60");
    // The first one stops in the middle, as for a participant.
    drop(under_way);
    let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while fetch(&bench, &second, digest, Some("bytes=8388600-")).await.status() != StatusCode::PARTIAL_CONTENT {
        assert!(tokio::time::Instant::now() < patience, "the turn never comes");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_booths_tell_is_remembered_and_shown() {
    let bench = Bench::start().await;
    let (first, second) = (bench.enrol("Bilik 1").await, bench.enrol("Bilik 2").await);
    let slot = |name: &str, version: &str, running, state: &str| Slot {
        name: name.into(),
        version: Some(version.into()),
        running,
        state: state.into(),
    };
    let slots = vec![slot("a", "0.2.0", true, "good"), slot("b", "0.3.0", false, "bad")];
    let why = "it was not \u{1b}[2Jwell".to_owned();
    let last = Ended::RolledBack { failed: "0.3.0".into(), running: "0.2.0".into(), why };
    let image = Image { version: "0.2.0".into(), root_hash: "5ec1be00".repeat(8), slots, last: Some(last) };
    let update = Progress::Received { hindrance: Hindrance::ClaimsWait };
    let report = MachineReport { software: "0.2.0".into(), image: Some(image), update };
    tell(&bench, &first, &serde_json::to_value(&report).unwrap()).await;
    // Nothing that this version understands: it hears the offer all the same, and what it told before stays.
    tell(&bench, &first, &json!({"software": 7})).await;
    tell(&bench, &first, &json!("mood")).await;
    for _ in 0..2 {
        let shown = command(&bench, &["update"]);
        let row = |text: &str| assert!(shown.contains(text), "{text} is not in {shown}");
        row("no update is offered");
        row("runs 0.2.0, program 0.2.0 (told ");
        row("slots: a 0.2.0 (good, running), b 0.3.0 (bad)");
        row("update: is there, to be installed; waits until its claims are received here");
        row("last: ROLLED BACK from 0.3.0 to 0.2.0: it was not \\u{1b}[2Jwell");
        row("has told nothing of its machine");
        tell(&bench, &first, &serde_json::to_value(&report).unwrap()).await;
    }
    assert!(command(&bench, &["booth", "list"]).contains("ROLLED BACK from 0.3.0"));
    // Not for whoever is shut out, and only for booths.
    bilik_hub::admin::revoke_booth(&bench.config, second.answer.booth).unwrap();
    let refused = second.http.post(bench.booths_url("/api/v1/machine")).json(&json!({"software": "1"})).send().await;
    assert_eq!(refused.unwrap().status(), StatusCode::FORBIDDEN);
    let shown = command(&bench, &["update"]);
    let named = |booth: BoothId| shown.contains(&booth.to_string());
    assert_eq!((named(first.answer.booth), named(second.answer.booth)), (true, false), "{shown}");
}

#[tokio::test]
async fn what_is_no_update_is_refused_with_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let config = crate::bench::config(dir.path(), "");
    bilik_hub::admin::init(&config).unwrap();
    let file = dir.path().join("x.raucb");
    let check = |bytes: &[u8], more: &[&str], expect: &str| {
        std::fs::write(&file, bytes).unwrap();
        let arguments = [&["update", "offer", file.to_str().unwrap()], more].concat();
        let output = run(&dir.path().join("hub.toml"), &arguments, "");
        let told = text(&output.stderr);
        assert_eq!((output.status.code(), told.lines().count()), (Some(1), 1), "{told}");
        assert!(told.contains(expect), "{told}");
    };
    let whole = bundle("0.3.0", 100);
    check(b"", &[], "no update of booths");
    check(&whole[..whole.len() - 9], &[], "copied whole?");
    check(&bundle("", 100), &[], "say --version");
    check(&whole, &["--version", "0.4.0"], "holds version 0.3.0, not 0.4.0");
    std::fs::remove_file(&file).unwrap();
    let gone = run(&dir.path().join("hub.toml"), &["update", "offer", file.to_str().unwrap()], "");
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone.stderr).contains("failed to read"), "{}", text(&gone.stderr));
}
