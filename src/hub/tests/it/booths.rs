use crate::bench::{Bench, Socket, client, enrol_request, tls};
use bilik_claim::attest::Attestation;
use bilik_claim::enrolment::EnrolmentCode;
use bilik_claim::ids::{BoothId, SessionId, WallTime};
use bilik_hub::admin;
use ed25519_dalek::SigningKey;
use rcgen::{CertificateParams, KeyPair};
use reqwest::StatusCode;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use uuid::Uuid;

fn request(key: &KeyPair) -> String {
    CertificateParams::default().serialize_request(key).unwrap().pem().unwrap()
}

#[tokio::test]
async fn a_code_lets_one_booth_in_once() {
    let bench = Bench::start().await;
    let code = bench.code("Bilik 1");
    let authority = CertificateDer::from_pem_slice(bench.authority.as_bytes()).unwrap();
    assert!(code.names(&authority), "the code tells the booth which hub is the right one");
    let (key, manifest_key) = (KeyPair::generate().unwrap(), SigningKey::from_bytes(&[7; 32]));
    let check = async |change: &dyn Fn(&mut bilik_claim::enrolment::EnrolRequest), expect: StatusCode| {
        let mut body = enrol_request(&code, &request(&key), &manifest_key);
        change(&mut body);
        let response = bench.client().post(bench.console_url("/api/v1/enrol")).json(&body).send().await.unwrap();
        assert_eq!(response.status(), expect, "{}", response.text().await.unwrap());
    };
    check(&|body| body.protocol = 99, StatusCode::UPGRADE_REQUIRED).await;
    check(&|body| body.secret = "00".repeat(16), StatusCode::FORBIDDEN).await;
    check(&|body| body.secret = "short".into(), StatusCode::BAD_REQUEST).await;
    check(&|body| body.csr = "no request".into(), StatusCode::BAD_REQUEST).await;
    check(&|body| body.manifest_key = "00".repeat(32), StatusCode::BAD_REQUEST).await;
    check(&|_| {}, StatusCode::OK).await;
    check(&|_| {}, StatusCode::FORBIDDEN).await;
    assert_eq!(admin::booths(&bench.config).unwrap().len(), 1);
}

#[tokio::test]
async fn enrolment_answers_what_a_booth_needs() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    assert_eq!((booth.answer.booth_name.as_str(), booth.answer.branch_name.as_str()), ("Bilik 1", "Cabang Uji"));
    assert_eq!(booth.answer.booth_address, format!("localhost:{}", bench.addresses.booths.port()));
    assert_eq!(booth.answer.authority, bench.authority);
    assert!(booth.answer.recipient.starts_with("age1"));
    assert_eq!(booth.answer.receipt_key.len(), 64);
    let response = booth.http.get(bench.booths_url("/healthz")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn enrolment_is_rate_limited() {
    let bench = Bench::start().await;
    let code = EnrolmentCode::new([9; 16], b"guess");
    let body = enrol_request(&code, "x", &SigningKey::from_bytes(&[7; 32]));
    let mut statuses = Vec::new();
    for _ in 0..31 {
        let response = bench.client().post(bench.console_url("/api/v1/enrol")).json(&body).send().await.unwrap();
        statuses.push(response.status());
    }
    assert!(statuses[..30].iter().all(|status| *status == StatusCode::FORBIDDEN));
    assert_eq!(statuses[30], StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn without_a_certificate_of_this_branch_there_is_no_connection() {
    let bench = Bench::start().await;
    let other = Bench::start().await;
    let stranger = other.enrol("Bilik 9").await;
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::default().self_signed(&key).unwrap().pem();
    // The booth of another branch, which trusts this hub for the test's sake.
    let mut foreign = stranger.tls.clone();
    foreign.dangerous().set_certificate_verifier(verifier_of(&bench.authority));
    let self_signed = tls(&bench.authority, Some((&own, &key.serialize_pem())));
    for tls in [bench.tls(), foreign, self_signed] {
        let refused = client(tls.clone()).get(bench.booths_url("/healthz")).send().await;
        assert!(refused.is_err(), "{:?}", refused.map(|response| response.status()));
        assert!(Socket::open(bench.addresses.booths, tls, "/ws/booth", &[]).await.is_err());
    }
}

fn verifier_of(authority: &str) -> std::sync::Arc<dyn rustls::client::danger::ServerCertVerifier> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::client::WebPkiServerVerifier::builder_with_provider(std::sync::Arc::new(roots), provider).build().unwrap()
}

#[tokio::test]
async fn booth_paths_are_only_on_the_booths_listener() {
    let bench = Bench::start().await;
    let part = bench.client().put(bench.console_url(&format!("/api/v1/parts/{}", "0".repeat(64)))).body("x");
    assert_eq!(part.send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let opened = Socket::open(bench.addresses.console, bench.tls(), "/ws/booth", &[]).await;
    assert!(opened.is_err());
    let booth = bench.enrol("Bilik 1").await;
    for path in ["/", "/api/v1/me", "/metrics", "/ws/console"] {
        let response = booth.http.get(bench.booths_url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_revoked_booth_is_refused() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    admin::revoke_booth(&bench.config, booth.answer.booth).unwrap();
    let url = bench.booths_url(&format!("/api/v1/parts/{}", bilik_claim::ids::Digest::of(b"x")));
    assert_eq!(booth.put(url, b"x".to_vec()).await, StatusCode::FORBIDDEN);
    assert!(Socket::open(bench.addresses.booths, booth.tls.clone(), "/ws/booth", &[]).await.is_err());
}

#[tokio::test]
async fn photographs_need_a_session_and_a_jpeg() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let url = |kind: &str| {
        bench.booths_url(&format!("/api/v1/sessions/{}/documents/{kind}/1", SessionId(Uuid::from_u128(1))))
    };
    assert_eq!(booth.put(url("face"), b"no jpeg".to_vec()).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(booth.put(url("face"), crate::pictures::small()).await, StatusCode::NOT_FOUND);
    assert_eq!(booth.put(url("poem"), vec![0xff, 0xd8, 0xff]).await, StatusCode::BAD_REQUEST);
    let large = [vec![0xff, 0xd8, 0xff], vec![0; 8 << 20]].concat();
    assert_eq!(booth.put(url("face"), large).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn an_enrolling_booth_sees_the_branch_authority_whatever_browsers_see() {
    let dir = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let (certificate_path, key_path) = (dir.path().join("console.crt"), dir.path().join("console.key"));
    std::fs::write(&certificate_path, &own).unwrap();
    std::fs::write(&key_path, key.serialize_pem()).unwrap();
    let more = format!("console_certificate = {certificate_path:?}\nconsole_key = {key_path:?}");
    let bench = Bench::with(&more).await;
    let check = async |trusted: &str, enrols: bool, expect: bool| {
        let mut tls = tls(trusted, None);
        if enrols {
            tls.alpn_protocols = vec![bilik_claim::enrolment::ALPN.to_vec()];
        }
        let answer = client(tls).get(bench.console_url("/healthz")).send().await;
        assert_eq!(answer.is_ok(), expect, "enrols: {enrols}, {answer:?}");
    };
    check(&own, false, true).await;
    check(&own, true, false).await;
    check(&bench.authority, true, true).await;
    check(&bench.authority, false, false).await;
}

#[tokio::test]
async fn a_known_booth_enrols_again_under_its_old_id() {
    let bench = Bench::start().await;
    let before = bench.enrol("Bilik 1").await;
    let code = bench.code_again(before.answer.booth).unwrap();
    let after = bench.enrol_with(&code).await;
    assert_eq!(after.answer.booth, before.answer.booth);
    assert_eq!(after.answer.booth_name, "Bilik 1");
    assert_ne!(after.answer.certificate, before.answer.certificate);
    assert_eq!(admin::booths(&bench.config).unwrap().len(), 1);
    // One that is unknown, or shut out for good, is not let in this way.
    let told = |booth| bench.code_again(booth).unwrap_err().to_string();
    assert!(told(bilik_claim::ids::BoothId(Uuid::from_u128(9))).contains("no booth"));
    admin::revoke_booth(&bench.config, before.answer.booth).unwrap();
    assert!(told(before.answer.booth).contains("revoked"));
}

#[tokio::test]
async fn what_a_booths_screen_says_is_believed_only_with_its_signature() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let minute = 29_922_773;
    let said =
        Attestation { version: "0.2.0".into(), root_hash: "5ec1be00".repeat(8), booth: booth.answer.booth, minute };
    let now = WallTime((minute + 5) * 60_000);
    let attest = |line: &str| admin::attest(&bench.config, line, now).map_err(|error| error.to_string());
    let told = attest(&said.sign(&booth.manifest_key)).unwrap().join("\n");
    for word in ["Bilik 1, with its key", "0.2.0", "5ec1be005ec1be00", "(5 min ago)"] {
        assert!(told.contains(word), "{word:?} is not in\n{told}");
    }
    let stranger = SigningKey::from_bytes(&[7; 32]);
    let elsewhere = Attestation { booth: BoothId(Uuid::from_u128(9)), ..said.clone() };
    for (line, word) in [
        (said.sign(&stranger), "the signature is not that booth's"),
        (elsewhere.sign(&stranger), "knows no such booth"),
        (said.sign(&booth.manifest_key).replace("0.2.0", "0.3.0"), "NOT GENUINE"),
        ("hello".into(), "not what a booth shows"),
    ] {
        let error = attest(&line).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
    admin::revoke_booth(&bench.config, booth.answer.booth).unwrap();
    assert!(attest(&said.sign(&booth.manifest_key)).unwrap()[0].contains("REVOKED"));
}
