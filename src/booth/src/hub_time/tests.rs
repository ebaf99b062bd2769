//! Against a hub that speaks real TLS and HTTP, with any clock on either side.

use super::*;
use crate::enrol::{EnrolError, enrol};
use crate::hub_link::{HubLink, LinkEvent};
use crate::tls::{self, Dates};
use bilik_claim::enrolment::{EnrolAnswer, EnrolmentCode};
use bilik_claim::ids::BoothId;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// 6 November 2026, by a hub whose clock is right.
const TODAY: &str = "Fri, 06 Nov 2026 08:49:37 GMT";
const TODAY_S: u64 = 1_793_954_977;

#[derive(Debug)]
struct Fixed(u64);

impl TimeProvider for Fixed {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

/// Noon of the year's first day, nearly.
fn year(year: u64) -> Arc<Fixed> {
    Arc::new(Fixed((year - 1970) * 31_556_952))
}

/// The same certificate to everybody, with whatever key.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

struct Hub {
    address: String,
    authority: CertificateDer<'static>,
    /// Method and path of each request, in their order.
    asked: Arc<Mutex<Vec<String>>>,
}

/// What the hub is like; the usual one is in order.
struct Like {
    date: &'static str,
    ends: i32,
    own_key: bool,
    name: &'static str,
}

const USUAL: Like = Like { date: TODAY, ends: 2029, own_key: true, name: "localhost" };

impl Hub {
    async fn start(like: Like) -> Self {
        let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2056, 1, 1);
        let authority = params.self_signed(&authority_key).unwrap().der().clone();
        let issuer = Issuer::from_ca_cert_der(&authority, authority_key).unwrap();
        let mut params = CertificateParams::new(vec![like.name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(like.ends, 1, 1);
        let own = params.signed_by(&key, &issuer).unwrap().der().clone();
        let used = if like.own_key { key } else { KeyPair::generate().unwrap() };
        let private = PrivateKeyDer::try_from(used.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let signing = provider.key_provider.load_private_key(private).unwrap();
        // Not compared with the certificate, as a thief would not.
        let shown = Arc::new(CertifiedKey::new(vec![own, authority.clone()], signing));
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Shows(shown)));
        tls.alpn_protocols = vec![bilik_claim::enrolment::ALPN.to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("localhost:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(tls)), like.date, answer(), Arc::clone(&asked)));
        Self { address, authority, asked }
    }

    fn code(&self) -> EnrolmentCode {
        EnrolmentCode::new(*b"specimen secret!", &self.authority)
    }

    fn config(&self, dates: Dates) -> ClientConfig {
        let code = self.code();
        tls::enrolling(move |authority| code.names(authority), dates).unwrap()
    }

    /// Questions for the time, and enrolments.
    fn asked(&self) -> (usize, usize) {
        let asked = self.asked.lock().unwrap();
        let count = |wanted: &str| asked.iter().filter(|line| line.starts_with(wanted)).count();
        assert_eq!(asked.len(), count("GET /healthz") + count("POST /api/v1/enrol"), "{asked:?}");
        (count("GET /healthz"), count("POST /api/v1/enrol"))
    }
}

fn answer() -> String {
    let receipt_key = hex::encode(ed25519_dalek::SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes());
    let answer = EnrolAnswer {
        booth: BoothId(uuid::Uuid::from_u128(1)),
        booth_name: "Bilik 3".into(),
        branch_name: "Specimen".into(),
        certificate: "specimen".into(),
        authority: "specimen".into(),
        booth_address: "localhost:1".into(),
        recipient: "age1specimen".into(),
        receipt_key,
    };
    serde_json::to_string(&answer).unwrap()
}

async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    date: &'static str,
    answer: String,
    asked: Arc<Mutex<Vec<String>>>,
) {
    loop {
        let stream = listener.accept().await.unwrap().0;
        // Whoever does not like the certificate goes.
        let Ok(stream) = tls.accept(stream).await else { continue };
        let (answer, asked) = (answer.clone(), Arc::clone(&asked));
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            loop {
                let (mut first, mut length) = (String::new(), 0);
                if stream.read_line(&mut first).await.unwrap_or(0) == 0 {
                    return;
                }
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).await.unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).await.unwrap();
                asked.lock().unwrap().push(first.trim().to_owned());
                let body = if first.starts_with("POST") { answer.as_str() } else { "ok\n" };
                let date = if date.is_empty() { String::new() } else { format!("Date: {date}\r\n") };
                let text = format!("HTTP/1.1 200 OK\r\n{date}content-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(text.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
        });
    }
}

fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// Which error, in short; none if it enrolled.
fn fault(result: Result<(), EnrolError>) -> Option<&'static str> {
    match result.err()? {
        EnrolError::WrongHub { .. } => Some("wrong hub"),
        EnrolError::Unreachable { .. } => Some("unreachable"),
        EnrolError::Time { .. } => Some("time"),
        EnrolError::Code(_) | EnrolError::Key(_) | EnrolError::Tls(_) | EnrolError::Refused { .. } => Some("other"),
        EnrolError::Answer | EnrolError::Store(_) | EnrolError::Pin(_) => Some("other"),
    }
}

#[test]
fn a_booth_enrols_whatever_its_clock_shows() {
    let check = |clock: u64, like: Like, wanted: Option<&str>, asked: (usize, usize)| {
        run(async move {
            let told = format!("clock {clock}, {} until {}", like.date, like.ends);
            let hub = Hub::start(like).await;
            let dir = tempfile::tempdir().unwrap();
            let code = hub.code().to_string();
            let done = enrol(dir.path(), &hub.address, &code, None, year(clock)).await;
            assert_eq!((fault(done.map(drop)), hub.asked()), (wanted, asked), "{told}");
            assert_eq!(dir.path().join("identity.json").exists(), wanted.is_none(), "{told}");
        });
    };
    // The clock is near enough: nobody asks for the time.
    check(2027, USUAL, None, (0, 1));
    for wrong in [1971, 2019, 2030, 2055, 2105] {
        check(wrong, USUAL, None, (3, 1));
    }
    // By its own clock the certificate has ended, or not begun; or its clock cannot be read: the code does not go there.
    check(2030, Like { ends: 2026, ..USUAL }, Some("time"), (1, 0));
    check(2030, Like { date: "Thu, 01 Jan 1970 00:00:00 GMT", ..USUAL }, Some("time"), (1, 0));
    check(2030, Like { date: "Fri, 06 Nov 2099 08:49:37 GMT", ..USUAL }, Some("time"), (1, 0));
    check(2030, Like { date: "yesterday", ..USUAL }, Some("time"), (1, 0));
    check(2030, Like { date: "", ..USUAL }, Some("time"), (1, 0));
    // Somebody who shows the hub's certificate and has not its key, or one of the same authority for another name.
    for clock in [2027, 2055] {
        check(clock, Like { own_key: false, ..USUAL }, Some("wrong hub"), (0, 0));
        check(clock, Like { name: "other.example", ..USUAL }, Some("wrong hub"), (0, 0));
    }
}

#[test]
fn only_the_hub_tells_the_time() {
    run(async {
        let (hub, stranger) = (Hub::start(USUAL).await, Hub::start(USUAL).await);
        let told = ask(&hub.address, hub.config(Dates::Ignored), hub.config(Dates::Checked)).await.unwrap();
        assert_eq!(told.unix_ms, TODAY_S * 1000 + 500);
        assert_eq!(told.unix_ms(told.at + Duration::from_secs(7)), TODAY_S * 1000 + 7500, "it goes on");
        // Another hub's certificate is as good as this one's, and another authority's.
        let refused = ask(&stranger.address, hub.config(Dates::Ignored), hub.config(Dates::Checked)).await;
        assert!(matches!(refused, Err(TimeError::Ask { .. })), "{refused:?}");
        assert_eq!(stranger.asked(), (0, 0));
        let thief = Hub::start(Like { own_key: false, ..USUAL }).await;
        let refused = ask(&thief.address, thief.config(Dates::Ignored), thief.config(Dates::Checked)).await;
        assert!(matches!(refused, Err(TimeError::Ask { .. })), "{refused:?}");
        assert_eq!(thief.asked(), (0, 0));
    });
}

/// By the same certificate, an enrolled booth tells a wrong clock from a wrong hub.
#[test]
fn the_link_says_that_it_is_the_date() {
    let check = |clock: u64, like: Like, wanted: &str| {
        run(async move {
            let hub = Hub::start(like).await;
            let mut tls = hub.config(Dates::Checked);
            tls.time_provider = year(clock);
            let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
            let post = move |event| sender.send(event).unwrap_or_default();
            let link = HubLink::start(hub.address.clone(), Arc::new(tls), post);
            let event = tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
            let told = match event {
                LinkEvent::OutOfDate => "out of date",
                LinkEvent::WrongCertificate => "wrong certificate",
                LinkEvent::Disconnected | LinkEvent::Heartbeat => "other",
                LinkEvent::Connected { .. } | LinkEvent::Message(_) => "other",
            };
            assert_eq!(told, wanted, "clock {clock}");
            drop(link);
        });
    };
    check(2055, USUAL, "out of date");
    check(1971, USUAL, "out of date");
    check(2027, Like { name: "other.example", ..USUAL }, "wrong certificate");
}
