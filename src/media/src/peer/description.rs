//! Session descriptions (SDP): what we offer, and what we let in.
//!
//! We always offer. One audio stream (Opus) and one video stream, each in both directions and under one stream id so that the
//! browser keeps lips and voice together. H.264 constrained baseline comes first: every browser decodes it, it costs the booth
//! least. VP8 is the fallback.

use std::time::{Duration, Instant};

use str0m::bwe::Bitrate;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, MediaTime, Mid, Pt};
use str0m::rtp::{Extension, ExtensionValues};
use str0m::{Candidate, Rtc, RtcError};

/// Longest answer that is read, in bytes. Chromium's answers are about 4 kB.
const MOST_ANSWER_BYTES: usize = 64 * 1024;

/// Longest candidate line that is read, in bytes.
const MOST_CANDIDATE_BYTES: usize = 512;

/// RFC 6184, constrained baseline, level 3.1: 1280x720 at 30 frames/s.
const H264_PROFILE_LEVEL: u32 = 0x42_e0_1f;
const H264_PAYLOAD_TYPE: u8 = 108;
const H264_RTX_PAYLOAD_TYPE: u8 = 109;

/// Where the bandwidth estimate starts: an office network carries this, and the estimate corrects it within a second or two.
/// Keyframes are sent at this rate at first, so it decides how soon the first picture is there.
pub(super) const FIRST_ESTIMATE_BPS: u64 = 6_000_000;

/// A number of ours for a header extension; the library's own end at 13.
pub(super) const PLAYOUT_DELAY_ID: u8 = 5;

/// The longest wait where pictures may wait for each other; what browsers take without being told.
const LONGEST_WAIT: MediaTime = MediaTime::from_millis(10_000);

/// How often the library tells what the browser reports. Chromium does once a second.
const STATS_INTERVAL: Duration = Duration::from_millis(500);

/// What each packet of pictures says of their showing (`http://www.webrtc.org/experiments/rtp-hdrext/playout-delay`): `at_once`, or
/// when the browser thinks best.
pub(super) fn shown(at_once: bool) -> ExtensionValues {
    let most = if at_once { MediaTime::ZERO } else { LONGEST_WAIT };
    ExtensionValues { play_delay_min: Some(MediaTime::ZERO), play_delay_max: Some(most), ..ExtensionValues::default() }
}

/// The codec of a video stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum VideoCodec {
    H264,
    Vp8,
}

/// The streams of our offer.
pub(crate) struct Streams {
    pub audio: Mid,
    pub video: Mid,
}

/// What the answer settled for our own sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Negotiated {
    pub audio: Option<Pt>,
    pub video: Option<(Pt, VideoCodec)>,
}

/// A connection with our codecs, before any description.
pub(crate) fn new_rtc(now: Instant) -> Rtc {
    let mut config = Rtc::builder()
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_opus(true, false)
        .set_extension(PLAYOUT_DELAY_ID, Extension::PlayoutDelay)
        .set_stats_interval(Some(STATS_INTERVAL))
        .enable_bwe(Some(Bitrate::bps(FIRST_ESTIMATE_BPS)));
    config.codec_config().add_h264(
        H264_PAYLOAD_TYPE.into(),
        Some(H264_RTX_PAYLOAD_TYPE.into()),
        true,
        H264_PROFILE_LEVEL,
    );
    config.enable_vp8(true).build(now)
}

/// Makes the offer. `None` cannot happen with two streams, but is the library's way to say that there is nothing to offer.
pub(crate) fn offer(rtc: &mut Rtc) -> Option<(String, SdpPendingOffer, Streams)> {
    let mut change = rtc.sdp_api();
    let mut add = |kind, track: &str| {
        change.add_media(kind, Direction::SendRecv, Some("booth".to_owned()), Some(track.to_owned()), None)
    };
    let streams = Streams { audio: add(MediaKind::Audio, "voice"), video: add(MediaKind::Video, "picture") };
    let (offer, pending) = change.apply()?;
    Some((offer.to_sdp_string(), pending, streams))
}

/// Takes the officer's answer.
///
/// # Errors
///
/// A sentence for the technician if it is too long, not SDP, without fingerprint, or does not fit the offer.
pub(crate) fn accept(
    rtc: &mut Rtc,
    pending: SdpPendingOffer,
    answer: &str,
    streams: &Streams,
) -> Result<Negotiated, String> {
    if answer.len() > MOST_ANSWER_BYTES {
        return Err(format!("the answer has {} bytes", answer.len()));
    }
    let answer = SdpAnswer::from_sdp_string(&without_hidden_candidates(answer)).map_err(|error| error.to_string())?;
    rtc.sdp_api().accept_answer(pending, answer).map_err(|error: RtcError| error.to_string())?;
    Ok(Negotiated {
        audio: first_codec(rtc, streams.audio, |codec| (codec == Codec::Opus).then_some(())).map(|(pt, ())| pt),
        video: first_codec(rtc, streams.video, video_codec),
    })
}

/// The codec of a payload type. `None` if it is no video codec of ours.
pub(crate) fn codec_of(rtc: &Rtc, payload_type: Pt) -> Option<VideoCodec> {
    let params = rtc.codec_config().params();
    params.iter().find(|params| params.pt() == payload_type).and_then(|params| video_codec(params.spec().codec))
}

/// Reads a candidate that came after the answer. `None` if it is to be passed over: too long, not a candidate, or hidden behind
/// a multicast name, which browsers do towards pages without camera permission; the path is then found from its packets.
pub(crate) fn candidate(line: &str) -> Option<Candidate> {
    let line = line.trim().trim_start_matches("a=");
    if line.len() > MOST_CANDIDATE_BYTES || is_hidden(line) {
        return None;
    }
    Candidate::from_sdp_string(line).ok()
}

/// The first payload type, in the answer's order, whose codec `of_ours` recognises.
fn first_codec<C>(rtc: &Rtc, mid: Mid, of_ours: impl Fn(Codec) -> Option<C>) -> Option<(Pt, C)> {
    let known = rtc.codec_config().params();
    rtc.media(mid)?.remote_pts().iter().find_map(|&pt| {
        let codec = known.iter().find(|params| params.pt() == pt)?.spec().codec;
        of_ours(codec).map(|ours| (pt, ours))
    })
}

fn video_codec(codec: Codec) -> Option<VideoCodec> {
    if codec == Codec::H264 {
        Some(VideoCodec::H264)
    } else if codec == Codec::Vp8 {
        Some(VideoCodec::Vp8)
    } else {
        None
    }
}

fn without_hidden_candidates(sdp: &str) -> String {
    let kept = sdp.lines().filter(|line| !(line.starts_with("a=candidate:") && is_hidden(line)));
    kept.flat_map(|line| [line, "\r\n"]).collect()
}

/// Whether the candidate's address is a multicast DNS name.
fn is_hidden(candidate: &str) -> bool {
    candidate.split_ascii_whitespace().nth(4).is_some_and(|address| address.ends_with(".local"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_from_outside_are_filtered() {
        let long = format!("candidate:1 1 udp 1 192.0.2.1 9 typ host {}", "x".repeat(600));
        let cases = [
            ("candidate:1 1 udp 2113929471 192.0.2.1 10100 typ host", true),
            ("a=candidate:1 1 udp 2113929471 192.0.2.1 10100 typ host", true),
            ("candidate:1 1 udp 2113937151 2f8e0a1c-0000-4000-8000-000000000000.local 5000 typ host", false),
            ("candidate:1 1 udp", false),
            ("", false),
            (&long, false),
        ];
        for (line, expect) in cases {
            assert_eq!(candidate(line).is_some(), expect, "{line}");
        }
    }

    #[test]
    fn the_offer_names_both_streams_and_h264_first() {
        let mut rtc = new_rtc(Instant::now());
        let (sdp, _, _) = offer(&mut rtc).unwrap();
        assert!(sdp.contains("a=fingerprint:sha-256 "), "{sdp}");
        let video = sdp.lines().find(|line| line.starts_with("m=video")).unwrap();
        assert!(video.starts_with("m=video 9 UDP/TLS/RTP/SAVPF 108 "), "{video}");
        assert!(
            sdp.contains("profile-level-id=42e01f") && sdp.contains("VP8/90000") && sdp.contains("opus/48000/2"),
            "{sdp}"
        );
        assert_eq!(sdp.matches("a=sendrecv").count(), 2);
        assert_eq!(sdp.matches("a=msid:booth ").count(), 2, "one stream id for both");
    }

    #[test]
    fn answers_from_outside_are_refused_with_words() {
        let huge = "v=0\r\n".repeat(20_000);
        for answer in ["", "hello", "v=0\r\n", &huge, "\u{0}\u{ffff}"] {
            let mut rtc = new_rtc(Instant::now());
            let (_, pending, streams) = offer(&mut rtc).unwrap();
            assert!(accept(&mut rtc, pending, answer, &streams).is_err(), "{:.20}", answer);
        }
    }
}
