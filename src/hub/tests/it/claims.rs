use crate::bench::{Bench, TestBooth};
use bilik_claim::document::DocumentKind;
use bilik_claim::filing::{
    CLAIM_PART, CommitAnswer, FORMAT, MAX_PART, Manifest, Part, Receipt, SIGNATURE_PART, Signed, Standing,
    document_part,
};
use bilik_claim::ids::{BoothId, ClaimId, Digest, OfficerId, SessionId, TrackingCode, WallTime};
use bilik_claim::personal::Personal;
use bilik_claim::reason::Reason;
use bilik_claim::session::claim::{ClaimRecord, Consent, DocumentRecord, Entry, EntrySource};
use bilik_claim::session::item::Field;
use bilik_claim::text::Language;
use bilik_hub::{AuditState, Role, admin};
use ed25519_dalek::{SigningKey, VerifyingKey};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

/// A claim as a booth would send it.
pub struct Filing {
    pub manifest: Manifest,
    pub parts: Vec<(Digest, Vec<u8>)>,
}

/// What a test changes before it is sealed.
pub struct Draft {
    pub record: ClaimRecord,
    pub photo: Vec<u8>,
    pub recipient: String,
}

const SESSION: SessionId = SessionId(Uuid::from_u128(5));

pub fn draft(booth: &TestBooth, number: u128) -> Draft {
    let claim = ClaimId(Uuid::from_u128(number));
    let entry =
        |field, value: &str| Entry { field, value: Personal::new(value), source: EntrySource::Typed, doubts: vec![] };
    let photo = crate::pictures::small();
    let record = ClaimRecord {
        format: FORMAT,
        claim,
        tracking: TrackingCode::of(claim),
        booth: booth.answer.booth,
        session: SESSION,
        language: Language::Id,
        consent: Consent { version: 1, language: Language::Id, given_at: WallTime(1) },
        reason: Reason::Resigned,
        entries: vec![entry(Field::Name, "Budi Specimen"), entry(Field::Phone, "081200000000")],
        documents: vec![DocumentRecord {
            kind: DocumentKind::Face,
            digest: Digest::of(&photo),
            size: photo.len() as u64,
        }],
        standing: Standing::Unverified { session: SESSION },
        signed_at: WallTime(2),
    };
    Draft { record, photo, recipient: booth.answer.recipient.clone() }
}

pub fn seal(draft: &Draft) -> Filing {
    let recipient: age::x25519::Recipient = draft.recipient.parse().unwrap();
    let mut parts = Vec::new();
    let mut listed = Vec::new();
    let contents = [
        (CLAIM_PART.to_owned(), serde_json::to_vec(&draft.record).unwrap()),
        (document_part(DocumentKind::Face), draft.photo.clone()),
        (SIGNATURE_PART.to_owned(), b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
    ];
    for (name, clear) in contents {
        let sealed = age::encrypt(&recipient, &clear).unwrap();
        listed.push(Part { name, digest: Digest::of(&sealed), size: sealed.len() as u64 });
        parts.push((Digest::of(&sealed), sealed));
    }
    let record = &draft.record;
    let manifest = Manifest {
        format: FORMAT,
        claim: record.claim,
        tracking: record.tracking.clone(),
        booth: record.booth,
        sequence: 1,
        kept_at: WallTime(3),
        standing: record.standing.clone(),
        recipient: draft.recipient.clone(),
        parts: listed,
    };
    Filing { manifest, parts }
}

async fn send_parts(bench: &Bench, booth: &TestBooth, filing: &Filing) {
    for (digest, bytes) in &filing.parts {
        let status = booth.put(bench.booths_url(&format!("/api/v1/parts/{digest}")), bytes.clone()).await;
        assert!(status.is_success(), "{status}");
    }
}

pub async fn commit(bench: &Bench, booth: &TestBooth, signed: &Signed<Manifest>) -> (StatusCode, CommitAnswer) {
    let response = booth.http.post(bench.booths_url("/api/v1/claims")).json(signed).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

pub async fn file(bench: &Bench, booth: &TestBooth, filing: &Filing) -> (StatusCode, CommitAnswer) {
    send_parts(bench, booth, filing).await;
    commit(bench, booth, &Signed::sign(&filing.manifest, &booth.manifest_key).unwrap()).await
}

pub fn receipt((status, answer): (StatusCode, CommitAnswer)) -> Signed<Receipt> {
    match answer {
        CommitAnswer::Received { receipt } => {
            assert_eq!(status, StatusCode::OK);
            receipt
        }
        CommitAnswer::Missing { parts } => panic!("missing {parts:?}"),
        CommitAnswer::Refused { reason } => panic!("refused: {reason}"),
    }
}

fn reason((status, answer): (StatusCode, CommitAnswer)) -> String {
    match answer {
        CommitAnswer::Refused { reason } => {
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            reason
        }
        CommitAnswer::Missing { parts } => panic!("missing {parts:?}"),
        CommitAnswer::Received { .. } => panic!("received"),
    }
}

pub fn receipt_key(booth: &TestBooth) -> VerifyingKey {
    let bytes: [u8; 32] = hex::decode(&booth.answer.receipt_key).unwrap().try_into().unwrap();
    VerifyingKey::from_bytes(&bytes).unwrap()
}

#[tokio::test]
async fn a_claim_is_kept_exactly_once_over_repeats_and_restarts() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let filing = seal(&draft(&booth, 10));
    let signed = Signed::sign(&filing.manifest, &booth.manifest_key).unwrap();
    let first = receipt(file(&bench, &booth, &filing).await);
    let opened = first.open(&receipt_key(&booth)).unwrap();
    assert!(opened.covers(filing.manifest.claim, &signed));
    assert_eq!(opened.ledger_sequence, 1);
    assert_eq!(receipt(commit(&bench, &booth, &signed).await), first);
    // The answer got lost, the hub was restarted, everything comes again.
    let bench = bench.restart().await;
    assert_eq!(receipt(file(&bench, &booth, &filing).await), first);
    assert_eq!(admin::claims(&bench.config, 10).unwrap().len(), 1);
    // The same id with another content.
    let mut changed = filing.manifest.clone();
    changed.sequence = 2;
    let changed = Signed::sign(&changed, &booth.manifest_key).unwrap();
    assert!(reason(commit(&bench, &booth, &changed).await).contains("another manifest"));
    let next = receipt(file(&bench, &booth, &seal(&draft(&booth, 11))).await);
    assert_eq!(next.open(&receipt_key(&booth)).unwrap().ledger_sequence, 2);
}

#[tokio::test]
async fn many_at_once_make_one_claim() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let filing = seal(&draft(&booth, 10));
    send_parts(&bench, &booth, &filing).await;
    let signed = Signed::sign(&filing.manifest, &booth.manifest_key).unwrap();
    let answers = futures_util::future::join_all((0..8).map(|_| commit(&bench, &booth, &signed))).await;
    let receipts: Vec<Signed<Receipt>> = answers.into_iter().map(receipt).collect();
    assert!(receipts.iter().all(|one| *one == receipts[0]));
    assert_eq!(admin::claims(&bench.config, 10).unwrap().len(), 1);
}

#[tokio::test]
async fn parts_are_asked_for_and_bound_to_their_names() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let filing = seal(&draft(&booth, 10));
    let signed = Signed::sign(&filing.manifest, &booth.manifest_key).unwrap();
    let (status, answer) = commit(&bench, &booth, &signed).await;
    let CommitAnswer::Missing { parts } = answer else { panic!("{status}") };
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(parts, filing.parts.iter().map(|(digest, _)| *digest).collect::<Vec<_>>());

    let url = |digest: &Digest| bench.booths_url(&format!("/api/v1/parts/{digest}"));
    let (digest, bytes) = &filing.parts[0];
    assert_eq!(booth.put(url(digest), b"other bytes".to_vec()).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(booth.put(url(digest), bytes.clone()).await, StatusCode::CREATED);
    assert_eq!(booth.put(url(digest), bytes.clone()).await, StatusCode::OK);
    assert_eq!(booth.put(url(&Digest::of(b"")), Vec::new()).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(booth.put(bench.booths_url("/api/v1/parts/xyz"), bytes.clone()).await, StatusCode::BAD_REQUEST);
    let large = vec![0; MAX_PART + 1];
    assert_eq!(booth.put(url(&Digest::of(&large)), large).await, StatusCode::PAYLOAD_TOO_LARGE);
    // What one booth sent is not there for another.
    let other = bench.enrol("Bilik 2").await;
    let mut theirs = filing.manifest.clone();
    theirs.booth = other.answer.booth;
    let (status, _) = commit(&bench, &other, &Signed::sign(&theirs, &other.manifest_key).unwrap()).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (_, answer) = commit(&bench, &booth, &signed).await;
    let CommitAnswer::Missing { parts } = answer else { panic!("not missing") };
    assert_eq!(parts.len(), 2);
}

#[tokio::test]
async fn a_manifest_is_refused_unless_all_of_it_holds() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let number = std::cell::Cell::new(100);
    let check = async |change: &dyn Fn(&mut Draft), change_manifest: &dyn Fn(&mut Manifest), expect: &str| {
        number.set(number.get() + 1);
        let mut draft = draft(&booth, number.get());
        change(&mut draft);
        let mut filing = seal(&draft);
        change_manifest(&mut filing.manifest);
        let reason = reason(file(&bench, &booth, &filing).await);
        assert!(reason.contains(expect), "{reason:?} should tell of {expect:?}");
        assert!(!reason.contains("Budi") && !reason.contains("0812"), "{reason}");
    };
    let stranger = age::x25519::Identity::generate().to_public().to_string();
    let other_booth = BoothId(Uuid::from_u128(77));
    check(&|_| {}, &|m| m.format = 0, "format").await;
    check(&|_| {}, &|m| m.booth = other_booth, "another booth").await;
    check(&|_| {}, &|m| m.recipient = "age1other".into(), "another hub").await;
    check(&|_| {}, &|m| m.parts[0].size += 1, "size of a part").await;
    check(&|_| {}, &|m| m.parts[0].name = "poem.txt".into(), "poem.txt").await;
    check(&|d| d.recipient = stranger.clone(), &|m| m.recipient = booth.answer.recipient.clone(), "not sealed").await;
    check(&|d| d.record.booth = other_booth, &|m| m.booth = booth.answer.booth, "the booth").await;
    check(&|d| d.photo = vec![1; 100], &|_| {}, "photograph").await;
    check(&|d| d.record.documents[0].size = 1, &|_| {}, "photograph").await;
    check(&|d| d.record.documents.clear(), &|_| {}, "number of documents").await;
    check(&|d| d.record.documents[0].kind = DocumentKind::Passport, &|_| {}, "its parts").await;
    check(&|d| d.record.session = SessionId(Uuid::from_u128(6)), &|_| {}, "the session").await;
    let verified = Standing::Verified { officer: OfficerId(Uuid::from_u128(1)), session: SESSION };
    check(&|_| {}, &|m| m.standing = verified.clone(), "the standing").await;
    check(&|d| d.record.format = 0, &|_| {}, "the format").await;
    // Each part for itself.
    for (place, name) in
        [CLAIM_PART.to_owned(), document_part(DocumentKind::Face), SIGNATURE_PART.to_owned()].iter().enumerate()
    {
        number.set(number.get() + 1);
        let mut filing = seal(&draft(&booth, number.get()));
        let sealed = age::encrypt(&stranger.parse::<age::x25519::Recipient>().unwrap(), b"synthetic").unwrap();
        filing.manifest.parts[place].digest = Digest::of(&sealed);
        filing.manifest.parts[place].size = sealed.len() as u64;
        filing.parts[place] = (Digest::of(&sealed), sealed);
        let reason = reason(file(&bench, &booth, &filing).await);
        assert!(reason.contains(&format!("part {name}")), "{reason}");
    }
    assert!(admin::claims(&bench.config, 10).unwrap().is_empty());

    // Signed by somebody else, changed after signing, or not signed at all.
    let filing = seal(&draft(&booth, 10));
    send_parts(&bench, &booth, &filing).await;
    let forged = Signed::sign(&filing.manifest, &SigningKey::from_bytes(&[9; 32])).unwrap();
    assert!(reason(commit(&bench, &booth, &forged).await).contains("signature"));
    let honest = Signed::sign(&filing.manifest, &booth.manifest_key).unwrap();
    let body = honest.body.replace("\"sequence\":1", "\"sequence\":9");
    assert!(reason(commit(&bench, &booth, &Signed::from_parts(body, honest.signature)).await).contains("signature"));
    let response = booth.http.post(bench.booths_url("/api/v1/claims")).body("{}").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let other = bench.enrol("Bilik 2").await;
    let stolen = Signed::sign(&filing.manifest, &booth.manifest_key).unwrap();
    assert!(reason(commit(&bench, &other, &stolen).await).contains("signature"));
}

#[tokio::test]
async fn what_a_later_booth_wrote_waits_for_a_later_hub() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let post = async |body: String| {
        let response = booth.http.post(bench.booths_url("/api/v1/claims")).body(body).send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let number = std::cell::Cell::new(200);
    let check = async |change: &dyn Fn(&mut Draft), change_manifest: &dyn Fn(&mut Manifest), extra: &str| {
        number.set(number.get() + 1);
        let mut draft = draft(&booth, number.get());
        change(&mut draft);
        let mut filing = seal(&draft);
        change_manifest(&mut filing.manifest);
        send_parts(&bench, &booth, &filing).await;
        let signed = Signed::sign(&filing.manifest, &booth.manifest_key).unwrap();
        let answer = post(serde_json::to_string(&signed).unwrap().replacen('{', &format!("{{{extra}"), 1)).await;
        assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": "newer" })));
    };
    check(&|_| {}, &|m| m.format = 2, "").await;
    check(&|d| d.record.format = 2, &|_| {}, "").await;
    check(&|_| {}, &|m| m.parts[1].name = "letter_of_consent.jpg".into(), "").await;
    check(&|_| {}, &|_| {}, "\"witness\":\"x\",").await;
    // Another domain and fields nobody here has heard of: the format alone says enough.
    let body = json!({ "format": 7, "anything": [] }).to_string();
    assert_eq!(post(json!({ "body": body, "signature": "?" }).to_string()).await.1["error"], "newer");
    assert!(admin::claims(&bench.config, 10).unwrap().is_empty());
    // Nothing was refused: the same claim, once it is understood, is taken.
    let filing = seal(&draft(&booth, 201));
    receipt(file(&bench, &booth, &filing).await);
}

#[tokio::test]
async fn a_part_that_went_bad_in_the_hub_is_asked_for_again() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let number = std::cell::Cell::new(300);
    let check = async |change: &str| {
        number.set(number.get() + 1);
        let filing = seal(&draft(&booth, number.get()));
        send_parts(&bench, &booth, &filing).await;
        let (digest, bytes) = &filing.parts[1];
        let sql = format!("UPDATE parts SET bytes = {change} WHERE digest = ?1");
        assert_eq!(bench.ledger().execute(&sql, [digest.0]).unwrap(), 1);
        let signed = Signed::sign(&filing.manifest, &booth.manifest_key).unwrap();
        let (status, answer) = commit(&bench, &booth, &signed).await;
        let CommitAnswer::Missing { parts } = answer else { panic!("{status}") };
        assert_eq!(parts, [*digest]);
        let url = bench.booths_url(&format!("/api/v1/parts/{digest}"));
        assert_eq!(booth.put(url, bytes.clone()).await, StatusCode::CREATED);
        receipt(commit(&bench, &booth, &signed).await);
    };
    check("zeroblob(length(bytes))").await;
    check("x'00'").await;
}

#[tokio::test]
async fn a_refused_claim_leaves_nothing_but_its_entry() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let mut filing = seal(&draft(&booth, 10));
    filing.manifest.recipient = "age1other".into();
    let parts = || bench.ledger().query_row("SELECT count(*) FROM parts", [], |row| row.get::<_, u32>(0)).unwrap();
    send_parts(&bench, &booth, &filing).await;
    let forged = Signed::sign(&filing.manifest, &SigningKey::from_bytes(&[9; 32])).unwrap();
    reason(commit(&bench, &booth, &forged).await);
    assert_eq!(parts(), 3, "who has not signed it says nothing about parts");
    reason(file(&bench, &booth, &filing).await);
    assert_eq!(parts(), 0);
    let refused = bench.audit().into_iter().filter(|entry| entry["event"] == "claim_refused");
    let claims: Vec<Value> = refused.map(|entry| entry["claim"].clone()).collect();
    assert_eq!(claims, [Value::Null, json!(filing.manifest.claim)], "named by who has signed it");
}

#[tokio::test]
async fn a_queue_outlives_the_keys_of_its_booth() {
    let bench = Bench::start().await;
    let before = bench.enrol("Bilik 1").await;
    let filing = seal(&draft(&before, 10));
    let signed = Signed::sign(&filing.manifest, &before.manifest_key).unwrap();
    let after = bench.enrol_with(&bench.code_again(before.answer.booth).unwrap()).await;
    // Kept and signed before, sent over the new connection.
    send_parts(&bench, &after, &filing).await;
    receipt(commit(&bench, &after, &signed).await);
    receipt(file(&bench, &after, &seal(&draft(&after, 11))).await);
    let stranger = bench.enrol("Bilik 2").await;
    let mut theirs = seal(&draft(&stranger, 12));
    theirs.manifest.booth = before.answer.booth;
    send_parts(&bench, &stranger, &theirs).await;
    let stolen = Signed::sign(&theirs.manifest, &before.manifest_key).unwrap();
    assert!(reason(commit(&bench, &stranger, &stolen).await).contains("signature"));
}

#[tokio::test]
async fn whatever_an_officer_reads_is_in_the_trail() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    file(&bench, &booth, &seal(&draft(&booth, 10))).await;
    file(&bench, &booth, &seal(&draft(&booth, 11))).await;
    let sari = bench.officer("sari", Role::Officer);
    let cookie = bench.login(&sari).await;
    let claim = ClaimId(Uuid::from_u128(10));
    let check = async |path: String, status: StatusCode, expect: Option<Value>| {
        let before = bench.audit().len();
        assert_eq!(bench.get(&cookie, &path).await.status(), status, "{path}");
        let mut entries = bench.audit().split_off(before);
        // Written behind the loop: it may come only now.
        entries.retain(|entry| entry["event"] != "login");
        assert_eq!(entries, expect.into_iter().collect::<Vec<_>>(), "{path}");
    };
    let list = json!({ "event": "claims_listed", "officer": sari.id, "from": 2, "count": 2 });
    check("/api/v1/claims".into(), StatusCode::OK, Some(list)).await;
    let opened = json!({ "event": "claim_opened", "claim": claim, "officer": sari.id });
    check(format!("/api/v1/claims/{claim}"), StatusCode::OK, Some(opened)).await;
    for part in ["face.jpg", "signature.svg"] {
        let opened = json!({ "event": "claim_part_opened", "claim": claim, "part": part, "officer": sari.id });
        check(format!("/api/v1/claims/{claim}/parts/{part}"), StatusCode::OK, Some(opened)).await;
    }
    check(format!("/api/v1/claims/{claim}/parts/claim.json"), StatusCode::NOT_FOUND, None).await;
    check("/api/v1/claims?before=1".into(), StatusCode::OK, None).await;

    // No entry, no bytes: the trail cannot be written while its table refuses.
    bench
        .ledger()
        .execute_batch("CREATE TRIGGER stop BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
        .unwrap();
    for path in ["".to_owned(), format!("/{claim}"), format!("/{claim}/parts/face.jpg")] {
        let answer = bench.get(&cookie, &format!("/api/v1/claims{path}")).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.text().await.unwrap(), r#"{"error":"unavailable"}"#);
    }
    let target = bench.dir.path().join("export");
    admin::export(&bench.config, claim, &target).unwrap_err();
    assert_eq!(std::fs::read_dir(&target).map_or(0, Iterator::count), 0);
}

#[tokio::test]
async fn officers_take_up_what_was_kept_without_them() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let filing = seal(&draft(&booth, 10));
    file(&bench, &booth, &filing).await;
    // Said to be verified, but no officer has: it is taken up all the same.
    let mut lying = draft(&booth, 11);
    lying.record.standing = Standing::Verified { officer: OfficerId(Uuid::from_u128(1)), session: SESSION };
    file(&bench, &booth, &seal(&lying)).await;

    let sari = bench.officer("sari", Role::Officer);
    let cookie = bench.login(&sari).await;
    let list = async |query: &str| {
        let response = bench.get(&cookie, &format!("/api/v1/claims{query}")).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json::<Vec<Value>>().await.unwrap()
    };
    let rows = list("?standing=unverified").await;
    assert_eq!(rows.len(), 2);
    let row = &rows[1];
    assert_eq!(row["claim"], json!(filing.manifest.claim));
    assert_eq!(row["name"], "Budi Specimen");
    assert_eq!((&row["phone"], &row["booth_name"]), (&json!("081200000000"), &json!("Bilik 1")));
    assert_eq!((&row["standing"], &row["decision"]), (&json!("unverified"), &Value::Null));
    assert_eq!(rows[0]["standing"], "unverified");

    let path = format!("/api/v1/claims/{}", filing.manifest.claim);
    let mut opened: Value = bench.get(&cookie, &path).await.json().await.unwrap();
    assert_eq!(opened.as_object_mut().unwrap().remove("notes"), Some(json!([])));
    let record: ClaimRecord = serde_json::from_value(opened).unwrap();
    assert_eq!(record, draft(&booth, 10).record);
    let photo = bench.get(&cookie, &format!("{path}/parts/face.jpg")).await;
    assert_eq!(photo.headers()["content-type"], "image/jpeg");
    assert_eq!(photo.bytes().await.unwrap(), draft(&booth, 10).photo);
    let drawing = bench.get(&cookie, &format!("{path}/parts/signature.svg")).await;
    assert!(drawing.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(bench.get(&cookie, &format!("{path}/parts/poem.jpg")).await.status(), StatusCode::NOT_FOUND);

    let decision = format!("{path}/decision");
    let post = async |body: Value| bench.post(&cookie, &decision, &body).await.status();
    assert_eq!(post(json!({ "kind": "returned", "reasons": [] })).await, StatusCode::BAD_REQUEST);
    assert_eq!(post(json!({ "kind": "returned", "reasons": ["x".repeat(501)] })).await, StatusCode::BAD_REQUEST);
    let noted = |length| json!({ "kind": "verified", "note": "x".repeat(length) });
    assert_eq!(post(noted(501)).await, StatusCode::BAD_REQUEST);
    let note = "Budi Specimen membawa KTP asli besok";
    let returned = json!({ "kind": "returned", "reasons": ["Foto KTP buram"], "note": note });
    assert_eq!(post(returned).await, StatusCode::NO_CONTENT);
    assert_eq!(post(json!({ "kind": "verified" })).await, StatusCode::CONFLICT);
    assert_eq!(list("").await.len(), 1);
    let all = list("?standing=all").await;
    assert_eq!(all[1]["decision"]["decision"]["reasons"][0], "Foto KTP buram");
    assert_eq!(all[1]["decision"]["officer"], json!(sari.id));

    // By its code, as somebody reads it out; decided anew, and each step in the trail.
    let code = filing.manifest.tracking.as_str().replace('-', " ").to_lowercase().replace(' ', "%20");
    let found = list(&format!("?tracking={code}")).await;
    assert_eq!((found.len(), &found[0]["claim"]), (1, &json!(filing.manifest.claim)));
    assert!(list("?tracking=ZZZ-ZZZ-ZZZ").await.is_empty());
    assert_eq!(bench.get(&cookie, "/api/v1/claims?tracking=123").await.status(), StatusCode::BAD_REQUEST);
    let reopen = format!("{path}/reopen");
    let again = async || bench.post(&cookie, &reopen, &json!({})).await.status();
    assert_eq!(again().await, StatusCode::NO_CONTENT);
    assert_eq!(again().await, StatusCode::CONFLICT, "it is open");
    assert_eq!(list("").await.len(), 2);
    assert_eq!(post(json!({ "kind": "verified" })).await, StatusCode::NO_CONTENT);

    // What was verified, nobody undoes alone: a supervisor does, and says why.
    let boss = bench.login(&bench.officer("boss", Role::Supervisor)).await;
    let why = json!({ "note": "Rekening atas nama orang lain" });
    let undo = async |cookie: &str, body: &Value| bench.post(cookie, &reopen, body).await.status();
    assert_eq!(undo(&cookie, &why).await, StatusCode::FORBIDDEN);
    assert_eq!(undo(&boss, &json!({})).await, StatusCode::BAD_REQUEST);
    assert_eq!(undo(&boss, &json!({ "note": " " })).await, StatusCode::BAD_REQUEST);
    assert_eq!(undo(&boss, &why).await, StatusCode::NO_CONTENT);
    assert_eq!(list("").await.len(), 2);
    let opened: Value = bench.get(&cookie, &path).await.json().await.unwrap();
    let notes: Vec<_> = opened["notes"].as_array().unwrap().iter().map(|one| (&one["on"], &one["text"])).collect();
    assert_eq!(notes, [(&json!("reopened"), &why["note"]), (&json!("returned"), &json!(note))]);
    assert_eq!(opened["notes"][1]["officer"], "Petugas Contoh", "{opened}");
    assert_eq!(post(json!({ "kind": "verified" })).await, StatusCode::NO_CONTENT);
    for file in ["hub.db", "hub.db-wal"] {
        let bytes = std::fs::read(bench.config.state_dir.join(file)).unwrap_or_default();
        for words in [note, "orang lain"] {
            assert!(
                !bytes.windows(words.len()).any(|window| window == words.as_bytes()),
                "{words:?} in clear in {file}"
            );
        }
    }
    let trail = bench.audit().into_iter().filter(|entry| entry["claim"] == json!(filing.manifest.claim));
    let told = trail.map(|entry| (entry["event"].as_str().unwrap().to_owned(), entry["noted"] == json!(true)));
    let told =
        told.filter(|(event, _)| event != "claim_opened" && !event.starts_with("claim_part")).collect::<Vec<_>>();
    let (decided, again) = ("claim_decided".to_owned(), "claim_reopened".to_owned());
    let expect = [(&decided, true), (&again, false), (&decided, false), (&again, true), (&decided, false)];
    assert_eq!(told[1..].iter().map(|(event, noted)| (event, *noted)).collect::<Vec<_>>(), expect);
    let target = bench.dir.path().join("export");
    assert_eq!(admin::export(&bench.config, filing.manifest.claim, &target).unwrap(), 4);
    let exported: Value = serde_json::from_slice(&std::fs::read(target.join("notes.json")).unwrap()).unwrap();
    assert_eq!(exported, opened["notes"]);

    let unknown = format!("/api/v1/claims/{}/decision", ClaimId(Uuid::from_u128(99)));
    let answer = bench.post(&cookie, &unknown, &json!({ "kind": "verified" })).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(bench.get("", "/api/v1/claims").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_operator_exports_a_claim_and_walks_the_audit_trail() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let filing = seal(&draft(&booth, 10));
    file(&bench, &booth, &filing).await;
    let (dir, config) = bench.stop().await;
    let target = dir.path().join("export");
    assert_eq!(admin::export(&config, filing.manifest.claim, &target).unwrap(), 3);
    let photo = std::fs::read(target.join("face.jpg")).unwrap();
    assert_eq!(photo, draft(&booth, 10).photo);
    assert!(admin::export(&config, filing.manifest.claim, &target).is_err(), "never over another export");

    let AuditState::Intact { entries, head, .. } = admin::verify_audit(&config, None).unwrap() else {
        panic!("broken");
    };
    assert!(entries >= 4, "{entries}: code, booth, claim, export");
    assert!(matches!(admin::verify_audit(&config, Some(head)).unwrap(), AuditState::Intact { noted: true, .. }));

    // No word of a person in the file: the parts are sealed, the rest is ids.
    let ledger = ["hub.db", "hub.db-wal"].map(|name| std::fs::read(config.state_dir.join(name)).unwrap_or_default());
    for secret in ["Budi Specimen", "081200000000"] {
        let found = ledger.iter().any(|file| file.windows(secret.len()).any(|window| window == secret.as_bytes()));
        assert!(!found, "{secret} stands in the ledger in clear");
    }
    let connection = rusqlite::Connection::open(config.state_dir.join("hub.db")).unwrap();
    connection.execute("UPDATE audit SET text = replace(text, 'claim_received', 'claim_refused')", []).unwrap();
    assert!(matches!(admin::verify_audit(&config, None).unwrap(), AuditState::Broken { .. }));
}
