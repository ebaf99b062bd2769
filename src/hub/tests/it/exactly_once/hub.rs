//! The hub as a process: set up, killed and started again; and the booths that it lets in.

use super::line::Line;
use crate::bench;
use crate::commands::{run, text};
use bilik_claim::enrolment::{EnrolAnswer, EnrolmentCode};
use bilik_hub::config::Config;
use ed25519_dalek::{SigningKey, VerifyingKey};
use rcgen::{CertificateParams, KeyPair};
use reqwest::StatusCode;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What is worth reading of its log: that it is up, and complaints.
const LOG: &str = "log = \"json\"\nlog_filter = \"warn,bilik_hub::server=info\"\n";

/// What becomes of the hub.
pub enum Order {
    Kill,
    Stop,
}

/// A hub and its running process.
pub struct Hub {
    config: Config,
    file: PathBuf,
    /// None for the moment between two.
    process: Option<Process>,
    complaints: Arc<Mutex<Vec<String>>>,
}

struct Process {
    child: Child,
    log: JoinHandle<()>,
}

/// A booth that has enrolled.
pub struct Booth {
    pub answer: EnrolAnswer,
    pub manifest_key: SigningKey,
    pub http: reqwest::Client,
}

impl Booth {
    /// Of its hub.
    pub fn receipt_key(&self) -> VerifyingKey {
        let bytes: [u8; 32] = hex::decode(&self.answer.receipt_key).unwrap().try_into().unwrap();
        VerifyingKey::from_bytes(&bytes).unwrap()
    }
}

impl Hub {
    pub fn set_up(dir: &Path) -> Self {
        let (config, file) = (bench::config(dir, LOG), dir.join("hub.toml"));
        let made = run(&file, &["init"], "");
        assert!(made.status.success(), "{}", text(&made.stderr));
        let complaints = Arc::default();
        let process = Some(Process::start(&file, &complaints));
        Self { config, file, process, complaints }
    }

    /// Where booths find it: another port after each start.
    pub fn address(&self) -> String {
        format!("https://{}", self.listener("booths"))
    }

    pub async fn enrol(&self) -> Booth {
        let code = run(&self.file, &["enrol-code", "--booth", "Bilik Uji"], "");
        let code: EnrolmentCode = text(&code.stdout).trim().parse().unwrap();
        let authority = std::fs::read_to_string(self.config.state_dir.join("ca.crt")).unwrap();
        let (key, manifest_key) = (KeyPair::generate().unwrap(), SigningKey::from_bytes(&rand::random()));
        let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let url = format!("https://{}/api/v1/enrol", self.listener("console"));
        let client = bench::client(bench::tls(&authority, None));
        let response = client.post(url).json(&bench::enrol_request(&code, &csr, &manifest_key)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let answer: EnrolAnswer = response.json().await.unwrap();
        let tls = bench::tls(&answer.authority, Some((&answer.certificate, &key.serialize_pem())));
        Booth { answer, manifest_key, http: bench::client(tls) }
    }

    pub fn ledger(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.config.state_dir.join("hub.db")).unwrap()
    }

    /// What it has written into its log but that it is up.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }

    fn listener(&self, name: &str) -> String {
        let addresses = std::fs::read(self.config.state_dir.join(bilik_hub::ADDRESSES)).unwrap();
        let addresses: Value = serde_json::from_slice(&addresses).unwrap();
        addresses[name].as_str().unwrap().to_owned()
    }

    fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.child.kill().unwrap();
        process.wait();
    }

    fn start_again(&mut self) {
        self.process = Some(Process::start(&self.file, &self.complaints));
    }

    /// In order, as an operator would.
    fn stop(&mut self) {
        let process = self.process.take().unwrap();
        assert!(Command::new("kill").args(["-TERM", &process.child.id().to_string()]).status().unwrap().success());
        assert_eq!(process.wait().code(), Some(0));
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.child.kill();
            process.wait();
        }
    }
}

impl Process {
    /// Returns once it is up.
    fn start(file: &Path, complaints: &Arc<Mutex<Vec<String>>>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bilik-hub"))
            .arg("--config")
            .arg(file)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut before = Vec::new();
        loop {
            match lines.next() {
                Some(line) if line.contains("hub is up") => break,
                Some(line) => before.push(line),
                None => panic!("the hub does not start: {before:?}"),
            }
        }
        let complaints = Arc::clone(complaints);
        let log = std::thread::spawn(move || {
            for line in before.into_iter().chain(lines).filter(|line| !line.contains("\"level\":\"INFO\"")) {
                complaints.lock().unwrap().push(line);
            }
        });
        Self { child, log }
    }

    fn wait(mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        self.log.join().unwrap();
        status
    }
}

/// Kills the hub as ordered and starts it again, until it is to stop. How often.
pub fn keep(mut hub: Hub, orders: Receiver<Order>, line: &Line) -> (Hub, u64) {
    let mut kills = 0;
    for order in orders {
        match order {
            Order::Kill => {
                kills += 1;
                hub.kill();
                line.disconnect();
                hub.start_again();
                line.connect(hub.address());
            }
            Order::Stop => {
                hub.stop();
                break;
            }
        }
    }
    (hub, kills)
}
