//! The other end of a call for tests: a second connection of the same library that answers, counts, and sends back what it gets,
//! so that the booth decodes its own picture as if it were the officer's.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::connection::is_rtp;
use super::description::PLAYOUT_DELAY_ID;
use str0m::change::SdpOffer;
use str0m::media::{KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// What the far end saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Connected,
    Audio(usize),
    Video(usize),
    /// How long the next picture may wait at most until it is shown.
    MayWait(Duration),
    KeyframeRequest,
    /// The library gave the connection up, or the booth closed it.
    Closed(String),
}

enum Order {
    RequestKeyframe,
    /// Stop sending and receiving without a word, as a cut cable.
    Cut(bool),
}

/// How the answerer behaves.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Send every packet back.
    pub echo: bool,
    /// Offer no H.264, as a browser built without it.
    pub no_h264: bool,
}

pub(crate) struct Answerer {
    pub answer: String,
    seen: Receiver<Seen>,
    /// Datagrams with media that came over the wire, padding included, which the library keeps to itself.
    media: Arc<AtomicU64>,
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Answerer {
    pub fn start(offer: &str, manner: Manner) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_h264(!manner.no_h264)
            .enable_vp8(true)
            .set_extension(PLAYOUT_DELAY_ID, Extension::PlayoutDelay)
            .build(Instant::now());
        rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), Protocol::Udp).unwrap()).unwrap();
        let answer = rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer).unwrap()).unwrap().to_sdp_string();
        let (orders, todo) = channel();
        let (report, seen) = channel();
        let media = Arc::<AtomicU64>::default();
        let counter = media.clone();
        let thread = std::thread::spawn(move || run(rtc, socket, manner, todo, report, &counter));
        Self { answer, seen, media, orders: Some(orders), thread: Some(thread) }
    }

    /// Waits until `wanted` has seen enough, or fails after ten seconds.
    pub fn wait(&self, what: &str, mut wanted: impl FnMut(&Seen) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match self.seen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(seen) if wanted(&seen) => return,
                Ok(_) => {}
                Err(error) => panic!("waited for {what}: {error}"),
            }
        }
    }

    /// How many datagrams with media have come over the wire.
    pub fn media_datagrams(&self) -> u64 {
        self.media.load(Ordering::Relaxed)
    }

    /// What is seen within `time`.
    pub fn collect(&self, time: Duration) -> Vec<Seen> {
        let deadline = Instant::now() + time;
        let mut all = Vec::new();
        while let Ok(seen) = self.seen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            all.push(seen);
        }
        all
    }

    pub fn request_keyframe(&self) {
        self.orders.as_ref().unwrap().send(Order::RequestKeyframe).unwrap();
    }

    pub fn cut(&self, cut: bool) {
        self.orders.as_ref().unwrap().send(Order::Cut(cut)).unwrap();
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.orders = None;
        self.thread.take().unwrap().join().unwrap();
    }
}

/// The mids of the offer, learned from the library's events.
#[derive(Default)]
struct Mids {
    audio: Option<Mid>,
    video: Option<Mid>,
}

fn run(
    mut rtc: Rtc,
    socket: UdpSocket,
    manner: Manner,
    orders: Receiver<Order>,
    report: Sender<Seen>,
    media: &AtomicU64,
) {
    let local = socket.local_addr().unwrap();
    let mut mids = Mids::default();
    let mut cut = false;
    let mut datagram = [0; 2048];
    loop {
        let deadline = match drain(&mut rtc, &socket, manner, cut, &mut mids, &report) {
            Ok(deadline) => deadline,
            Err(reason) => {
                report.send(Seen::Closed(reason)).ok();
                // Stays until it is dropped, as a page that shows an error.
                while orders.recv().is_ok() {}
                return;
            }
        };
        let wait = deadline
            .saturating_duration_since(Instant::now())
            .clamp(Duration::from_millis(1), Duration::from_millis(10));
        socket.set_read_timeout(Some(wait)).unwrap();
        let input = match socket.recv_from(&mut datagram) {
            Ok((length, source)) if !cut => {
                media.fetch_add(is_rtp(&datagram[..length]).into(), Ordering::Relaxed);
                match Receive::new(Protocol::Udp, source, local, &datagram[..length]) {
                    Ok(received) => Input::Receive(Instant::now(), received),
                    Err(_) => continue,
                }
            }
            Ok(_) | Err(_) => Input::Timeout(Instant::now()),
        };
        if let Err(error) = rtc.handle_input(input) {
            report.send(Seen::Closed(error.to_string())).ok();
        }
        match orders.recv_timeout(Duration::ZERO) {
            Ok(Order::RequestKeyframe) => {
                request_keyframe(&mut rtc, mids.video.unwrap());
            }
            Ok(Order::Cut(value)) => cut = value,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn drain(
    rtc: &mut Rtc,
    socket: &UdpSocket,
    manner: Manner,
    cut: bool,
    mids: &mut Mids,
    report: &Sender<Seen>,
) -> Result<Instant, String> {
    loop {
        match rtc.poll_output().map_err(|error| error.to_string())? {
            Output::Timeout(deadline) if rtc.is_alive() => return Ok(deadline),
            Output::Timeout(_) => return Err("closed".to_owned()),
            Output::Transmit(out) if !cut => drop(socket.send_to(&out.contents, out.destination)),
            Output::Transmit(_) => {}
            Output::Event(Event::Connected) => drop(report.send(Seen::Connected)),
            Output::Event(Event::MediaAdded(added)) if added.kind == MediaKind::Video => mids.video = Some(added.mid),
            Output::Event(Event::MediaAdded(added)) => mids.audio = Some(added.mid),
            Output::Event(Event::KeyframeRequest(_)) => {
                report.send(Seen::KeyframeRequest).ok();
                if manner.echo
                    && let Some(video) = mids.video
                {
                    request_keyframe(rtc, video);
                }
            }
            Output::Event(Event::RtpPacket(packet)) => {
                let mut api = rtc.direct_api();
                let mid = api.stream_rx(&packet.header.ssrc).unwrap().mid();
                let video = Some(mid) == mids.video;
                let length = packet.payload.len();
                if let Some(most) = packet.header.ext_vals.play_delay_max.filter(|_| video) {
                    report.send(Seen::MayWait(most.into())).ok();
                }
                report.send(if video { Seen::Video(length) } else { Seen::Audio(length) }).ok();
                if manner.echo {
                    let write = RtpWrite::new(
                        packet.header.payload_type,
                        packet.seq_no,
                        packet.header.timestamp,
                        packet.timestamp,
                        packet.payload,
                    );
                    let write = write.marker(packet.header.marker).nackable(video);
                    api.stream_tx_by_mid(mid, None).unwrap().write_rtp(write);
                    rtc.handle_input(Input::Timeout(Instant::now())).map_err(|error| error.to_string())?;
                }
            }
            Output::Event(_) => {}
        }
    }
}

fn request_keyframe(rtc: &mut Rtc, video: Mid) {
    if let Some(stream) = rtc.direct_api().stream_rx_by_mid(video, None) {
        stream.request_keyframe(KeyframeRequestKind::Pli);
    }
}

/// The description with one digit of its fingerprint changed, as somebody on the way would who put in a certificate of theirs.
pub(crate) fn tampered(sdp: &str) -> String {
    let start = sdp.find("a=fingerprint:sha-256 ").unwrap() + "a=fingerprint:sha-256 ".len();
    let mut bytes = sdp.as_bytes().to_vec();
    bytes[start] = if bytes[start] == b'0' { b'1' } else { b'0' };
    // Every m-line may carry its own copy.
    let (old, new) = (&sdp[start..start + 95], String::from_utf8(bytes[start..start + 95].to_vec()).unwrap());
    sdp.replace(old, &new)
}
