//! A bad line between booths and hub: half of the answers get lost after the hub has done its work, a fifth of the requests
//! arrives twice, at once or much later and out of order.

use super::hub::{Booth, Order};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use bilik_claim::filing::CommitAnswer;
use bilik_claim::ids::{ClaimId, Digest};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const LOST: f64 = 0.5;
const DOUBLED: f64 = 0.2;
/// Of those doubled, how many come late.
const LATE: f64 = 0.5;
const COMMIT: &str = "/api/v1/claims";
const MAX_BODY: usize = 1 << 20;

/// See the module head.
pub struct Line {
    state: Mutex<State>,
    life: u64,
    orders: Sender<Order>,
}

#[derive(Default)]
struct State {
    /// None while the hub is down.
    hub: Option<String>,
    tally: Tally,
    /// The digest of the receipt that a claim got, lost or not.
    receipts: HashMap<ClaimId, Digest>,
    strange: Vec<String>,
    late: Vec<(reqwest::Client, Sent)>,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Of booths.
    pub requests: u64,
    /// Requests that came twice.
    pub doubled: u64,
    /// Answers of the hub to the first of each.
    pub answers: u64,
    /// Of those, not brought to the booth.
    pub lost: u64,
    /// Receipts, also of claims that had theirs.
    pub received: u64,
    /// Requests under way when the hub died.
    pub cut: u64,
    /// Commits of claims whose parts the hub did not have.
    pub missing: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, doubled, answers, lost, received, cut, missing } = self;
        write!(
            f,
            "{received} receipts; {requests} requests, {doubled} doubled, {cut} cut off; {answers} answers, {lost} lost, \
             {missing} told of missing parts"
        )
    }
}

/// A request on its way.
#[derive(Clone)]
struct Sent {
    method: Method,
    path: String,
    body: Bytes,
}

/// Why a booth hears nothing: the connection just ends.
#[derive(Debug, thiserror::Error)]
#[error("the answer got lost")]
struct Lost;

impl Line {
    /// One that has the hub killed after so many receipts.
    pub fn new(life: u64, orders: Sender<Order>) -> Self {
        Self { state: Mutex::default(), life, orders }
    }

    pub fn connect(&self, hub: String) {
        self.state.lock().unwrap().hub = Some(hub);
    }

    pub fn disconnect(&self) {
        self.state.lock().unwrap().hub = None;
    }

    pub fn tally(&self) -> Tally {
        self.state.lock().unwrap().tally
    }

    pub fn receipts(&self) -> HashMap<ClaimId, Digest> {
        self.state.lock().unwrap().receipts.clone()
    }

    /// Answers that a hub has no reason to give.
    pub fn strange(&self) -> Vec<String> {
        self.state.lock().unwrap().strange.clone()
    }

    /// A booth's end of the line.
    pub async fn open(self: &Arc<Self>, booth: &Booth) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (line, client) = (Arc::clone(self), booth.http.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let (line, client) = (Arc::clone(&line), client.clone());
                let service = service_fn(move |request| {
                    let (line, client) = (Arc::clone(&line), client.clone());
                    async move { line.carry(&client, request).await }
                });
                // An error is an answer that got lost.
                tokio::spawn(async move {
                    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await)
                });
            }
        });
        address
    }

    /// Brings what is still late.
    pub async fn flush(&self) {
        let late = std::mem::take(&mut self.state.lock().unwrap().late);
        for (client, sent) in late {
            self.forward(&client, &sent).await;
        }
    }

    async fn carry(&self, client: &reqwest::Client, request: Request<Incoming>) -> Result<Response<Body>, Lost> {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(Body::new(body), MAX_BODY).await.map_err(|_| Lost)?;
        let sent = Sent { method: head.method, path: head.uri.path().to_owned(), body };
        let answer = match self.twin(client, &sent) {
            None => self.forward(client, &sent).await,
            Some((other, twin)) => tokio::join!(self.forward(client, &sent), self.forward(&other, &twin)).0,
        };
        let Some((status, body)) = answer else { return Err(Lost) };
        let lost = rand::random_bool(LOST);
        let tally = &mut self.state.lock().unwrap().tally;
        tally.answers += 1;
        if lost {
            tally.lost += 1;
            return Err(Lost);
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        Ok(response)
    }

    /// What is sent beside a request: nothing, the same once more, or an older one that had stayed behind.
    fn twin(&self, client: &reqwest::Client, sent: &Sent) -> Option<(reqwest::Client, Sent)> {
        let state = &mut *self.state.lock().unwrap();
        state.tally.requests += 1;
        if !rand::random_bool(DOUBLED) {
            return None;
        }
        state.tally.doubled += 1;
        let twin = (client.clone(), sent.clone());
        if !rand::random_bool(LATE) {
            return Some(twin);
        }
        state.late.push(twin);
        // About fifty wait at a time, so one comes hundreds of requests late.
        (state.late.len() > 50).then(|| state.late.swap_remove(rand::random_range(0..50)))
    }

    /// The hub's answer, if there is one.
    async fn forward(&self, client: &reqwest::Client, sent: &Sent) -> Option<(StatusCode, Bytes)> {
        let hub = self.state.lock().unwrap().hub.clone()?;
        let request = client
            .request(sent.method.clone(), format!("{hub}{}", sent.path))
            .header("content-type", HeaderValue::from_static("application/json"))
            .body(sent.body.clone());
        let answer = async {
            let response = request.send().await?;
            Ok::<_, reqwest::Error>((response.status(), response.bytes().await?))
        };
        let answer = answer.await.ok();
        self.note(sent, answer.as_ref());
        answer
    }

    fn note(&self, sent: &Sent, answer: Option<&(StatusCode, Bytes)>) {
        let state = &mut *self.state.lock().unwrap();
        let Some((status, body)) = answer else {
            state.tally.cut += 1;
            return;
        };
        match (sent.path.as_str(), status.as_u16(), serde_json::from_slice(body)) {
            (COMMIT, 200, Ok(CommitAnswer::Received { receipt })) => {
                let digest = Digest::of(format!("{}{}", receipt.body, receipt.signature).as_bytes());
                let claim = receipt.peek().unwrap().claim;
                if *state.receipts.entry(claim).or_insert(digest) != digest {
                    state.strange.push(format!("another receipt for {claim}"));
                }
                state.tally.received += 1;
                if state.tally.received.is_multiple_of(self.life) {
                    // Nobody listens any more once all is over.
                    let _ = self.orders.send(Order::Kill);
                }
            }
            (COMMIT, 409, Ok(CommitAnswer::Missing { .. })) => state.tally.missing += 1,
            (COMMIT, _, _) | (_, 202.., _) => {
                state.strange.push(format!("{status} to {}: {}", sent.path, String::from_utf8_lossy(body)));
            }
            _ => {}
        }
    }
}
