use crate::bench::{Bench, TestBooth};
use crate::claims::{commit, draft, file, receipt, receipt_key, seal};
use crate::commands::{run, text};
use crate::reconcile::ask;
use bilik_claim::filing::Signed;
use bilik_claim::reconcile::HubKeys;
use ed25519_dalek::VerifyingKey;

/// What the booth is told, checked with a key that it knows.
async fn told(bench: &Bench, booth: &TestBooth, serial: u64, key: &VerifyingKey) -> HubKeys {
    let answer = ask(bench, booth, serial, &[]).await;
    answer.keys.iter().find_map(|signed| signed.open(key).ok()).expect("signed by a key that the booth knows")
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_while_claims_wait_and_receipts_get_lost() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let config = bench.dir.path().join("hub.toml");
    let command = |arguments: &[&str], code: i32| {
        let output = run(&config, arguments, "");
        let (out, error) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{error}");
        out + &error
    };
    let first = receipt_key(&booth);
    let filing = seal(&draft(&booth, 10));
    let signed = Signed::sign(&filing.manifest, &booth.manifest_key).unwrap();
    let before = receipt(file(&bench, &booth, &filing).await);
    let waiting = seal(&draft(&booth, 11));
    let old = told(&bench, &booth, 0, &first).await;

    assert!(command(&["keys", "rotate", "sealing"], 0).contains("restart the hub"));
    assert!(command(&["keys", "rotate", "receipt"], 0).contains("receipt.key.1"));
    assert_eq!(told(&bench, &booth, 0, &first).await, old, "the hub at work knows nothing of it");
    let bench = bench.restart().await;
    let new = told(&bench, &booth, 0, &first).await;
    let keys = new.receipt_keys().unwrap();
    assert_eq!((keys.len(), keys[1], new.serial > old.serial), (2, first, true));
    assert_ne!((keys[0], &new.recipient), (first, &old.recipient));

    assert_eq!(receipt(commit(&bench, &booth, &signed).await), before, "the answer was lost: the same again");
    let late = receipt(file(&bench, &booth, &waiting).await);
    late.open(&keys[0]).unwrap();
    let mut fresh = draft(&booth, 12);
    fresh.recipient.clone_from(&new.recipient);
    receipt(file(&bench, &booth, &seal(&fresh)).await).open(&keys[0]).unwrap();

    let list = command(&["keys", "list"], 0);
    assert!(list.contains(&format!("{}  opens 1 claims", new.recipient)), "{list}");
    assert!(list.contains(&format!("{}  opens 2 claims", old.recipient)), "{list}");
    assert!(list.contains("do not go by it yet: 1") && list.contains("Bilik 1, last asked 20"), "{list}");
    let refused = command(&["keys", "retire", "receipt", "1"], 1);
    assert!(refused.contains("--force") && refused.contains("Bilik 1"), "{refused}");
    assert!(command(&["keys", "retire", "receipt", "2"], 1).contains("receipt.key.2"));
    command(&["keys", "retire", "sealing", "1"], 2);

    told(&bench, &booth, new.serial, &keys[0]).await;
    assert!(command(&["keys", "list"], 0).contains("do not go by it yet: 0"));
    command(&["keys", "retire", "receipt", "1"], 0);
    let bench = bench.restart().await;
    let last = told(&bench, &booth, new.serial, &keys[0]).await;
    assert_eq!((last.receipt_keys().unwrap(), last.serial > new.serial), (keys[..1].to_vec(), true));
    let anew = receipt(commit(&bench, &booth, &signed).await);
    assert_eq!(anew.body, before.body);
    anew.open(&keys[0]).unwrap();
    assert_eq!(receipt(file(&bench, &booth, &waiting).await), late);
    let events: Vec<String> =
        bench.audit().iter().filter_map(|entry| entry["event"].as_str().map(Into::into)).collect();
    let count = |event: &str| events.iter().filter(|found| *found == event).count();
    assert_eq!((count("key_rotated"), count("receipt_key_retired")), (2, 1));
}
