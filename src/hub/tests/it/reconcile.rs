use crate::bench::{Bench, TestBooth};
use crate::claims::{Filing, draft, file, receipt, receipt_key, seal};
use crate::commands::{run, text};
use crate::consoles::snapshot;
use bilik_claim::audit::AuditHead;
use bilik_claim::filing::{Receipt, Signed};
use bilik_claim::ids::{ClaimId, Digest};
use bilik_claim::reconcile::{MAX_NOTES, ReceiptNote, Reconcile, Reconciled};
use bilik_claim::session::item::Check;
use bilik_claim::wire::{BoothState, BoothToHub, HubToBooth, PROTOCOL};
use reqwest::StatusCode;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use uuid::Uuid;

pub async fn ask(bench: &Bench, booth: &TestBooth, keys: u64, receipts: &[ReceiptNote]) -> Reconciled {
    let told = Reconcile { keys, receipts: receipts.to_vec() };
    let response = booth.http.post(bench.booths_url("/api/v1/reconcile")).json(&told).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

fn note(booth: &TestBooth, receipt: &Signed<Receipt>, held: bool) -> ReceiptNote {
    let receipt = receipt.open(&receipt_key(booth)).unwrap();
    let Receipt { claim, manifest, ledger_sequence, .. } = receipt;
    ReceiptNote { claim, manifest, ledger_sequence, held }
}

fn command(bench: &Bench, arguments: &[&str]) -> String {
    let output = run(&bench.dir.path().join("hub.toml"), arguments, "");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The one copy in a directory.
fn copy_in(dir: &PathBuf) -> PathBuf {
    let found: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [copy] = found.as_slice() else { panic!("{found:?}") };
    copy.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_booths_bring_what_they_hold_and_the_rest_is_told() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let other = bench.enrol("Bilik 2").await;
    let id = |number| ClaimId(Uuid::from_u128(number));
    let filing = |number| seal(&draft(&booth, number));
    let claims: Vec<Filing> = (10..14).map(filing).collect();
    let first = receipt(file(&bench, &booth, &claims[0]).await);
    let second = receipt(file(&bench, &booth, &claims[1]).await);
    let mut notes = vec![note(&booth, &second, false), note(&booth, &first, false)];
    let answer = ask(&bench, &booth, 0, &notes).await;
    assert_eq!((answer.hold, answer.safe, answer.missing), (false, vec![], vec![]), "nobody backs it up");

    let dir = bench.dir.path().join("backups");
    let told = command(&bench, &["backup", dir.to_str().unwrap()]);
    let copy = copy_in(&dir);
    assert!(told.starts_with(&format!("made {}: ", copy.display())), "{told}");
    assert!(told.contains("claims up to number 2") && told.contains("sealing.key"), "{told}");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let name = copy.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("hub-20") && name.ends_with("Z.db"), "{name}");

    // Two more, after the backup; the sealed bytes of one are still at the booth.
    let gone = receipt(file(&bench, &booth, &claims[2]).await);
    let held = receipt(file(&bench, &booth, &claims[3]).await);
    notes.splice(0..0, [note(&booth, &held, true), note(&booth, &gone, false)]);
    let answer = ask(&bench, &booth, 0, &notes).await;
    assert_eq!((answer.hold, answer.safe, answer.missing), (true, vec![id(11), id(10)], vec![]));

    // As KEYS.md tells.
    let (dir, config) = bench.stop().await;
    for name in ["hub.db", "hub.db-wal", "hub.db-shm"] {
        let _ = fs::remove_file(config.state_dir.join(name));
    }
    fs::copy(&copy, config.state_dir.join("hub.db")).unwrap();
    let bench = Bench::over(dir, config).await;

    let mut foreign = note(&booth, &first, true);
    // Of another hub, with a number that is safe here.
    foreign.claim = id(99);
    notes.push(foreign);
    for _ in 0..2 {
        let answer = ask(&bench, &booth, 0, &notes).await;
        assert_eq!(answer.missing, [id(13), id(12), id(99)]);
        assert_eq!((answer.hold, answer.safe), (true, vec![]), "a copy that was put back does not count itself");
    }
    let missing = |bench: &Bench| bench.audit().iter().filter(|entry| entry["event"] == "claim_missing").count();
    assert_eq!(missing(&bench), 1, "only what nobody holds, and once");
    let told = command(&bench, &["claims", "--missing"]);
    let line = told.lines().next().unwrap();
    let code = claims[2].manifest.tracking.as_str();
    assert!(line.starts_with("     3  ") && line.contains(code) && line.ends_with("Bilik 1"), "{told}");
    assert!(told.contains("recover") && !told.contains(claims[3].manifest.tracking.as_str()), "{told}");
    // Nobody learns anything of another's claims, nor takes them off the list.
    let answer = ask(&bench, &other, 0, &notes[2..4]).await;
    assert_eq!((answer.missing, answer.safe), (vec![], vec![]));

    // What is held comes again, and is judged like any other.
    let again = receipt(file(&bench, &booth, &claims[3]).await);
    notes[0] = note(&booth, &again, true);
    assert_eq!(notes[0].ledger_sequence, 3, "a number that another claim had");
    assert_eq!(ask(&bench, &booth, 0, &notes).await.missing, [id(12), id(99)]);
    // The lost one turns up in an export of the booth's queue.
    let queue = bench.dir.path().join("queue");
    crate::recover::write(&queue, &claims[2], &booth.manifest_key);
    assert_eq!(crate::recover::recover(&bench, &queue, &[]).1, [(12, "kept as number 4".to_owned())]);
    assert_eq!(command(&bench, &["claims", "--missing"]), "");
    assert_eq!(ask(&bench, &booth, 0, &notes).await.missing, [id(99)]);
    assert_eq!(missing(&bench), 1);

    let told = Reconcile { keys: 0, receipts: vec![notes[0].clone(); MAX_NOTES + 1] };
    let response = booth.http.post(bench.booths_url("/api/v1/reconcile")).json(&told).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(command(&bench, &["verify-audit"]).starts_with("intact"));
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_stand_beside_each_other_and_keys_come_along_if_asked() {
    let bench = Bench::start().await;
    let dir = bench.dir.path().join("backups");
    let told = command(&bench, &["backup", "--with-keys", dir.to_str().unwrap()]);
    let mut names: Vec<PathBuf> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let [ledger, keys] = names.as_slice() else { panic!("{names:?}") };
    assert!(told.contains(&ledger.display().to_string()) && told.contains(&keys.display().to_string()), "{told}");
    for name in ["ca.crt", "ca.key", "sealing.key", "receipt.key"] {
        let own = fs::read(bench.config.state_dir.join(name)).unwrap();
        assert_eq!(fs::read(keys.join(name)).unwrap(), own, "{name}");
        assert_eq!(fs::metadata(keys.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    // A copy that cannot be made leaves nothing behind that looks like one.
    let blocked = bench.dir.path().join("hub.toml");
    let output = run(&blocked, &["backup", blocked.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let before = fs::read(ledger).unwrap();
    assert!(before.starts_with(b"SQLite format 3"));
}

#[tokio::test]
async fn a_booths_trail_that_got_shorter_is_on_record() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let (long, short) = ((5, Digest::of(b"five")), (3, Digest::of(b"three")));
    let tell = async |booth: &TestBooth, states: &[(i64, Digest)]| {
        let mut socket = booth.socket().await;
        socket.send(&BoothToHub::Hello { protocol: PROTOCOL, software: "test".into() }).await;
        for (entries, hash) in states.iter().copied() {
            let state = BoothState { audit: Some(AuditHead { entries, hash }), lost: 2, ..BoothState::default() };
            socket.send(&BoothToHub::State { state }).await;
        }
        // Once this is answered, the rest was heard.
        socket.send(&snapshot(1, Check::Pending)).await;
        socket.find(|message| matches!(message, HubToBooth::Assignment { .. }).then_some(())).await;
    };
    // The first word is an alarm (lost claims), so the second is not listened to for a minute.
    tell(&booth, &[long, short]).await;
    let bench = bench.restart().await;
    let booth = TestBooth { address: bench.addresses.booths, ..booth };
    tell(&booth, &[short, short]).await;
    let bench = bench.restart().await;
    let of = |event: &str| bench.audit().into_iter().filter(|entry| entry["event"] == event).collect::<Vec<_>>();
    let (cut, lost) = (of("booth_trail_cut"), of("booth_lost_claims"));
    assert_eq!((cut.len(), lost.len()), (1, 1), "also over a restart of the hub");
    assert_eq!((&cut[0]["noted"]["entries"], &cut[0]["told"]["entries"]), (&5.into(), &3.into()));
    assert_eq!(lost[0]["count"], 2);
    let told = command(&bench, &["booth", "list"]);
    assert!(told.contains(&format!("trail: 3 entries, head {}", short.1)), "{told}");
    assert!(told.contains(&format!("had 5 entries, head {}", long.1)) && told.contains("2 claims LOST"), "{told}");
}
