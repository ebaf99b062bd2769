//! The connection to the officer's browser: ICE, DTLS-SRTP, RTP and the bandwidth estimate. The only place that knows str0m.
//!
//! Each call is one thread with one loop. It owns the connection and its sockets; everything else talks to it through a bounded
//! queue, and hears from it through one function. It knows nothing of pipelines, so two of them can be tested face to face.
//!
//! ```text
//!   start ─► offer out ──answer──► connecting ──DTLS done──► live ◄──────────► interrupted
//!              │                       │                      │   silence/sound     │
//!              └─ 30 s ────────────────┴── refused, closed, given up, Peer dropped ──┴──► ended
//! ```
//!
//! The fingerprint of the peer's certificate is compared with the one in the answer before any packet is passed on in either
//! direction; a mismatch ends the call. An outage never restarts ICE: the owner starts a new call instead, which was as fast in
//! trials and is one code path instead of two.

mod address;
mod connection;
mod description;
mod packet;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use mio::{Poll, Token, Waker};
use tracing::{debug, info_span};

use crate::error::PipelineError;
use crate::event::{CallId, EndReason};
use crate::stats::Counters;

pub(crate) use description::VideoCodec;
pub(crate) use packet::{IncomingPacket, OutgoingPacket, Stream, parse, write};

/// Commands and packets that may wait for a call's thread: about half a second of a large picture.
const QUEUE_LENGTH: usize = 512;

/// The token of the queue; sockets have smaller ones.
const WAKE: Token = Token(usize::MAX);

/// What a call tells its owner, on the call's thread. The receiver must not block.
#[derive(Debug)]
pub(crate) enum PeerEvent {
    /// The offer to send.
    Offer(String),
    /// The answer settled what the browser decodes. `None`: it wants no picture.
    Negotiated(Option<VideoCodec>),
    /// The path works.
    Live,
    /// Nothing is heard.
    Interrupted,
    /// The browser, or the state of the path, needs a keyframe.
    KeyframeWanted,
    /// What the path carries, in bit/s.
    Estimate(u64),
    /// From here on the officer's pictures are coded like this.
    OfficerCodec(VideoCodec),
    /// A packet of the officer.
    Packet(Stream, IncomingPacket),
    /// The last event.
    Ended(EndReason),
}

enum Command {
    Answer(String),
    Candidate(String),
    Send(Stream, Vec<OutgoingPacket>),
    RequestKeyframe,
    WantBitrate(u64),
}

/// A running call. Dropping it closes the connection and waits, briefly, until it is closed.
pub(crate) struct Peer {
    sender: PeerSender,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The way into a call for the threads of the pipelines.
#[derive(Clone)]
pub(crate) struct PeerSender {
    queue: SyncSender<Command>,
    waker: Arc<Waker>,
    counters: Arc<Counters>,
}

impl Peer {
    /// Starts a call: opens sockets and makes the offer, which comes as an event.
    ///
    /// # Errors
    ///
    /// If the operating system refuses the thread or its wake-up. Everything later is [`PeerEvent::Ended`].
    pub fn start(
        call: CallId,
        ice_addresses: &[IpAddr],
        counters: Arc<Counters>,
        events: impl Fn(PeerEvent) + Send + 'static,
    ) -> Result<Self, PipelineError> {
        let name = "call";
        let refused = |source| PipelineError::Thread { name, source };
        let poll = Poll::new().map_err(refused)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).map_err(refused)?);
        let (queue, commands) = sync_channel(QUEUE_LENGTH);
        let stop = Arc::new(AtomicBool::new(false));
        let sender = PeerSender { queue, waker, counters: Arc::clone(&counters) };
        let addresses = if ice_addresses.is_empty() { address::of_interfaces() } else { Vec::new() };
        let addresses = address::choose(ice_addresses, addresses);
        let stopped = Arc::clone(&stop);
        let run = move || {
            let _span = info_span!("call", call = call.0).entered();
            let end = connection::run(poll, commands, &stopped, &addresses, &counters, &events);
            debug!(?end, "call ended");
            events(PeerEvent::Ended(end));
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(refused)?;
        Ok(Self { sender, stop, thread: Some(thread) })
    }

    /// The way in for the pipelines' threads.
    pub fn sender(&self) -> PeerSender {
        self.sender.clone()
    }

    /// Passes on the officer's answer.
    pub fn answer(&self, sdp: String) {
        self.sender.put(Command::Answer(sdp));
    }

    /// Passes on a candidate of the officer's browser.
    pub fn candidate(&self, candidate: String) {
        self.sender.put(Command::Candidate(candidate));
    }

    /// Says how much, in bit/s, would be sent if the path carried it.
    pub fn want_bitrate(&self, bps: u64) {
        self.sender.put(Command::WantBitrate(bps));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.sender.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a call's thread panicked");
        }
    }
}

impl PeerSender {
    /// Sends packets of one picture or one piece of sound. If the queue is full they are dropped and counted.
    pub fn send(&self, stream: Stream, packets: Vec<OutgoingPacket>) {
        self.put(Command::Send(stream, packets));
    }

    /// Asks the officer's browser for a keyframe.
    pub fn request_keyframe(&self) {
        self.put(Command::RequestKeyframe);
    }

    fn put(&self, command: Command) {
        match self.queue.try_send(command) {
            Ok(()) => self.wake(),
            Err(TrySendError::Full(Command::Send(_, packets))) => self.counters.dropped(packets.len()),
            Err(TrySendError::Full(_)) => {
                tracing::warn!("a call's queue is full; a command was dropped");
                self.wake();
            }
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::warn!(%error, "cannot wake a call's thread");
        }
    }
}

#[cfg(test)]
pub(crate) mod answerer;
#[cfg(test)]
mod tests;
