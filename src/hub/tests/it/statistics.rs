//! A day in figures, from the booth's frames to the file, over a restart.

use crate::bench::{Bench, cookie_of};
use crate::consoles::{SESSION, booth_online, call, console_open, snapshot};
use bilik_claim::session::item::Check;
use bilik_claim::wire::{BoothToHub, ConsoleToHub, Decision, HubToBooth, Outcome, Step, Turn};
use bilik_hub::Role;
use reqwest::StatusCode;
use serde_json::Value;

#[tokio::test]
async fn a_visit_is_counted_and_told_after_a_restart() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let (sari, boss) = (bench.officer("sari", Role::Officer), bench.officer("boss", Role::Supervisor));
    let cookie = bench.login(&sari).await;
    let mut booth = booth_online(&test_booth).await;
    let mut console = console_open(&bench, &cookie).await;
    booth.send(&snapshot(1, Check::Pending)).await;
    call(&mut booth).await;
    console.send(&ConsoleToHub::Focus { session: Some(SESSION) }).await;
    let reasons = vec!["Dokumen tidak terbaca.".to_owned(), "Nama Budi tidak cocok".to_owned()];
    console
        .send(&ConsoleToHub::Decide { session: SESSION, decision: Decision::Returned { reasons }, note: None })
        .await;
    booth.find(|message| matches!(message, HubToBooth::Decision { .. }).then_some(())).await;
    let BoothToHub::Session { mut snapshot } = snapshot(2, Check::Pending) else { unreachable!() };
    (snapshot.step, snapshot.turn) = (Step::Returned, Turn::Done);
    booth.send(&BoothToHub::Session { snapshot }).await;
    booth.send(&BoothToHub::SessionEnded { session: SESSION, outcome: Outcome::Returned }).await;
    // The frame behind it is answered once the end has been heard.
    let told =
        console.find(|message| matches!(message, bilik_claim::wire::HubToConsole::TileGone { .. }).then_some(()));
    told.await;

    let metrics = bench.client().get(bench.console_url("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in ["bilik_claims_decided_total 1", "bilik_wait_for_eyes_seconds_count 1", "bilik_alarms_total 0"] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }

    let bench = bench.restart().await;
    let trail: Vec<Value> = bench.audit();
    let text = serde_json::to_string(&trail).unwrap();
    assert!(!text.contains("Budi"), "an officer's own words may name a person");
    let event = |name: &str| trail.iter().find(|entry| entry["event"] == name).cloned().unwrap_or_default();
    assert_eq!(event("decided")["reasons"], serde_json::json!(["document_unreadable", "other"]));
    assert_eq!(event("visit_ended")["outcome"], "returned");
    assert!(event("looked")["lasted_ms"].is_i64());

    let enter = async |officer: &crate::bench::TestOfficer, login: &str, step| {
        let answer = bench.try_login(login, crate::bench::PASSWORD, &officer.code(step)).await;
        cookie_of(answer.headers())
    };
    let (own, all) = (enter(&sari, "sari", 1).await, enter(&boss, "boss", 0).await);
    for (cookie, officers) in [(&own, 1), (&all, 1)] {
        let day: Value = bench.get(cookie, "/api/v1/statistics").await.json().await.unwrap();
        assert_eq!((&day["total"]["returned"], &day["total"]["visits"]), (&1.into(), &1.into()), "{day}");
        assert_eq!(day["officers"].as_array().unwrap().len(), officers);
        assert!(day["total"]["duty_s"].is_u64());
        let path = format!("/api/v1/statistics/export?day={}&format=csv", day["day"].as_str().unwrap());
        let csv = bench.get(cookie, &path).await;
        assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
        let csv = csv.text().await.unwrap();
        assert!(csv.contains("Petugas,") && !csv.contains("Budi"), "{csv}");
    }
    let xlsx = bench.get(&all, "/api/v1/statistics/export?format=xlsx&language=en").await;
    assert!(xlsx.headers()["content-disposition"].to_str().unwrap().contains(".xlsx"));
    assert!(xlsx.bytes().await.unwrap().starts_with(b"PK"));
    for (path, expect) in [
        ("/api/v1/statistics?day=2026-02-30", StatusCode::BAD_REQUEST),
        ("/api/v1/statistics/export?format=pdf", StatusCode::BAD_REQUEST),
        ("/api/v1/statistics?day=2020-01-01", StatusCode::OK),
    ] {
        assert_eq!(bench.get(&all, path).await.status(), expect, "{path}");
    }
    let auditor = bench.login(&bench.officer("auditor", Role::Auditor)).await;
    assert_eq!(bench.get(&auditor, "/api/v1/statistics").await.status(), StatusCode::FORBIDDEN);
}
