use super::*;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

const PATIENCE: Duration = Duration::from_secs(20);

/// What the hub does with one request.
#[derive(Clone, Copy)]
enum Step {
    /// Sends so many bytes of what was asked for, then breaks the line.
    Break(usize),
    All,
    /// Sends so many bytes, then nothing, and keeps the line.
    Hang(usize),
    Status(u16),
    /// Sends all of it, whatever was asked for.
    FromStart,
}

struct Bench {
    runtime: Runtime,
    http: HubHttp,
    folder: TempDir,
    asked: Arc<Mutex<Vec<u64>>>,
}

fn bytes() -> Vec<u8> {
    (0..300_000_u32).map(|place| (place % 251) as u8).collect()
}

fn offer(bytes: &[u8]) -> Offer {
    Offer { version: "0.3.0".into(), digest: Digest::of(bytes), bytes: bytes.len() as u64, now: false }
}

impl Bench {
    /// A hub that has `bytes` and answers by this script.
    fn new(bytes: Vec<u8>, script: Vec<Step>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(own.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], private)
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("localhost:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        runtime.spawn(serve(listener, TlsAcceptor::from(Arc::new(server)), bytes, script, Arc::clone(&asked)));
        let http = HubHttp::new(&address, &client, client.clone(), runtime.handle().clone()).unwrap();
        Self { runtime, http, folder: tempfile::tempdir().unwrap(), asked }
    }

    fn start(&self, offer: &Offer, free: fn(&Path) -> Option<u64>) -> (Fetch, Receiver<Result<(), Fault>>) {
        let (sender, inbox) = mpsc::channel();
        let end = move |ended| sender.send(ended).unwrap();
        (start(self.http.clone(), offer.clone(), self.folder.path().into(), free, |_| {}, end), inbox)
    }

    fn fetch(&self, offer: &Offer) -> Result<(), Fault> {
        let (_fetch, inbox) = self.start(offer, |_| Some(u64::MAX));
        inbox.recv_timeout(PATIENCE).unwrap()
    }

    /// What lies in the folder, with sizes.
    fn files(&self) -> Vec<(String, u64)> {
        let entries = fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap);
        entries.map(|e| (e.file_name().into_string().unwrap(), e.metadata().unwrap().len())).collect()
    }

    fn asked(&self) -> Vec<u64> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    bytes: Vec<u8>,
    script: Vec<Step>,
    asked: Arc<Mutex<Vec<u64>>>,
) {
    for step in script {
        let mut line = tls.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(line.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let range = head.lines().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-'));
        let from: usize = range.unwrap().parse().unwrap();
        asked.lock().unwrap().push(from as u64);
        let (from, status) = match step {
            Step::Break(_) | Step::All | Step::Hang(_) => (from, "206 Partial Content".to_owned()),
            Step::FromStart => (0, "206 Partial Content".to_owned()),
            Step::Status(code) => (bytes.len(), format!("{code} Word")),
        };
        let rest = &bytes[from.min(bytes.len())..];
        let range = format!("content-range: bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
        let head = format!("HTTP/1.1 {status}\r\n{range}\r\ncontent-length: {}\r\n\r\n", rest.len());
        line.write_all(head.as_bytes()).await.unwrap();
        let most = match step {
            Step::Break(most) | Step::Hang(most) => most,
            Step::All | Step::FromStart | Step::Status(_) => usize::MAX,
        };
        line.write_all(&rest[..most.min(rest.len())]).await.unwrap();
        line.flush().await.unwrap();
        if matches!(step, Step::Hang(_)) {
            // Until the other side has had enough.
            let _ = line.read_u8().await;
        }
        let _ = line.shutdown().await;
    }
}

#[test]
fn a_broken_line_goes_on_where_it_stopped() {
    let bytes = bytes();
    let bench = Bench::new(bytes.clone(), vec![Step::Break(100_000), Step::Break(150_000), Step::All]);
    let offer = offer(&bytes);
    assert!(matches!(bench.fetch(&offer), Err(Fault::Line(_))));
    assert_eq!(bench.files(), [(format!("{}.part", offer.digest), 100_000)]);
    assert!(matches!(bench.fetch(&offer), Err(Fault::Line(_))));
    assert_eq!(bench.fetch(&offer), Ok(()));
    assert_eq!(bench.asked(), [0, 100_000, 250_000]);
    assert_eq!(bench.files(), [("bundle.raucb".into(), bytes.len() as u64)]);
    assert_eq!(fs::read(bench.folder.path().join("bundle.raucb")).unwrap(), bytes);
    // It is there: the hub is not asked again.
    assert_eq!(bench.fetch(&offer), Ok(()));
    assert_eq!(bench.asked().len(), 3);
}

#[test]
fn what_is_not_the_announced_update_is_thrown_away() {
    let (good, mut bad) = (bytes(), bytes());
    bad[12_345] ^= 1;
    let bench =
        Bench::new(bad, vec![Step::All, Step::Status(404), Step::FromStart, Step::Status(503), Step::Status(200)]);
    let offer = offer(&good);
    assert_eq!(bench.fetch(&offer), Err(Fault::WrongDigest));
    assert_eq!(bench.files(), []);
    assert_eq!(bench.fetch(&offer), Err(Fault::Refused(404)));
    // Half of it is here, and the hub begins at its start: that is no answer to what was asked.
    let part = bench.folder.path().join(format!("{}.part", offer.digest));
    fs::write(&part, &good[..500]).unwrap();
    assert_eq!(bench.fetch(&offer), Err(Fault::Refused(206)));
    assert_eq!(fs::read(&part).unwrap(), good[..500]);
    assert_eq!(bench.fetch(&offer), Err(Fault::Occupied));
    assert_eq!(bench.fetch(&offer), Err(Fault::Refused(200)));
    assert_eq!(bench.asked(), [0, 0, 500, 500, 500]);
}

#[test]
fn no_more_comes_than_was_announced() {
    let bytes = bytes();
    let bench = Bench::new(bytes.clone(), vec![Step::All]);
    let shorter = Offer { bytes: 1000, ..offer(&bytes) };
    assert_eq!(bench.fetch(&shorter), Err(Fault::Refused(206)));
    assert_eq!(bench.files(), [(format!("{}.part", shorter.digest), 0)]);
}

#[test]
fn what_belongs_to_another_update_goes() {
    let bytes = bytes();
    let bench = Bench::new(bytes.clone(), vec![Step::All]);
    let offer = offer(&bytes);
    for (name, text) in [("bundle.raucb", "old"), ("0123.part", "old"), ("note.txt", "stays")] {
        fs::write(bench.folder.path().join(name), text).unwrap();
    }
    // Longer than it can be: from the first byte on.
    fs::write(bench.folder.path().join(format!("{}.part", offer.digest)), vec![7; bytes.len() + 1]).unwrap();
    assert_eq!(bench.fetch(&offer), Ok(()));
    let mut files = bench.files();
    files.sort();
    assert_eq!(files, [("bundle.raucb".into(), bytes.len() as u64), ("note.txt".into(), 5)]);
    clear(bench.folder.path());
    assert_eq!(bench.files(), [("note.txt".into(), 5)]);
    clear(Path::new("/nonexistent/specimen"));
}

#[test]
fn a_full_disk_is_told_before_anything_comes() {
    let bytes = bytes();
    let bench = Bench::new(bytes.clone(), vec![Step::All]);
    let offer = offer(&bytes);
    let check = |free: fn(&Path) -> Option<u64>, expect: Result<(), Fault>| {
        let (_fetch, inbox) = bench.start(&offer, free);
        assert_eq!(inbox.recv_timeout(PATIENCE).unwrap(), expect);
    };
    check(|_| Some(599_999), Err(Fault::NoRoom { needed: 600_000, free: 599_999 }));
    check(|_| None, Err(Fault::NoRoom { needed: 600_000, free: 0 }));
    assert_eq!(bench.asked(), Vec::<u64>::new());
    // What is here already needs no room any more.
    fs::write(bench.folder.path().join(format!("{}.part", offer.digest)), &bytes[..100_000]).unwrap();
    check(|_| Some(500_000), Ok(()));
}

#[test]
fn stopping_is_heard_in_the_middle_of_silence() {
    let bytes = bytes();
    let bench = Bench::new(bytes.clone(), vec![Step::Hang(200_000), Step::All]);
    let offer = offer(&bytes);
    let (fetch, inbox) = bench.start(&offer, |_| Some(u64::MAX));
    let part = bench.folder.path().join(format!("{}.part", offer.digest));
    let begun = std::time::Instant::now();
    while fs::metadata(&part).map_or(0, |file| file.len()) < 200_000 {
        assert!(begun.elapsed() < PATIENCE, "nothing comes");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(fetch);
    assert_eq!(inbox.recv_timeout(PATIENCE).unwrap(), Err(Fault::Stopped));
    assert_eq!(bench.fetch(&offer), Ok(()), "what came is of use");
    assert_eq!(bench.asked(), [0, 200_000]);
    drop(bench.runtime);
}
