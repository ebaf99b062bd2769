//! A hub on free ports, and clients for it.

use axum::http::{HeaderMap, StatusCode};
use bilik_claim::enrolment::{EnrolAnswer, EnrolRequest, EnrolmentCode};
use bilik_claim::ids::BoothId;
use bilik_claim::wire::{PROTOCOL, encode};
use bilik_hub::admin::{AdminError, Enrolee};
use bilik_hub::config::Config;
use bilik_hub::ledger::Validity;
use bilik_hub::{Addresses, Role, Server, admin};
use ed25519_dalek::SigningKey;
use futures_util::{SinkExt as _, StreamExt as _};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Client, Method, RequestBuilder};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};
use totp_rs::{Algorithm, Secret, TOTP};

pub const PASSWORD: &str = "kata sandi contoh";
const DECODER: &str = env!("CARGO_BIN_EXE_bilik-hub");
/// Nothing on the loopback takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Bench {
    pub dir: TempDir,
    pub config: Config,
    decoder: &'static str,
    pub addresses: Addresses,
    pub authority: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Bench {
    pub async fn start() -> Self {
        Self::with("").await
    }

    pub async fn with(more: &str) -> Self {
        Self::made(more, DECODER).await
    }

    /// One whose photographs another program than `bilik-hub` decodes.
    pub async fn with_decoder(program: &'static str) -> Self {
        Self::made("", program).await
    }

    async fn made(more: &str, decoder: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), more);
        admin::init(&config).unwrap();
        Self::decoding(dir, config, decoder).await
    }

    /// A hub over a state directory that is there already.
    pub async fn over(dir: TempDir, config: Config) -> Self {
        Self::decoding(dir, config, DECODER).await
    }

    async fn decoding(dir: TempDir, config: Config, decoder: &'static str) -> Self {
        let server = Server::bind(config.clone()).await.unwrap().decoding_with(decoder.into());
        let addresses = server.addresses();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let task = tokio::spawn(async move { server.run(shutdown).await.unwrap() });
        let authority = std::fs::read_to_string(config.state_dir.join("ca.crt")).unwrap();
        Self { dir, config, decoder, addresses, authority, stop: Some(stop), task }
    }

    /// The ledger's file, opened beside the running hub.
    pub fn ledger(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.config.state_dir.join("hub.db")).unwrap()
    }

    /// The texts of the audit trail, in order.
    pub fn audit(&self) -> Vec<Value> {
        let connection = self.ledger();
        let mut statement = connection.prepare("SELECT text FROM audit ORDER BY sequence").unwrap();
        let texts = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        texts.map(|text| serde_json::from_str(&text.unwrap()).unwrap()).collect()
    }

    pub async fn stop(mut self) -> (TempDir, Config) {
        self.stop.take().unwrap().send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.task).await.expect("the hub stops").unwrap();
        // A process that ends takes its connections along; here the last ones end by themselves. SQLite removes the log when
        // the ledger is closed, by its name: not that of the ledger that comes after it.
        let ledger = self.config.state_dir.join("hub.db");
        let open = || {
            let files = std::fs::read_dir("/proc/self/fd").unwrap();
            files.flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target == ledger))
        };
        let closed = async {
            while open() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, closed).await.expect("the ledger is closed");
        (self.dir, self.config)
    }

    pub async fn restart(self) -> Self {
        let decoder = self.decoder;
        let (dir, config) = self.stop().await;
        Self::decoding(dir, config, decoder).await
    }

    pub fn console_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.addresses.console.port())
    }

    pub fn booths_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.addresses.booths.port())
    }

    pub fn origin(&self) -> String {
        self.console_url("")
    }

    /// A client without a certificate.
    pub fn client(&self) -> Client {
        client(tls(&self.authority, None))
    }

    /// A request as our own pages make it.
    pub fn page(&self, method: Method, path: &str) -> RequestBuilder {
        self.client().request(method, self.console_url(path)).header("x-bilik", "1").header("origin", self.origin())
    }

    pub async fn enrol(&self, name: &str) -> TestBooth {
        self.enrol_with(&self.code(name)).await
    }

    /// For a new booth.
    pub fn code(&self, name: &str) -> EnrolmentCode {
        admin::enrol_code(&self.config, &Enrolee::New(name.into()), Validity::TYPED).unwrap().code
    }

    /// For one that is known.
    pub fn code_again(&self, booth: BoothId) -> Result<EnrolmentCode, AdminError> {
        Ok(admin::enrol_code(&self.config, &Enrolee::Known(booth), Validity::TYPED)?.code)
    }

    pub async fn enrol_with(&self, code: &EnrolmentCode) -> TestBooth {
        let key = KeyPair::generate().unwrap();
        let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let manifest_key = SigningKey::from_bytes(&rand::random());
        let request = enrol_request(code, &csr, &manifest_key);
        let response = self.client().post(self.console_url("/api/v1/enrol")).json(&request).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let answer: EnrolAnswer = response.json().await.unwrap();
        let tls = tls(&answer.authority, Some((&answer.certificate, &key.serialize_pem())));
        TestBooth { http: client(tls.clone()), tls, answer, manifest_key, address: self.addresses.booths }
    }

    pub fn officer(&self, login: &str, role: Role) -> TestOfficer {
        let made = admin::add_officer(&self.config, login, "Petugas Contoh", role, &[], PASSWORD).unwrap();
        TestOfficer { login: login.into(), totp_secret: made.totp_secret, id: made.officer.to_string() }
    }

    pub async fn login(&self, officer: &TestOfficer) -> String {
        let response = self.try_login(&officer.login, PASSWORD, &officer.code(0)).await;
        assert_eq!(response.status(), StatusCode::OK);
        cookie_of(response.headers())
    }

    pub async fn try_login(&self, login: &str, password: &str, code: &str) -> reqwest::Response {
        let body = json!({ "login": login, "password": password, "code": code });
        self.page(Method::POST, "/api/v1/login").json(&body).send().await.unwrap()
    }

    pub async fn get(&self, cookie: &str, path: &str) -> reqwest::Response {
        self.client().get(self.console_url(path)).header("cookie", cookie).send().await.unwrap()
    }

    pub async fn post(&self, cookie: &str, path: &str, body: &Value) -> reqwest::Response {
        self.page(Method::POST, path).header("cookie", cookie).json(body).send().await.unwrap()
    }

    pub async fn console_socket(&self, cookie: &str) -> Socket {
        let headers = [("cookie", cookie.to_owned()), ("origin", self.origin())];
        Socket::open(self.addresses.console, tls(&self.authority, None), "/ws/console", &headers).await.unwrap()
    }

    /// Whether the hub opens a console for this cookie.
    pub async fn try_console(&self, cookie: &str) -> bool {
        let headers = [("cookie", cookie.to_owned()), ("origin", self.origin())];
        let tls = tls(&self.authority, None);
        Socket::open(self.addresses.console, tls, "/ws/console", &headers).await.is_ok()
    }

    pub fn tls(&self) -> ClientConfig {
        tls(&self.authority, None)
    }
}

pub struct TestBooth {
    pub http: Client,
    pub tls: ClientConfig,
    pub answer: EnrolAnswer,
    pub manifest_key: SigningKey,
    pub address: SocketAddr,
}

impl TestBooth {
    pub async fn socket(&self) -> Socket {
        Socket::open(self.address, self.tls.clone(), "/ws/booth", &[]).await.unwrap()
    }

    pub async fn put(&self, url: String, body: Vec<u8>) -> StatusCode {
        self.http.put(url).body(body).send().await.unwrap().status()
    }
}

pub struct TestOfficer {
    pub login: String,
    pub totp_secret: String,
    pub id: String,
}

impl TestOfficer {
    /// The code of a step some steps from now.
    pub fn code(&self, steps: i64) -> String {
        let secret = Secret::Encoded(self.totp_secret.clone()).to_bytes().unwrap();
        let totp = TOTP::new_unchecked(Algorithm::SHA1, 6, 1, 30, secret, None, String::new());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        totp.generate(now.checked_add_signed(30 * steps).unwrap())
    }
}

pub struct Socket {
    stream: WebSocketStream<TlsStream<TcpStream>>,
}

impl Socket {
    pub async fn open(
        address: SocketAddr,
        tls: ClientConfig,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await?;
        let mut request = format!("wss://localhost:{}{path}", address.port()).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let (stream, _) = client_async(request, stream).await?;
        Ok(Self { stream })
    }

    pub async fn send<T: serde::Serialize>(&mut self, message: &T) {
        self.send_text(encode(message)).await;
    }

    pub async fn send_text(&mut self, text: String) {
        // The other end may have hung up: what it said last is still to be read.
        let _ = self.stream.send(Message::Text(text.into())).await;
    }

    /// Reads on until a message is what is looked for.
    pub async fn find<T: DeserializeOwned, R>(&mut self, mut pick: impl FnMut(T) -> Option<R>) -> R {
        let search = async {
            loop {
                match self.stream.next().await.expect("socket closed").expect("socket failed") {
                    Message::Text(text) => {
                        if let Some(found) = pick(serde_json::from_str(text.as_str()).unwrap()) {
                            return found;
                        }
                    }
                    Message::Close(frame) => panic!("closed: {frame:?}"),
                    Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("message in time")
    }

    /// Reads on until the other end closes; its code, or none if it did not say.
    pub async fn close_code(&mut self) -> Option<u16> {
        let search = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("closed in time")
    }

    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        let _ = self.stream.send(Message::Binary(bytes.into())).await;
    }

    pub async fn flood_pings(&mut self, frames: usize) {
        for _ in 0..frames {
            if self.stream.feed(Message::Ping(Vec::new().into())).await.is_err() {
                return;
            }
        }
        let _ = self.stream.flush().await;
    }

    /// Writes without reading, as fast as it goes, until the other end stops it.
    pub async fn flood(&mut self, text: &str, frames: usize) {
        for _ in 0..frames {
            if self.stream.feed(Message::Text(text.to_owned().into())).await.is_err() {
                return;
            }
        }
        let _ = self.stream.flush().await;
    }
}

pub fn config(dir: &Path, more: &str) -> Config {
    let path = dir.join("hub.toml");
    let text = format!(
        "state_dir = {:?}\nbranch_name = \"Cabang Uji\"\nnames = [\"localhost\", \"127.0.0.1\"]\n\
         listen_console = \"127.0.0.1:0\"\nlisten_booths = \"127.0.0.1:0\"\n{more}",
        dir.join("state")
    );
    std::fs::write(&path, text).unwrap();
    Config::load(&path).unwrap()
}

pub fn enrol_request(code: &EnrolmentCode, csr: &str, manifest_key: &SigningKey) -> EnrolRequest {
    EnrolRequest {
        protocol: PROTOCOL,
        secret: hex::encode(code.secret),
        csr: csr.into(),
        manifest_key: hex::encode(manifest_key.verifying_key().to_bytes()),
    }
}

pub fn tls(authority: &str, identity: Option<(&str, &str)>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
        }
    }
}

pub fn client(tls: ClientConfig) -> Client {
    Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

pub fn cookie_of(headers: &HeaderMap) -> String {
    headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}
