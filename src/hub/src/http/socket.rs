//! What both kinds of WebSocket share: the pace of incoming frames, the pump between socket and office, the farewell.

use crate::metrics::{Counter, Metrics};
use crate::office::{CloseReason, Outbox, Outgoing};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use bilik_claim::wire::MAX_FRAME;
use std::time::{Duration, Instant};

/// The first frame has to come within this time.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// One frame has to be taken by the other end within this time.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the hub asks for a sign of life. Browsers and booths answer without any script or page having to run.
pub const PING: Duration = Duration::from_secs(2);
/// Without one for this long the other end is gone: whoever waits for it has waited for as long already.
const SILENCE: Duration = Duration::from_secs(6);
/// Bytes that may wait in the socket's own buffer.
const MAX_WRITE_BUFFER: usize = 1 << 20;

/// Frames a second in the long run: a session under a fast typist makes about ten.
const FRAMES_PER_SECOND: f64 = 50.0;
/// Frames at once: connecting, a booth sends its state and the candidates of a call.
const BURST: f64 = 200.0;
/// Frames above that before the connection is cut off.
const PATIENCE: u32 = 100;

/// Frames of one connection that were no messages; the last one ends it.
pub const MAX_MALFORMED: u32 = 10;

/// A token bucket: pure, time is an argument.
pub struct Pace {
    tokens: f64,
    last: Instant,
    refused: u32,
}

/// What [`Pace`] says of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Fine,
    /// Too many at the moment: refuse this one.
    Over,
    /// It does not stop: cut off.
    Flood,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { tokens: BURST, last: now, refused: 0 }
    }

    pub fn admit(&mut self, now: Instant) -> Admission {
        let earned = now.saturating_duration_since(self.last).as_secs_f64() * FRAMES_PER_SECOND;
        (self.tokens, self.last) = ((self.tokens + earned).min(BURST), now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Admission::Fine;
        }
        self.refused += 1;
        if self.refused > PATIENCE { Admission::Flood } else { Admission::Over }
    }
}

/// What to do after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Continue,
    Close(CloseReason),
}

/// The other half of a connection: what frames mean.
pub trait Frames {
    /// One text frame.
    async fn frame(&mut self, text: &str) -> Next;
    /// A frame came too fast and is refused.
    async fn too_fast(&mut self);
    /// Asked with each ping: whether the connection may stay.
    fn may_stay(&self) -> bool;
}

/// Bounds before the first byte is read.
pub fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.max_message_size(MAX_FRAME).max_frame_size(MAX_FRAME).max_write_buffer_size(MAX_WRITE_BUFFER)
}

/// The first text frame, if it comes in time.
pub async fn first_frame(socket: &mut WebSocket) -> Option<String> {
    let wait = async {
        loop {
            match socket.recv().await? {
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Binary(_) | Message::Close(_)) | Err(_) => return None,
            }
        }
    };
    tokio::time::timeout(HELLO_TIMEOUT, wait).await.ok().flatten()
}

/// Carries frames in and out until one side ends it. Returns when the other end was last heard.
pub async fn pump(mut socket: WebSocket, mut outbox: Outbox, frames: &mut impl Frames, metrics: &Metrics) -> Instant {
    let mut pace = Pace::new(Instant::now());
    let mut ping = tokio::time::interval(PING);
    let mut heard = Instant::now();
    let reason = loop {
        tokio::select! {
            // What came while this program did not run is heard before the other end's silence is judged.
            biased;
            outgoing = outbox.recv() => match outgoing {
                Some(Outgoing::Frame(text)) => {
                    if !send(&mut socket, Message::Text(text.into())).await {
                        return heard;
                    }
                }
                Some(Outgoing::Close(reason)) => break reason,
                // The office has dropped the outbox: it was full.
                None => break CloseReason::TooSlow,
            },
            incoming = socket.recv() => {
                heard = Instant::now();
                match incoming {
                    Some(Ok(Message::Text(text))) => {
                        metrics.count(Counter::FramesIn);
                        match pace.admit(heard) {
                            Admission::Fine => match frames.frame(text.as_str()).await {
                                Next::Continue => {}
                                Next::Close(reason) => break reason,
                            },
                            Admission::Over => frames.too_fast().await,
                            Admission::Flood => break CloseReason::TooFast,
                        }
                    }
                    // The library answers pings; both are signs of life, but also work: they count.
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => match pace.admit(heard) {
                        Admission::Fine | Admission::Over => {}
                        Admission::Flood => break CloseReason::TooFast,
                    },
                    Some(Ok(Message::Binary(_))) => break CloseReason::Malformed,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return heard,
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() >= SILENCE {
                    break CloseReason::Silent;
                }
                if !frames.may_stay() {
                    break CloseReason::LoggedOut;
                }
                if !send(&mut socket, Message::Ping(Vec::new().into())).await {
                    return heard;
                }
            }
        }
    };
    match reason {
        CloseReason::TooFast | CloseReason::Malformed => metrics.count(Counter::CutOff),
        CloseReason::Protocol
        | CloseReason::TooSlow
        | CloseReason::Silent
        | CloseReason::Replaced
        | CloseReason::LoggedOut
        | CloseReason::Stopping => {}
    }
    // What the office said before it closed goes out first.
    while let Ok(Outgoing::Frame(text)) = outbox.try_recv() {
        if !send(&mut socket, Message::Text(text.into())).await {
            return heard;
        }
    }
    farewell(socket, reason).await;
    heard
}

/// Says why, then closes.
pub async fn farewell(mut socket: WebSocket, reason: CloseReason) {
    let frame = CloseFrame { code: reason.code(), reason: reason.text().into() };
    send(&mut socket, Message::Close(Some(frame))).await;
}

/// False if the other end is gone or does not read.
pub async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(tokio::time::timeout(SEND_TIMEOUT, socket.send(message)).await, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_allows_bursts_and_cuts_floods() {
        let start = Instant::now();
        let count = |pace: &mut Pace, frames: usize, at: f64, wanted: Admission| {
            let now = start + Duration::from_secs_f64(at);
            (0..frames).filter(|_| pace.admit(now) == wanted).count()
        };
        let mut pace = Pace::new(start);
        assert_eq!(count(&mut pace, 200, 0.0, Admission::Fine), 200);
        assert_eq!(count(&mut pace, 50, 0.0, Admission::Over), 50);
        assert_eq!(count(&mut pace, 50, 1.0, Admission::Fine), 50);
        assert_eq!(count(&mut pace, 50, 1.0, Admission::Over), 50);
        assert_eq!(count(&mut pace, 1, 1.0, Admission::Flood), 1);

        let mut steady = Pace::new(start);
        for frame in 0..3000 {
            assert_eq!(steady.admit(start + Duration::from_millis(frame * 20)), Admission::Fine);
        }
    }
}
