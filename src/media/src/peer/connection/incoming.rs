//! What comes from the officer's side: the library's events, packets, silence and its end.

use std::time::{Duration, Instant};

use str0m::bwe::{Bitrate, BweKind};
use str0m::media::KeyframeRequestKind;
use str0m::rtp::RtpPacket;
use str0m::stats::MediaEgressStats;
use str0m::{Event, IceConnectionState};
use tracing::debug;

use super::super::PeerEvent;
use super::super::description::{self, FIRST_ESTIMATE_BPS};
use super::super::packet::{IncomingPacket, Stream};
use super::Connection;
use crate::evenness::Report;
use crate::event::EndReason;
use crate::pacing::PathWatch;

/// Least time between two keyframe requests of ours.
const KEYFRAME_REQUEST_LEAST: Duration = Duration::from_millis(500);

/// Packets of pictures that are kept to be sent again, and for how long. Each that is asked for is sent: the library would by
/// itself stop when a seventh of all bytes are repeated, and it repeats packets also to learn what the path carries.
const RESENT_PACKETS: usize = 1024;
const RESENT_WITHIN: Duration = Duration::from_secs(3);

impl Connection<'_> {
    pub(super) fn request_keyframe(&mut self, now: Instant) {
        let too_soon = |last: Instant| now.saturating_duration_since(last) < KEYFRAME_REQUEST_LEAST;
        if self.keyframe_requested.is_some_and(too_soon) {
            return;
        }
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_rx_by_mid(self.streams.video, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
            self.keyframe_requested = Some(now);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's events are open-ended")]
    pub(super) fn event(&mut self, event: Event) -> Result<(), EndReason> {
        match event {
            Event::Connected => {
                let mut path = PathWatch::new(Instant::now());
                path.hold(self.held);
                self.path = Some(path);
                self.forget_sent();
                (self.events)(PeerEvent::Live);
                (self.events)(PeerEvent::KeyframeWanted);
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => return Err(EndReason::Lost),
            Event::KeyframeRequest(_) => (self.events)(PeerEvent::KeyframeWanted),
            // The browser sends again after an outage: it has lost pictures of ours too.
            Event::StreamPaused(change) if !change.paused => (self.events)(PeerEvent::KeyframeWanted),
            Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. } | BweKind::Remb { estimate, .. })
                if !self.held =>
            {
                self.carried = estimate.as_u64();
                (self.events)(PeerEvent::Estimate(self.carried));
            }
            Event::RtpPacket(packet) => self.deliver(packet),
            Event::MediaEgressStats(stats) if stats.mid == self.streams.video => self.reported(&stats),
            Event::Closed => return Err(EndReason::Remote),
            // The rest concerns data channels, statistics and frame mode.
            _ => {}
        }
        Ok(())
    }

    /// Passes on a packet of the officer. Its stream is told by its source: browsers may answer on other payload types.
    fn deliver(&mut self, packet: RtpPacket) {
        let Some(path) = &mut self.path else { return };
        path.media(packet.timestamp);
        let Some(mid) = self.rtc.direct_api().stream_rx(&packet.header.ssrc).map(|stream| stream.mid()) else { return };
        let stream = if mid == self.streams.video { Stream::Video } else { Stream::Audio };
        if stream == Stream::Video {
            let sent = self.negotiated.video.map(|(_, codec)| codec);
            let codec = description::codec_of(&self.rtc, packet.header.payload_type).or(sent);
            if codec != self.officer_codec
                && let Some(codec) = codec
            {
                self.officer_codec = Some(codec);
                (self.events)(PeerEvent::OfficerCodec(codec));
            }
        }
        self.counters.received(packet.payload.len());
        let incoming = IncomingPacket {
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
        };
        (self.events)(PeerEvent::Packet(stream, incoming));
    }

    /// Follows how evenly the browser gets our pictures.
    fn reported(&mut self, stats: &MediaEgressStats) {
        let Some(remote) = &stats.remote else { return };
        let jitter = Duration::from_millis(u64::from(remote.jitter) * 1000 / Stream::Video.clock_rate());
        let report = Report { jitter, loss: stats.loss.unwrap_or(0.0) };
        if let Some(at_once) = self.evenness.report(report, stats.timestamp) {
            debug!(at_once, ?jitter, loss = report.loss, "how pictures are to be shown");
        }
    }

    pub(super) fn watch_path(&mut self, now: Instant) {
        let Some(path) = &self.path else { return };
        let interrupted = path.interrupted(now);
        if interrupted != self.interrupted {
            self.interrupted = interrupted;
            if interrupted {
                (self.events)(PeerEvent::Interrupted);
            } else {
                // The browser asks for all that the outage took, and it would go out before the keyframe that makes it worthless.
                self.forget_sent();
                // The losses were the outage's, not the path's: it is taken for what a new call takes it, so that the keyframe
                // need not crawl.
                self.carried = self.carried.max(FIRST_ESTIMATE_BPS);
                self.rtc.bwe().reset(Bitrate::bps(if self.held { 0 } else { self.carried }));
                (self.events)(PeerEvent::Live);
                (self.events)(PeerEvent::KeyframeWanted);
            }
        }
    }

    /// No packet of before now is sent again.
    fn forget_sent(&mut self) {
        if let Some(pictures) = self.rtc.direct_api().stream_tx_by_mid(self.streams.video, None) {
            pictures.set_rtx_cache(RESENT_PACKETS, RESENT_WITHIN, None);
        }
    }
}
