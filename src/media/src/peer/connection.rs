//! A call's loop.
//!
//! The library is a state machine without clock and sockets. Its rule: after each change, drain its output until it names the
//! next deadline; any error is the end of the call. [`Connection::drain`] is that rule, and every change below is followed by it.

mod incoming;

use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use mio::{Events, Poll};
use str0m::bwe::Bitrate;
use str0m::change::SdpPendingOffer;
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Input, Output, Rtc, RtcError};
use tracing::{debug, warn};

use super::address::{self, Socket};
use super::description::{self, FIRST_ESTIMATE_BPS, Negotiated, Streams, VideoCodec};
use super::packet::{OutgoingPacket, Stream, Timeline};
use super::{Command, PeerEvent};
use crate::evenness::Evenness;
use crate::event::EndReason;
use crate::pacing::PathWatch;
use crate::stats::Counters;

/// From the offer until media may pass. An officer's browser answers within a second; a person may have to click first.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);

/// How long the farewell of a closed call may take.
const CLOSE_WITHIN: Duration = Duration::from_millis(100);

/// Datagrams taken from one socket before the queue is looked at again.
const DATAGRAMS_AT_ONCE: usize = 64;

/// Commands taken from the queue before the sockets are looked at again.
const COMMANDS_AT_ONCE: usize = 64;

/// Candidates of the officer's browser that are tried.
const MOST_CANDIDATES: usize = 32;

/// Larger than any datagram on an Ethernet.
const DATAGRAM_BYTES: usize = 2048;

/// Padding that the bandwidth estimate may always send to learn what the path carries.
const LEAST_BPS: u64 = 0;

struct Connection<'a> {
    rtc: Rtc,
    sockets: Vec<Socket>,
    streams: Streams,
    pending: Option<SdpPendingOffer>,
    negotiated: Negotiated,
    audio: Timeline,
    video: Timeline,
    officer_codec: Option<VideoCodec>,
    candidates: usize,
    keyframe_requested: Option<Instant>,
    /// `None` until the path works for the first time.
    path: Option<PathWatch>,
    /// No picture and no sound is wanted.
    held: bool,
    evenness: Evenness,
    /// What the path was last known to carry, in bit/s: a hold does not make it worse.
    carried: u64,
    interrupted: bool,
    counters: &'a Counters,
    events: &'a dyn Fn(PeerEvent),
}

/// Runs a call from offer to end.
pub(super) fn run(
    mut poll: Poll,
    commands: Receiver<Command>,
    stop: &AtomicBool,
    addresses: &[IpAddr],
    counters: &Counters,
    events: &dyn Fn(PeerEvent),
) -> EndReason {
    let started = Instant::now();
    let mut rtc = description::new_rtc(started);
    let sockets = address::bind(addresses, poll.registry());
    for socket in &sockets {
        match Candidate::host(socket.local, Protocol::Udp) {
            Ok(candidate) => drop(rtc.add_local_candidate(candidate)),
            Err(error) => warn!(address = %socket.local, %error, "address is no candidate"),
        }
    }
    if sockets.is_empty() {
        return EndReason::Failed("no network address can be used".to_owned());
    }
    let Some((sdp, pending, streams)) = description::offer(&mut rtc) else {
        return EndReason::Failed("nothing to offer".to_owned());
    };
    let mut connection = Connection {
        rtc,
        sockets,
        streams,
        pending: Some(pending),
        negotiated: Negotiated { audio: None, video: None },
        audio: Timeline::new(Stream::Audio),
        video: Timeline::new(Stream::Video),
        officer_codec: None,
        candidates: 0,
        keyframe_requested: None,
        path: None,
        held: false,
        evenness: Evenness::new(started),
        carried: FIRST_ESTIMATE_BPS,
        interrupted: false,
        counters,
        events,
    };
    events(PeerEvent::Offer(sdp));
    connection.serve(&mut poll, &commands, stop, started).unwrap_or_else(|end| end)
}

impl Connection<'_> {
    /// The loop. Returns (in either variant) why it ended.
    fn serve(
        &mut self,
        poll: &mut Poll,
        commands: &Receiver<Command>,
        stop: &AtomicBool,
        started: Instant,
    ) -> Result<EndReason, EndReason> {
        let mut ready = Events::with_capacity(16);
        let mut more = false;
        loop {
            let mut deadline = self.drain()?;
            if stop.load(Ordering::Acquire) {
                self.close();
                return Ok(EndReason::Local);
            }
            match &self.path {
                None => deadline = deadline.min(started + CONNECT_WITHIN),
                Some(path) if !self.interrupted => deadline = deadline.min(path.interrupted_from()),
                Some(_) => {}
            }
            let wait = if more { Duration::ZERO } else { deadline.saturating_duration_since(Instant::now()) };
            match poll.poll(&mut ready, Some(wait)) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(EndReason::Failed(format!("failed to wait for packets: {error}"))),
            }
            more = self.obey(commands)?;
            more |= self.receive()?;
            let now = Instant::now();
            self.rtc.handle_input(Input::Timeout(now)).map_err(broken)?;
            if self.path.is_none() && started + CONNECT_WITHIN <= now {
                return Ok(EndReason::TimedOut);
            }
            self.watch_path(now);
        }
    }

    /// Polls the library until it has nothing more to say. Returns its next deadline.
    fn drain(&mut self) -> Result<Instant, EndReason> {
        loop {
            match self.rtc.poll_output().map_err(broken)? {
                Output::Timeout(deadline) if self.rtc.is_alive() => return Ok(deadline),
                Output::Timeout(_) => return Err(EndReason::Remote),
                Output::Transmit(datagram) => self.transmit(&datagram),
                Output::Event(event) => self.event(event)?,
            }
        }
    }

    /// Carries out waiting commands. `true` if there may be more.
    fn obey(&mut self, commands: &Receiver<Command>) -> Result<bool, EndReason> {
        for _ in 0..COMMANDS_AT_ONCE {
            match commands.try_recv() {
                Ok(Command::Answer(sdp)) => self.answer(&sdp)?,
                Ok(Command::Candidate(line)) => self.candidate(&line),
                Ok(Command::Send(stream, packets)) => {
                    for packet in packets {
                        self.send(stream, packet)?;
                    }
                }
                Ok(Command::RequestKeyframe) => self.request_keyframe(Instant::now()),
                Ok(Command::WantBitrate(bps)) => self.want(bps),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(false),
            }
            self.drain()?;
        }
        Ok(true)
    }

    /// Takes waiting datagrams from all sockets. `true` if there may be more.
    fn receive(&mut self) -> Result<bool, EndReason> {
        let mut more = false;
        let mut datagram = [0; DATAGRAM_BYTES];
        for index in 0..self.sockets.len() {
            for count in 1..=DATAGRAMS_AT_ONCE {
                let Socket { socket, local } = &self.sockets[index];
                let (length, source) = match socket.recv_from(&mut datagram) {
                    Ok(received) => received,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // A port of the peer that is closed answers with ICMP, which comes up here. The path watch judges it.
                    Err(error) => {
                        debug!(%error, "receive failed");
                        break;
                    }
                };
                let now = Instant::now();
                // What is neither STUN, DTLS nor RTP is not for us.
                if let Ok(received) = Receive::new(Protocol::Udp, source, *local, &datagram[..length]) {
                    let input = Input::Receive(now, received);
                    if self.rtc.accepts(&input) {
                        if let Some(path) = &mut self.path {
                            path.packet(now);
                        }
                        self.rtc.handle_input(input).map_err(broken)?;
                        self.drain()?;
                    }
                }
                more |= count == DATAGRAMS_AT_ONCE;
            }
        }
        Ok(more)
    }

    /// What may be sent; nothing on hold. The library would go on to send padding, to keep knowing what the path carries, and
    /// might take old pictures for it: an estimate of nothing lets it stop, and [`Connection::transmit`] makes sure.
    fn want(&mut self, bps: u64) {
        let held = bps == 0;
        if held != self.held {
            self.held = held;
            self.rtc.bwe().reset(Bitrate::bps(if held { 0 } else { self.carried }));
            if let Some(path) = &mut self.path {
                path.hold(held);
            }
        }
        self.rtc.bwe().set_bitrate(Bitrate::bps(LEAST_BPS), Bitrate::bps(bps));
    }

    fn transmit(&mut self, datagram: &Transmit) {
        if self.held && is_rtp(&datagram.contents) {
            return;
        }
        let Some(Socket { socket, .. }) = self.sockets.iter().find(|socket| socket.local == datagram.source) else {
            return;
        };
        // A network that is away, or a full send buffer, is loss like any other: the protocols above repair it or notice.
        if let Err(error) = socket.send_to(&datagram.contents, datagram.destination) {
            debug!(%error, "send failed");
            self.counters.dropped(1);
        }
    }

    fn answer(&mut self, sdp: &str) -> Result<(), EndReason> {
        let Some(pending) = self.pending.take() else {
            warn!("a second answer was ignored");
            return Ok(());
        };
        self.negotiated =
            description::accept(&mut self.rtc, pending, sdp, &self.streams).map_err(EndReason::BadAnswer)?;
        (self.events)(PeerEvent::Negotiated(self.negotiated.video.map(|(_, codec)| codec)));
        Ok(())
    }

    fn candidate(&mut self, line: &str) {
        if self.candidates >= MOST_CANDIDATES {
            return;
        }
        if let Some(candidate) = description::candidate(line) {
            self.candidates += 1;
            self.rtc.add_remote_candidate(candidate);
        }
    }

    fn send(&mut self, stream: Stream, packet: OutgoingPacket) -> Result<(), EndReason> {
        if self.path.is_none() {
            return Ok(());
        }
        let (mid, payload_type, timeline) = match stream {
            Stream::Audio => (self.streams.audio, self.negotiated.audio, &mut self.audio),
            Stream::Video => (self.streams.video, self.negotiated.video.map(|(pt, _)| pt), &mut self.video),
        };
        let Some(payload_type) = payload_type else { return Ok(()) };
        let (sequence, timestamp) = timeline.place(&packet);
        let mut api = self.rtc.direct_api();
        let Some(stream_tx) = api.stream_tx_by_mid(mid, None) else { return Ok(()) };
        self.counters.sent(packet.payload.len());
        if let Some(path) = self.path.as_mut().filter(|_| stream == Stream::Video) {
            path.sent(Instant::now());
        }
        let write = RtpWrite::new(payload_type, sequence.into(), timestamp, packet.captured, packet.payload);
        let write = write.marker(packet.marker);
        stream_tx.write_rtp(match stream {
            Stream::Audio => write,
            Stream::Video => write.nackable(true).ext_vals(description::shown(self.evenness.at_once())),
        });
        self.drain().map(drop)
    }

    /// Says goodbye, so that the browser need not wait for its own timeout.
    fn close(&mut self) {
        let started = Instant::now();
        if self.rtc.close().is_err() {
            return;
        }
        while let Ok(output) = self.rtc.poll_output() {
            match output {
                Output::Transmit(datagram) => self.transmit(&datagram),
                Output::Event(_) => {}
                Output::Timeout(deadline) => {
                    let now = Instant::now();
                    if !self.rtc.is_alive() || deadline.max(now) > started + CLOSE_WITHIN {
                        return;
                    }
                    std::thread::sleep(deadline.saturating_duration_since(now));
                    if self.rtc.handle_input(Input::Timeout(deadline.max(now))).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Any error of the library is the end of the call: its state cannot be trusted afterwards.
fn broken(error: RtcError) -> EndReason {
    EndReason::Failed(error.to_string())
}

/// Whether a datagram carries media, padding included: neither STUN nor DTLS (RFC 7983), nor RTCP (RFC 5761, section 4).
pub(super) fn is_rtp(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind))
}
