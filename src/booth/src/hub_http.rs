//! Requests to the hub over HTTPS with the booth's certificate. Decides nothing: what a status means is the courier's to
//! know ([`Answer::from_status`]).

use crate::courier::chain;
use crate::hub_time::{self, Told};
use bilik_claim::document::DocumentKind;
use bilik_claim::filing::{Manifest, Signed};
use bilik_claim::ids::{Digest, SessionId};
use bilik_claim::machine::{MachineAnswer, MachineReport};
use bilik_claim::personal::PersonalBytes;
use bilik_claim::reconcile::Reconcile;
use bilik_claim::wire;
use bilik_journal::courier::Answer;
use reqwest::{Response, StatusCode};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use tracing::warn;

/// A sealed photograph over a bad line.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The hub's answer to a commit: a receipt or a list of digests.
const MAX_ANSWER: usize = 64 << 10;
/// The hub's answer about receipts: at most two lists of as many ids as were named, and keys signed several times.
const MAX_RECONCILED: usize = 256 << 10;
/// The hub's answer about the machine: a time and an offer.
const MAX_MACHINE: usize = 16 << 10;
/// A whole update at the pace of a very bad line. That something comes at all is looked after by whoever reads it.
const UPDATE_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// How often a photograph is offered to the officer's screen before the booth gives up; it comes again with the claim.
const PHOTO_TRIES: u32 = 3;

/// A client for one hub; cheap to clone.
#[derive(Clone, Debug)]
pub struct HubHttp {
    client: reqwest::Client,
    base: String,
    hub: String,
    tls: Arc<ClientConfig>,
    undated: Arc<ClientConfig>,
    runtime: tokio::runtime::Handle,
}

impl HubHttp {
    /// `undated`: as `tls`, with [`crate::tls::Dates::Ignored`].
    pub fn new(
        address: &str,
        tls: &ClientConfig,
        undated: ClientConfig,
        runtime: tokio::runtime::Handle,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(UPLOAD_TIMEOUT)
            .build()?;
        let (base, tls) = (format!("https://{address}/api/v1"), Arc::new(tls.clone()));
        Ok(Self { client, base, hub: address.to_owned(), tls, undated: Arc::new(undated), runtime })
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    /// For work that blocks, such as on the disk; it gets the runtime for what does not.
    pub fn spawn_blocking(&self, work: impl FnOnce(tokio::runtime::Handle) + Send + 'static) {
        let runtime = self.runtime.clone();
        self.runtime.spawn_blocking(move || work(runtime));
    }

    /// Tells the hub how the machine is. The error is one line, for the log.
    pub async fn machine(self, report: MachineReport) -> Result<MachineAnswer, String> {
        let sent = self.client.post(format!("{}/machine", self.base)).json(&report).send().await;
        let response = sent.map_err(|error| chain(&error))?;
        if response.status() != StatusCode::OK {
            return Err(format!("status {}", response.status()));
        }
        let body = bounded(response, MAX_MACHINE).await.map_err(|_| "answer is cut or too long".to_owned())?;
        wire::decode(&String::from_utf8_lossy(&body)).map_err(|error| chain(&error))
    }

    /// What time it is by the hub's clock, however wrong this machine's is. The error is one line, for the log.
    pub async fn time(self) -> Result<Told, String> {
        let (undated, dated) = (ClientConfig::clone(&self.undated), ClientConfig::clone(&self.tls));
        hub_time::ask(&self.hub, undated, dated).await.map_err(|error| chain(&error))
    }

    /// Asks for an update from a byte on. The error is one line, for the log.
    pub async fn update(&self, digest: Digest, from: u64) -> Result<Response, String> {
        let request = self.client.get(format!("{}/update/{digest}", self.base)).timeout(UPDATE_TIMEOUT);
        request.header("range", format!("bytes={from}-")).send().await.map_err(|error| chain(&error))
    }

    pub async fn put_part(self, digest: Digest, sealed: Vec<u8>) -> Answer {
        match self.client.put(format!("{}/parts/{digest}", self.base)).body(sealed).send().await {
            Ok(response) if response.status().is_success() => Answer::PartAccepted(digest),
            Ok(response) => Answer::from_status(response.status().as_u16()),
            Err(error) => Answer::Unreachable(chain(&error)),
        }
    }

    pub async fn commit(self, manifest: Signed<Manifest>) -> Answer {
        let response = match self.client.post(format!("{}/claims", self.base)).json(&manifest).send().await {
            Ok(response) => response,
            Err(error) => return Answer::Unreachable(chain(&error)),
        };
        let status = response.status();
        if !matches!(status, StatusCode::OK | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) {
            return Answer::from_status(status.as_u16());
        }
        match bounded(response, MAX_ANSWER).await {
            Ok(body) => match serde_json::from_slice(&body) {
                Ok(answer) => Answer::Commit(answer),
                Err(_) => Answer::Failed("answer to a commit is not readable".into()),
            },
            Err(answer) => answer,
        }
    }

    pub async fn reconcile(self, note: Reconcile) -> Answer {
        let response = match self.client.post(format!("{}/reconcile", self.base)).json(&note).send().await {
            Ok(response) => response,
            Err(error) => return Answer::Unreachable(chain(&error)),
        };
        let status = response.status();
        if status != StatusCode::OK {
            return Answer::from_status(status.as_u16());
        }
        match bounded(response, MAX_RECONCILED).await {
            Ok(body) => match serde_json::from_slice(&body) {
                Ok(answer) => Answer::Reconciled(Box::new(answer)),
                Err(_) => Answer::Failed("answer about receipts is not readable".into()),
            },
            Err(answer) => answer,
        }
    }

    /// Shows a photograph to the officer while the session runs; to be aborted when the session ends. The claim does not
    /// depend on it. `again`: the hub may well have it, and is asked before the line is filled with it.
    pub fn show_photo(
        &self,
        session: SessionId,
        kind: DocumentKind,
        photo: u32,
        jpeg: PersonalBytes,
        again: bool,
    ) -> AbortHandle {
        let http = self.clone();
        let url = format!("{}/sessions/{session}/documents/{}/{photo}", self.base, kind.code());
        let task = self.runtime.spawn(async move {
            for attempt in 1..=PHOTO_TRIES {
                if (again || attempt > 1) && http.has(&url).await {
                    return;
                }
                let request = http.client.put(&url).header("content-type", "image/jpeg").body(jpeg.reveal().to_vec());
                let problem = match request.send().await {
                    Ok(response) if response.status().is_success() => return,
                    Ok(response) if response.status() == StatusCode::UNPROCESSABLE_ENTITY => {
                        // It would be the same photograph again.
                        let reason = bounded(response, MAX_ANSWER).await.unwrap_or_default();
                        let reason = String::from_utf8_lossy(&reason);
                        warn!(%session, %reason, "the hub shows this photograph to no officer");
                        return;
                    }
                    Ok(response) => format!("status {}", response.status()),
                    Err(error) => chain(&error),
                };
                warn!(%session, attempt, %problem, "photograph did not reach the officer's screen");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        task.abort_handle()
    }

    async fn has(&self, url: &str) -> bool {
        self.client.head(url).send().await.is_ok_and(|answer| answer.status().is_success())
    }
}

async fn bounded(mut response: Response, max: usize) -> Result<Vec<u8>, Answer> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= max => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(Answer::Failed(format!("answer is longer than {max} bytes"))),
            Ok(None) => return Ok(body),
            Err(error) => return Err(Answer::Unreachable(chain(&error))),
        }
    }
}
