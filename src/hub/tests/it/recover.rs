use crate::bench::{Bench, TestBooth};
use crate::claims::{Filing, draft, file, receipt, receipt_key, seal};
use crate::commands::{run, text};
use age::secrecy::ExposeSecret as _;
use bilik_claim::filing::{Manifest, Receipt, Signed};
use bilik_claim::ids::{BoothId, ClaimId};
use bilik_claim::recovery::DiskToken;
use bilik_hub::{AuditState, admin};
use ed25519_dalek::SigningKey;
use std::fs;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Writes a claim as the booth's own recovery does.
pub fn write(queue: &Path, filing: &Filing, key: &SigningKey) -> (PathBuf, Signed<Manifest>) {
    let directory = queue.join(filing.manifest.claim.to_string());
    fs::create_dir_all(&directory).unwrap();
    let signed = Signed::sign(&filing.manifest, key).unwrap();
    fs::write(directory.join("manifest.json"), serde_json::to_vec_pretty(&signed).unwrap()).unwrap();
    for (part, (_, sealed)) in filing.manifest.parts.iter().zip(&filing.parts) {
        fs::write(directory.join(format!("{}.age", part.name)), sealed).unwrap();
    }
    (directory, signed)
}

fn filing(booth: &TestBooth, number: u128, sequence: u64) -> Filing {
    let mut filing = seal(&draft(booth, number));
    filing.manifest.sequence = sequence;
    filing
}

/// Exit code, and what was told of each claim by its number.
pub fn recover(bench: &Bench, queue: &Path, more: &[&str]) -> (Option<i32>, Vec<(u128, String)>, String) {
    let arguments = [&["recover"], more, &[queue.to_str().unwrap()]].concat();
    let output = run(&bench.dir.path().join("hub.toml"), &arguments, "");
    let lines = text(&output.stdout);
    let told = lines.lines().map(|line| {
        let (name, outcome) = line.split_once("  ").unwrap();
        (name.parse::<ClaimId>().unwrap().0.as_u128(), outcome.to_owned())
    });
    (output.status.code(), told.collect(), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_booths_queue_is_taken_in_once() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let queue = bench.dir.path().join("queue");
    let claims: Vec<Filing> = [(21, 3), (22, 1), (23, 2)].map(|(id, place)| filing(&booth, id, place)).into();
    let written: Vec<_> = claims.iter().map(|filing| write(&queue, filing, &booth.manifest_key)).collect();
    // The third was delivered just before the booth died, and the booth is shut out by now.
    let delivered = receipt(file(&bench, &booth, &claims[2]).await);
    admin::revoke_booth(&bench.config, booth.answer.booth).unwrap();

    let (code, told, errors) = recover(&bench, &queue, &[]);
    assert_eq!(code, Some(0), "{errors}");
    let expect = [(22, "kept as number 2"), (23, "was kept before as number 1"), (21, "kept as number 3")];
    assert_eq!(told, expect.map(|(id, told)| (id, told.to_owned())), "in the order of the queue");
    let read = |directory: &Path| -> Signed<Receipt> {
        serde_json::from_slice(&fs::read(directory.join("receipt.json")).unwrap()).unwrap()
    };
    let first: Vec<Signed<Receipt>> = written.iter().map(|(directory, _)| read(directory)).collect();
    assert_eq!(first[2], delivered);
    for ((filing, (_, signed)), receipt) in claims.iter().zip(&written).zip(&first) {
        assert!(receipt.open(&receipt_key(&booth)).unwrap().covers(filing.manifest.claim, signed));
    }
    let entries = |event: &str| bench.audit().iter().filter(|entry| entry["event"] == event).count();
    assert_eq!((entries("claim_received"), entries("claim_recovered")), (3, 2));

    // Again, and with the hub stopped: the same receipts, nothing new.
    let config = bench.config.clone();
    let bench = bench.restart().await;
    fs::remove_file(written[0].0.join("receipt.json")).unwrap();
    let identity = config.state_dir.join("sealing.key");
    let (code, told, _) = recover(&bench, &queue, &["--identity", identity.to_str().unwrap()]);
    assert_eq!(code, Some(0));
    assert!(told.iter().all(|(_, told)| told.starts_with("was kept before")), "{told:?}");
    assert_eq!(written.iter().map(|(directory, _)| read(directory)).collect::<Vec<_>>(), first);
    assert_eq!(admin::claims(&config, 10).unwrap().len(), 3);
    assert!(matches!(admin::verify_audit(&config, None).unwrap(), AuditState::Intact { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_in_is_told_and_keeps_nothing_else_out() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let queue = bench.dir.path().join("queue");
    let number = std::cell::Cell::new(30);
    let put = |change: &dyn Fn(&mut Filing), damage: &dyn Fn(&Path)| {
        number.set(number.get() + 1);
        let mut filing = filing(&booth, number.get(), number.get() as u64);
        change(&mut filing);
        damage(&write(&queue, &filing, &booth.manifest_key).0);
    };
    put(&|_| {}, &|dir| fs::remove_file(dir.join("face.jpg.age")).unwrap());
    put(&|_| {}, &|dir| fs::write(dir.join("claim.json.age"), "rot").unwrap());
    put(&|_| {}, &|dir| fs::write(dir.join("signature.svg.age"), vec![0; 9 << 20]).unwrap());
    put(&|filing| filing.manifest.format = 2, &|_| {});
    put(&|filing| filing.manifest.booth = BoothId(Uuid::from_u128(9)), &|_| {});
    put(&|filing| filing.manifest.recipient = "age1other".into(), &|_| {});
    put(&|filing| filing.manifest.parts[0].name = "../../escape".into(), &|_| {});
    put(&|_| {}, &|_| {});
    let stranger = SigningKey::from_bytes(&[9; 32]);
    write(&queue, &filing(&booth, 39, 39), &stranger);
    for (id, text) in [(40, Some("{}")), (41, Some("[")), (42, None)] {
        let directory = queue.join(ClaimId(Uuid::from_u128(id)).to_string());
        fs::create_dir_all(&directory).unwrap();
        if let Some(text) = text {
            fs::write(directory.join("manifest.json"), text).unwrap();
        }
    }
    fs::write(queue.join("note.txt"), "not a claim").unwrap();

    let (code, told, errors) = recover(&bench, &queue, &[]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("11 of 12 claims"), "{errors}");
    let expect = [
        (31, "missing or damaged: face.jpg"),
        (32, "missing or damaged: claim.json"),
        (33, "missing or damaged: signature.svg"),
        (34, "later format"),
        (35, "never enrolled"),
        (36, "another hub"),
        (37, "does not exist"),
        (38, "kept as number 1"),
        (39, "signature"),
        (40, "not a signed manifest"),
        (41, "not a signed manifest"),
        (42, "manifest.json: "),
    ];
    for (id, words) in expect {
        let found = &told.iter().find(|(told, _)| *told == id).unwrap().1;
        assert!(found.contains(words), "{id}: {found}");
        assert_eq!(found.starts_with("not kept: "), id != 38, "{found}");
        let receipt = queue.join(ClaimId(Uuid::from_u128(id)).to_string()).join("receipt.json").exists();
        assert_eq!(receipt, id == 38, "{id}");
    }
    assert_eq!(admin::claims(&bench.config, 20).unwrap().len(), 1);

    let (code, _, errors) = recover(&bench, &bench.dir.path().join("none"), &[]);
    assert_eq!((code, errors.contains("none")), (Some(1), true), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_hub_does_not_keep_takes_nothing_in() {
    let bench = Bench::start().await;
    let mut booth = bench.enrol("Bilik 1").await;
    let old = age::x25519::Identity::generate();
    booth.answer.recipient = old.to_public().to_string();
    let queue = bench.dir.path().join("queue");
    write(&queue, &filing(&booth, 50, 1), &booth.manifest_key);
    let key = bench.dir.path().join("old.key");
    fs::write(&key, old.to_string().expose_secret()).unwrap();
    let more = ["--identity", key.to_str().unwrap()];

    assert!(recover(&bench, &queue, &[]).1[0].1.contains("another hub"));
    let (code, told, errors) = recover(&bench, &queue, &more);
    assert_eq!((code, told.len(), errors.contains("sealing.key.1")), (Some(1), 0, true), "{errors}");
    // As told: kept beside the present one, it opens what it always opened, for officers too.
    fs::copy(&key, bench.config.state_dir.join("sealing.key.1")).unwrap();
    let (code, told, _) = recover(&bench, &queue, &more);
    assert_eq!((code, told), (Some(0), vec![(50, "kept as number 1".to_owned())]));
    let target = bench.dir.path().join("export");
    assert_eq!(admin::export(&bench.config, ClaimId(Uuid::from_u128(50)), &target).unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_booths_disk_is_opened_and_that_is_noted() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let config = bench.dir.path().join("hub.toml");
    let token = |recipient: &str| {
        let recipient: age::x25519::Recipient = recipient.parse().unwrap();
        let sealed = age::encrypt(&recipient, b"specimen of a passphrase").unwrap();
        serde_json::to_string(&DiskToken::new(0, booth.answer.booth, &sealed)).unwrap()
    };
    let noted = || {
        let connection = rusqlite::Connection::open(bench.config.state_dir.join("hub.db")).unwrap();
        let like = format!("%disk_opened%{}%", booth.answer.booth);
        let count = "SELECT count(*) FROM audit WHERE text LIKE ?1";
        connection.query_row(count, [like], |row| row.get::<_, u32>(0)).unwrap()
    };
    let foreign = age::x25519::Identity::generate().to_public().to_string();
    for (json, expect) in [
        (String::new(), "no recovery token"),
        ("garbage ".repeat(10_000), "no recovery token"),
        (r#"{"type":"systemd-tpm2","keyslots":["1"]}"#.into(), "no recovery token"),
        (token(&foreign), "not sealed to a key of this hub"),
    ] {
        let output = run(&config, &["recover-disk"], &json);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
        assert!(text(&output.stderr).contains(expect), "{}", text(&output.stderr));
    }
    assert_eq!(noted(), 0);
    let output = run(&config, &["recover-disk"], &token(&booth.answer.recipient));
    assert_eq!(text(&output.stdout), "specimen of a passphrase\n", "{}", text(&output.stderr));
    assert_eq!(noted(), 1);
}
