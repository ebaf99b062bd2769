//! Supervisors, technicians and auditors: what each may, and what nobody else may.

use crate::bench::{Bench, Socket};
use crate::consoles::{SESSION, booth_online, call, console_open, snapshot};
use bilik_claim::session::item::Check;
use bilik_claim::wire::{Assignment, BoothState, BoothToHub, Closing, ConsoleToHub, HubToBooth, HubToConsole, Refusal};
use bilik_hub::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// The texts of the audit trail with this event.
fn events(bench: &Bench, name: &str) -> Vec<Value> {
    bench.audit().into_iter().filter(|event| event["event"] == name).collect()
}

async fn refusal(console: &mut Socket) -> Refusal {
    console.find(|message| if let HubToConsole::Refused { reason } = message { Some(reason) } else { None }).await
}

#[tokio::test]
async fn each_role_has_its_own_doors() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let code = bench.code("Bilik 2");
    let booth = test_booth.answer.booth;
    let revoke_code = format!("/api/v1/fleet/codes/{}/revoke", &hex::encode(code.secret_digest().0)[..16]);
    let revoke_booth = format!("/api/v1/fleet/booths/{booth}/revoke");
    let name = json!({ "name": "Bilik 9" });
    let posts: [(&str, Value, Role); 4] = [
        ("/api/v1/fleet/codes", name, Role::Technician),
        (&revoke_code, json!({}), Role::Technician),
        (&revoke_booth, json!({}), Role::Technician),
        ("/api/v1/audit/verify", json!({ "head": null }), Role::Auditor),
    ];
    let gets =
        [("/api/v1/fleet", Role::Technician), ("/api/v1/audit", Role::Auditor), ("/api/v1/audit/names", Role::Auditor)];
    for (login, role) in [("a", Role::Officer), ("b", Role::Supervisor), ("c", Role::Auditor), ("d", Role::Technician)]
    {
        let cookie = bench.login(&bench.officer(login, role)).await;
        for (path, wanted) in gets {
            let expect = if role == wanted { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(bench.get(&cookie, path).await.status(), expect, "{role} {path}");
        }
        for (path, body, wanted) in &posts {
            let status = bench.post(&cookie, path, body).await.status();
            assert_eq!(status != StatusCode::FORBIDDEN, role == *wanted, "{role} {path}: {status}");
            assert!(role != *wanted || status.is_success(), "{role} {path}: {status}");
        }
        let opened = bench.try_console(&cookie).await;
        assert_eq!(opened, role.serves(), "{role}");
    }
    assert_eq!(bench.get("", "/api/v1/fleet").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bench.get("", "/api/v1/audit").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_supervisor_reads_along_on_record_and_takes_over() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let mut booth = booth_online(&test_booth).await;
    let (sari, ratna) = (bench.officer("sari", Role::Officer), bench.officer("ratna", Role::Supervisor));
    let mut own = console_open(&bench, &bench.login(&sari).await).await;
    let boss = bench.login(&ratna).await;
    let mut over = console_open(&bench, &boss).await;
    booth.send(&snapshot(1, Check::Pending)).await;
    call(&mut booth).await;
    let path = format!("/api/v1/sessions/{SESSION}/documents/face/1");
    test_booth.put(bench.booths_url(&path), crate::pictures::small()).await;
    assert_eq!(bench.get(&boss, &path).await.status(), StatusCode::NOT_FOUND);

    over.send(&ConsoleToHub::Watch { session: Some(SESSION) }).await;
    let told = booth.find(|m| if let HubToBooth::Watched { watched, .. } = m { Some(watched) } else { None }).await;
    assert!(told);
    let tile = over.find(|m| if let HubToConsole::Watching { tile } = m { Some(tile) } else { None }).await;
    assert_eq!(tile.unwrap().snapshot.name.reveal(), "Budi Specimen");
    own.find(|m| if let HubToConsole::Tile { tile } = m { tile.watched_by } else { None }).await;
    assert_eq!(bench.get(&boss, &path).await.status(), StatusCode::OK);
    let looked = events(&bench, "photo_watched");
    let expect = json!({
        "event": "photo_watched", "session": SESSION, "officer": ratna.id, "document": "face", "photo": 1,
    });
    assert_eq!(looked, [expect], "before the first byte went out");

    // An officer cannot.
    own.send(&ConsoleToHub::Watch { session: Some(SESSION) }).await;
    assert_eq!(refusal(&mut own).await, Refusal::Forbidden);

    let to = ratna.id.parse().unwrap();
    over.send(&ConsoleToHub::Transfer { session: SESSION, to, note: String::new() }).await;
    own.find(|m| matches!(m, HubToConsole::TileGone { .. }).then_some(())).await;
    over.find(|m| if let HubToConsole::Tile { tile } = m { (tile.slot == 1).then_some(()) } else { None }).await;
    // The call is set up anew, with the supervisor.
    call(&mut booth).await;
    let serves = |message| {
        if let HubToBooth::Assignment { assignment: Assignment::Officer { officer, .. }, .. } = message {
            (officer == to).then_some(())
        } else {
            None
        }
    };
    booth.find(serves).await;
    assert_eq!(bench.get(&boss, &path).await.status(), StatusCode::OK);
    assert_eq!(events(&bench, "photo_watched").len(), 1, "the own sessions' are not on record one by one");

    over.send(&ConsoleToHub::CloseBooth { booth: test_booth.answer.booth, why: Some(Closing::Repair) }).await;
    let why = booth.find(|m| if let HubToBooth::Closed { why } = m { why } else { None }).await;
    assert_eq!(why, Closing::Repair);
}

#[tokio::test]
async fn a_technician_sees_the_fleet_and_lets_booths_in_and_out() {
    let bench = Bench::start().await;
    let first = bench.enrol("Bilik 1").await;
    let id = first.answer.booth;
    let mut socket = booth_online(&first).await;
    let state = BoothState { queued: 2, out_of_service: Some("B-04: no room".into()), ..BoothState::default() };
    socket.send(&BoothToHub::State { state }).await;
    let cookie = bench.login(&bench.officer("teknisi", Role::Technician)).await;
    let fleet = async || bench.get(&cookie, "/api/v1/fleet").await.json::<Value>().await.unwrap();
    // The state may be on its way still.
    let mut seen = fleet().await;
    for _ in 0..200 {
        if seen["booths"][0]["state"]["queued"] == 2 {
            break;
        }
        seen = fleet().await;
    }
    let booth = &seen["booths"][0];
    assert_eq!((&booth["name"], &booth["online"], &booth["revoked"]), (&json!("Bilik 1"), &json!(true), &json!(false)));
    assert_eq!((&booth["state"]["queued"], &booth["state"]["out_of_service"]), (&json!(2), &json!("B-04: no room")));
    assert!(booth["last_seen"].is_i64());

    let post = async |path: &str, body: Value| {
        let answer = bench.post(&cookie, path, &body).await;
        let status = answer.status();
        (status, answer.json::<Value>().await.unwrap_or_default())
    };
    let codes = "/api/v1/fleet/codes";
    let long = "x".repeat(101);
    for bad in [
        json!({}),
        json!({ "name": " " }),
        json!({ "name": long }),
        json!({ "name": "Bilik\u{7}" }),
        json!({ "name": "Bilik 2", "booth": id }),
        json!({ "name": "Bilik 2", "hours": 0 }),
        json!({ "name": "Bilik 2", "hours": 337 }),
    ] {
        assert_eq!(post(codes, bad.clone()).await.0, StatusCode::BAD_REQUEST, "{bad}");
    }
    assert_eq!(fleet().await["codes"], json!([]), "nothing came of those");

    // A code lets one booth in, and is told once.
    let (status, made) = post(codes, json!({ "name": " Bilik 2 " })).await;
    assert_eq!((status, &made["name"]), (StatusCode::CREATED, &json!("Bilik 2")));
    let listed = fleet().await["codes"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &made["id"]));
    assert!(!listed.to_string().contains(made["code"].as_str().unwrap()));
    bench.enrol_with(&made["code"].as_str().unwrap().parse().unwrap()).await;
    assert_eq!(fleet().await["codes"], json!([]));
    let (_, unused) = post(codes, json!({ "name": "Bilik 3", "hours": 24 })).await;
    let revoke = format!("{codes}/{}/revoke", unused["id"].as_str().unwrap());
    assert_eq!(post(&revoke, json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(post(&revoke, json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(post(&format!("{codes}/zz/revoke"), json!({})).await.0, StatusCode::BAD_REQUEST);

    // Revoked: cut off at once, for good.
    let revoke = format!("/api/v1/fleet/booths/{id}/revoke");
    assert_eq!(post(&revoke, json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(socket.close_code().await, Some(4401));
    assert_eq!(post(&revoke, json!({})).await.0, StatusCode::CONFLICT);
    assert_eq!(post(codes, json!({ "booth": id })).await.0, StatusCode::CONFLICT);
    let unknown = uuid::Uuid::from_u128(9);
    assert_eq!(post(codes, json!({ "booth": unknown })).await.0, StatusCode::NOT_FOUND);
    assert_eq!(post(&format!("/api/v1/fleet/booths/{unknown}/revoke"), json!({})).await.0, StatusCode::NOT_FOUND);
    let acts: Vec<Value> = events(&bench, "technician_acted").iter().map(|event| event["act"]["is"].clone()).collect();
    assert_eq!(acts, ["make_code", "make_code", "revoke_code", "revoke_booth"]);
}

#[tokio::test]
async fn an_auditor_reads_the_trail_and_has_it_checked() {
    let bench = Bench::start().await;
    let sari = bench.officer("sari", Role::Officer);
    bench.login(&sari).await;
    let cookie = bench.login(&bench.officer("auditor", Role::Auditor)).await;
    let read = async |query: &str| {
        let answer = bench.get(&cookie, &format!("/api/v1/audit{query}")).await;
        let status = answer.status();
        (status, answer.json::<Value>().await.unwrap_or_default())
    };
    let (_, all) = read("").await;
    let names: Vec<&Value> = all["entries"].as_array().unwrap().iter().map(|entry| &entry["event"]["event"]).collect();
    assert_eq!(names, ["login", "officer_added", "login", "officer_added"]);
    assert_eq!(all["next"], Value::Null);
    let (_, own) = read(&format!("?officer={}", sari.id)).await;
    assert_eq!(own["entries"].as_array().unwrap().len(), 2);
    assert_eq!(read("?before=2").await.1["entries"].as_array().unwrap().len(), 1);
    assert_eq!(read("?day=2020-02-29").await.1["entries"], json!([]));
    for bad in ["?day=2026-02-30", "?day=x", "?booth=1", "?before=x", "?who=me"] {
        assert_eq!(read(bad).await.0, StatusCode::BAD_REQUEST, "{bad}");
    }
    let known = bench.get(&cookie, "/api/v1/audit/names").await.json::<Value>().await.unwrap();
    assert_eq!(known["officers"].as_array().unwrap().len(), 2);
    assert!(!known.to_string().contains("password") && !known.to_string().contains("sari"), "{known}");

    let verify = async |head: Value| {
        let answer = bench.post(&cookie, "/api/v1/audit/verify", &json!({ "head": head })).await;
        (answer.status(), answer.json::<Value>().await.unwrap_or_default())
    };
    let (_, intact) = verify(Value::Null).await;
    assert_eq!((&intact["state"], &intact["entries"]), (&json!("intact"), &json!(4)));
    let (_, later) = verify(intact["head"].clone()).await;
    assert_eq!((&later["noted"], &later["entries"]), (&json!(true), &json!(5)), "the check itself is on record");
    assert_eq!(verify(json!("ab".repeat(32))).await.1["noted"], json!(false));
    assert!(verify(json!("no digest")).await.0.is_client_error());
    bench.ledger().execute_batch("UPDATE audit SET at = 1 WHERE sequence = 2").unwrap();
    let (status, broken) = verify(Value::Null).await;
    assert_eq!((status, &broken["state"], &broken["sequence"]), (StatusCode::OK, &json!("broken"), &json!(2)));
}
