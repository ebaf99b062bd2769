//! The booth's WebSocket to its hub.
//!
//! One task: connect, say hello, carry frames both ways, and connect again. What is sent while there is no connection
//! is dropped, for the whole state is sent anew on the next one; only what happens once (the end of a session, a
//! rating) waits, in a small bounded list.

use crate::tls;
use bilik_claim::wire::{self, BoothToHub, HEARTBEAT_SECONDS, HubToBooth, MAX_FRAME, PROTOCOL};
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tracing::{debug, info, warn};

/// From one attempt to connect to the next.
const RETRY: Duration = Duration::from_secs(1);
/// The same, for [`SOON`] after a connection that [`STOOD`] was lost: a participant waits who was cut off, and the hub is in the
/// same building. A hub that lets nobody in, or is away for the night, is not asked as often.
const RETRY_SOON: Duration = Duration::from_millis(50);
const SOON: Duration = Duration::from_secs(60);
const STOOD: Duration = Duration::from_secs(5);
/// For first packets to the hub and back. The last one is not sent at its very end.
const REACH_TIMEOUT: Duration = Duration::from_millis(480);
/// Between first packets, while none is answered. The system would send the next one later and later, and a cable that is put
/// back would be noticed seconds too late.
const REACH_AGAIN: Duration = Duration::from_millis(50);
/// The other end has so long to answer while a connection is made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Without any frame for so long, the connection is dead: the hub pings every two seconds.
const SILENCE: Duration = Duration::from_secs(6);
/// Once-only messages that wait for a connection.
const MOST_WAITING: usize = 32;
/// Messages that wait to be written; more means that the connection does not move.
const QUEUE: usize = 256;

#[derive(Debug)]
pub enum LinkEvent {
    /// The hub has said welcome.
    Connected {
        booth_name: String,
        branch_name: String,
    },
    Disconnected,
    /// The other end is not the enrolled hub.
    WrongCertificate,
    /// It is, by its name and its authority, but its certificate has ended by our clock, or has not begun.
    OutOfDate,
    Message(Box<HubToBooth>),
    /// Time for a sign of life: send the state.
    Heartbeat,
}

#[derive(Debug, Error)]
enum LinkError {
    #[error("cannot reach {0}")]
    Connect(String, #[source] std::io::Error),
    #[error("no answer from {0}")]
    Timeout(String),
    #[error("{0:?} is not host:port")]
    Address(String),
    #[error("WebSocket failed")]
    WebSocket(#[from] tungstenite::Error),
    #[error("the hub speaks protocol {0}, this booth {PROTOCOL}")]
    Protocol(u16),
    #[error("the hub closed the connection")]
    Closed,
    #[error("nothing heard for too long")]
    Silence,
}

/// Sends to the hub; never blocks.
#[derive(Clone, Debug)]
pub struct HubLink {
    sender: mpsc::Sender<BoothToHub>,
}

impl HubLink {
    /// Starts the task on the current runtime. It ends when the last `HubLink` is dropped.
    pub fn start(address: String, tls: Arc<ClientConfig>, events: impl Fn(LinkEvent) + Send + Sync + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(run(address, tls, receiver, events));
        Self { sender }
    }

    pub fn send(&self, message: BoothToHub) {
        if self.sender.try_send(message).is_err() {
            warn!("message to the hub dropped: the connection does not move");
        }
    }
}

async fn run(
    address: String,
    tls: Arc<ClientConfig>,
    mut outgoing: mpsc::Receiver<BoothToHub>,
    events: impl Fn(LinkEvent),
) {
    let mut waiting = VecDeque::new();
    let mut last_error = String::new();
    let mut lost = None;
    loop {
        let mut began = Instant::now();
        let error = match connect(&address, tls.clone()).await {
            Ok(socket) => {
                last_error.clear();
                began = Instant::now();
                let ended = converse(socket, &mut outgoing, &mut waiting, &events).await;
                events(LinkEvent::Disconnected);
                lost = Some(Instant::now()).filter(|_| began.elapsed() >= STOOD);
                match ended {
                    Ok(()) => return,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        if tls::is_wrong_certificate(&error) {
            events(LinkEvent::WrongCertificate);
        } else if tls::is_out_of_date(&error) {
            events(LinkEvent::OutOfDate);
        }
        let told = format!("{:#}", anyhow::Error::new(error));
        // The same failure every second is one line in the log.
        if told != last_error {
            warn!(hub = %address, error = %told, "not connected to the hub");
            last_error = told;
        }
        // Meanwhile messages are taken off, so that senders never wait for a hub that is away.
        let pause = tokio::time::sleep_until(began + pause(lost.map(|lost: Instant| lost.elapsed())));
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                message = outgoing.recv() => match message {
                    Some(message) => keep_if_once(&mut waiting, message),
                    None => return,
                },
            }
        }
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_rustls::client::TlsStream<TcpStream>>;

async fn connect(address: &str, tls: Arc<ClientConfig>) -> Result<Socket, LinkError> {
    let host = address
        .rsplit_once(':')
        .map(|(host, _)| host.trim_matches(['[', ']']))
        .ok_or_else(|| LinkError::Address(address.into()))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| LinkError::Address(address.into()))?;
    let failed = cannot_reach(address);
    let attempt = async {
        let stream = reach(address).await?;
        stream.set_nodelay(true).map_err(&failed)?;
        let stream = tokio_rustls::TlsConnector::from(tls).connect(name, stream).await.map_err(&failed)?;
        let limits = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
        let url = format!("wss://{address}/ws/booth");
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(limits)).await?;
        Ok(socket)
    };
    timeout(CONNECT_TIMEOUT, attempt).await.map_err(|_| LinkError::Timeout(address.to_owned()))?
}

/// By the first attempt that gets through, asking the name server once: one that is away keeps a thread for each question.
async fn reach(address: &str) -> Result<TcpStream, LinkError> {
    let reached = in_time(async |last| {
        let places: Vec<SocketAddr> = tokio::net::lookup_host(address).await?.collect();
        first_through(|| TcpStream::connect(&places[..]), last).await
    });
    match reached.await {
        Ok(stream) => Ok(stream),
        Err(Some(error)) => Err(cannot_reach(address)(error)),
        Err(None) => Err(LinkError::Timeout(address.to_owned())),
    }
}

/// Gives an attempt its time. When that is over, what it has met last is told.
async fn in_time<T>(
    attempt: impl AsyncFnOnce(&mut Option<std::io::Error>) -> std::io::Result<T>,
) -> Result<T, Option<std::io::Error>> {
    let mut last = None;
    match timeout(REACH_TIMEOUT, attempt(&mut last)).await {
        Ok(done) => done.map_err(Some),
        Err(_) => Err(last),
    }
}

/// The first of several attempts, each begun a little later, that is answered or refused. Where there is no way to the hub
/// (`no_way`), the next one may find the cable put back.
async fn first_through<T, F>(connect: impl Fn() -> F, no_way: &mut Option<std::io::Error>) -> std::io::Result<T>
where
    F: Future<Output = std::io::Result<T>>,
{
    let mut again = tokio::time::interval(REACH_AGAIN);
    let mut attempts = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(tried) = attempts.next() => match tried {
                Err(error) if is_no_way(&error) => *no_way = Some(error),
                tried => return tried,
            },
            _ = again.tick() => attempts.push(connect()),
        }
    }
}

fn cannot_reach(address: &str) -> impl Fn(std::io::Error) -> LinkError {
    move |source| LinkError::Connect(address.to_owned(), source)
}

fn is_no_way(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown)
}

/// From one attempt to the next, `since` a connection that stood was lost.
fn pause(since: Option<Duration>) -> Duration {
    if since.is_some_and(|since| since < SOON) { RETRY_SOON } else { RETRY }
}

/// Until the connection fails; `Ok` when nobody sends any more.
async fn converse(
    mut socket: Socket,
    outgoing: &mut mpsc::Receiver<BoothToHub>,
    waiting: &mut VecDeque<BoothToHub>,
    events: &impl Fn(LinkEvent),
) -> Result<(), LinkError> {
    let hello = BoothToHub::Hello { protocol: PROTOCOL, software: env!("CARGO_PKG_VERSION").into() };
    send(&mut socket, &hello).await?;
    let mut welcomed = false;
    // A cable that is pulled says nothing: only silence tells.
    let mut dead_at = Instant::now() + CONNECT_TIMEOUT;
    let mut heartbeat = tokio::time::interval(Duration::from_secs(HEARTBEAT_SECONDS));
    heartbeat.tick().await;
    loop {
        tokio::select! {
            // What came while this program did not run is heard before its silence is judged.
            biased;
            frame = socket.next() => {
                let frame = frame.ok_or(LinkError::Closed)??;
                dead_at = Instant::now() + if welcomed { SILENCE } else { CONNECT_TIMEOUT };
                let Message::Text(text) = frame else { continue };
                match wire::decode::<HubToBooth>(&text) {
                    Ok(HubToBooth::Welcome { protocol, .. }) if protocol != PROTOCOL => return Err(LinkError::Protocol(protocol)),
                    Ok(HubToBooth::Welcome { booth_name, branch_name, .. }) if !welcomed => {
                        welcomed = true;
                        dead_at = Instant::now() + SILENCE;
                        info!("connected to the hub");
                        events(LinkEvent::Connected { booth_name, branch_name });
                        while let Some(message) = waiting.front() {
                            send(&mut socket, message).await?;
                            waiting.pop_front();
                        }
                    }
                    Ok(message) if welcomed => events(LinkEvent::Message(Box::new(message))),
                    Ok(_) => debug!("frame before the welcome ignored"),
                    Err(error) => warn!(%error, "frame from the hub refused"),
                }
            }
            () = tokio::time::sleep_until(dead_at) => return Err(LinkError::Silence),
            message = outgoing.recv() => match message {
                Some(message) if welcomed => {
                    if let Err(error) = send(&mut socket, &message).await {
                        keep_if_once(waiting, message);
                        return Err(error);
                    }
                }
                Some(message) => keep_if_once(waiting, message),
                None => {
                    // A clean good-bye, if the other end still listens.
                    let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
                    return Ok(());
                }
            },
            _ = heartbeat.tick() => {
                timeout(CONNECT_TIMEOUT, socket.send(Message::Ping(Default::default()))).await.map_err(|_| LinkError::Silence)??;
                events(LinkEvent::Heartbeat);
            }
        }
    }
}

/// A connection that takes nothing any more is as dead as a silent one.
async fn send(socket: &mut Socket, message: &BoothToHub) -> Result<(), LinkError> {
    let sent = socket.send(Message::text(wire::encode(message)));
    Ok(timeout(CONNECT_TIMEOUT, sent).await.map_err(|_| LinkError::Silence)??)
}

/// State and snapshots are sent anew on a new connection; signals of an old call are worthless then.
fn keep_if_once(waiting: &mut VecDeque<BoothToHub>, message: BoothToHub) {
    match message {
        BoothToHub::SessionEnded { .. } | BoothToHub::Rated { .. } => {
            if waiting.len() == MOST_WAITING {
                waiting.pop_front();
            }
            waiting.push_back(message);
        }
        BoothToHub::Hello { .. }
        | BoothToHub::State { .. }
        | BoothToHub::Session { .. }
        | BoothToHub::Signal { .. }
        | BoothToHub::CallFailed { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::pending;

    /// What comes of attempts that end as told, each in the time it was begun: whether one got through or why not, and when.
    async fn attempts<F>(ends: impl Fn(u32) -> F) -> (Result<(), Option<ErrorKind>>, Duration)
    where
        F: Future<Output = std::io::Result<()>>,
    {
        let (begun, count) = (Instant::now(), Cell::new(0));
        let reached = in_time(async |last| first_through(|| ends(count.replace(count.get() + 1)), last).await).await;
        (reached.map_err(|error| error.map(|error| error.kind())), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_cable_that_is_put_back_is_found_at_the_next_attempt() {
        let no_way = || std::io::Error::from(ErrorKind::NetworkUnreachable);
        let back = attempts(async |number| if number < 3 { Err(no_way()) } else { Ok(()) });
        assert_eq!(back.await, (Ok(()), 3 * REACH_AGAIN));
        let away = attempts(async |_| Err(no_way()));
        assert_eq!(away.await, (Err(Some(ErrorKind::NetworkUnreachable)), REACH_TIMEOUT));
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_packet_that_is_lost_is_not_waited_for() {
        let lost = attempts(async |number| if number < 2 { pending().await } else { Ok(()) });
        assert_eq!(lost.await, (Ok(()), 2 * REACH_AGAIN));
        let late = attempts(async |number| {
            let answered = if number == 0 { 3 * REACH_AGAIN } else { REACH_TIMEOUT * 2 };
            tokio::time::sleep(answered).await;
            Ok(())
        });
        assert_eq!(late.await, (Ok(()), 3 * REACH_AGAIN), "the first one counts as long as it may still be answered");
        assert_eq!(attempts(async |_| pending().await).await, (Err(None), REACH_TIMEOUT));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hub_that_refuses_is_not_asked_again_at_once() {
        let refused = attempts(async |number| {
            assert_eq!(number, 0);
            Err(ErrorKind::ConnectionRefused.into())
        });
        assert_eq!(refused.await, (Err(Some(ErrorKind::ConnectionRefused)), Duration::ZERO));
    }

    #[test]
    fn a_hub_is_asked_often_only_for_a_while_after_it_was_there() {
        assert_eq!(pause(Some(Duration::ZERO)), RETRY_SOON);
        assert_eq!(pause(Some(SOON - Duration::from_millis(1))), RETRY_SOON);
        assert_eq!(pause(Some(SOON)), RETRY);
        assert_eq!(pause(None), RETRY, "one that never let this booth in");
    }
}
