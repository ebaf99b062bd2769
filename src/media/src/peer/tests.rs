//! Our connection against a second one over loopback, without any pipeline.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test waits for one event among many")]

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::answerer::{Answerer, Manner, Seen, tampered};
use super::*;

struct Booth {
    peer: Peer,
    events: Receiver<PeerEvent>,
    offer: String,
}

fn booth() -> Booth {
    let (report, events) = channel();
    let loopback = ["127.0.0.1".parse().unwrap()];
    let peer = Peer::start(CallId(1), &loopback, Arc::default(), move |event| drop(report.send(event))).unwrap();
    let PeerEvent::Offer(offer) = events.recv_timeout(Duration::from_secs(10)).unwrap() else { panic!("no offer") };
    Booth { peer, events, offer }
}

impl Booth {
    /// Waits for the first event that `wanted` turns into something; fails after ten seconds.
    fn wait<T>(&self, what: &str, mut wanted: impl FnMut(PeerEvent) -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    if let Some(found) = wanted(event) {
                        return found;
                    }
                }
                Err(error) => panic!("waited for {what}: {error}"),
            }
        }
    }

    fn send(&self, stream: Stream, sequence: u16, payload: &[u8]) {
        let packet = OutgoingPacket {
            run: 1,
            sequence,
            timestamp: u32::from(sequence) * 3000,
            marker: true,
            captured: Instant::now(),
            payload: payload.into(),
        };
        self.peer.sender().send(stream, vec![packet]);
    }
}

fn live(event: PeerEvent) -> Option<()> {
    matches!(event, PeerEvent::Live).then_some(())
}

fn ended(event: PeerEvent) -> Option<EndReason> {
    match event {
        PeerEvent::Ended(reason) => Some(reason),
        _ => None,
    }
}

#[test]
fn packets_pass_in_both_directions() {
    let booth = booth();
    let officer = Answerer::start(&booth.offer, Manner { echo: true, no_h264: false });
    booth.peer.answer(officer.answer.clone());
    let codec = booth.wait("codec", |event| match event {
        PeerEvent::Negotiated(codec) => Some(codec),
        _ => None,
    });
    assert_eq!(codec, Some(VideoCodec::H264));
    booth.wait("live", live);
    officer.wait("connected", |seen| *seen == Seen::Connected);

    booth.send(Stream::Video, 7, &[0x65; 40]);
    officer.wait("video", |seen| *seen == Seen::Video(40));
    let (mut coded, mut echoed) = (None, None);
    booth.wait("the picture back", |event| {
        match event {
            PeerEvent::OfficerCodec(codec) => coded = Some(codec),
            PeerEvent::Packet(Stream::Video, packet) => echoed = Some(packet),
            _ => {}
        }
        echoed.is_some().then_some(())
    });
    let echoed = echoed.unwrap();
    assert_eq!(coded, Some(VideoCodec::H264));
    assert_eq!(
        (echoed.sequence, echoed.timestamp, echoed.marker, &*echoed.payload),
        (7, 21_000, true, &[0x65; 40][..])
    );

    booth.send(Stream::Audio, 1, &[0x78; 20]);
    booth.wait("the voice back", |event| {
        matches!(event, PeerEvent::Packet(Stream::Audio, packet) if packet.payload.len() == 20).then_some(())
    });

    booth.peer.sender().request_keyframe();
    officer.wait("our keyframe request", |seen| *seen == Seen::KeyframeRequest);
    officer.request_keyframe();
    booth.wait("keyframe request", |event| matches!(event, PeerEvent::KeyframeWanted).then_some(()));
}

#[test]
fn pictures_may_wait_for_each_other_once_they_come_unevenly() {
    let booth = booth();
    let officer = Answerer::start(&booth.offer, Manner::default());
    booth.peer.answer(officer.answer.clone());
    booth.wait("live", live);
    booth.send(Stream::Video, 1, &[1; 10]);
    officer.wait("a picture that is shown at once", |seen| *seen == Seen::MayWait(Duration::ZERO));
    // A thirtieth of a second lies between two pictures by their times, and hardly any between their packets.
    let mut sequence = 1_u16;
    officer.wait("a picture that may wait", |seen| {
        if matches!(seen, Seen::Video(_)) {
            sequence = sequence.wrapping_add(1);
            booth.send(Stream::Video, sequence, &[1; 10]);
        }
        matches!(seen, Seen::MayWait(most) if !most.is_zero())
    });
}

#[test]
fn without_h264_the_answer_settles_on_vp8() {
    let booth = booth();
    let officer = Answerer::start(&booth.offer, Manner { echo: false, no_h264: true });
    booth.peer.answer(officer.answer.clone());
    let codec = booth.wait("codec", |event| match event {
        PeerEvent::Negotiated(codec) => Some(codec),
        _ => None,
    });
    assert_eq!(codec, Some(VideoCodec::Vp8));
}

#[test]
fn a_certificate_that_does_not_match_the_answer_ends_the_call() {
    let booth = booth();
    let officer = Answerer::start(&booth.offer, Manner { echo: true, no_h264: false });
    booth.peer.answer(tampered(&officer.answer));
    let mut passed = 0;
    let reason = booth.wait("refusal", |event| {
        passed += usize::from(matches!(event, PeerEvent::Live | PeerEvent::Packet(..)));
        // Whatever is sent meanwhile must not leave.
        booth.send(Stream::Video, 1, &[1; 10]);
        ended(event)
    });
    assert_eq!(passed, 0, "the booth took the wrong peer for live");
    assert!(matches!(reason, EndReason::Failed(_)), "{reason:?}");
    let leaked = officer.collect(Duration::from_millis(300));
    assert!(!leaked.iter().any(|seen| matches!(seen, Seen::Video(_) | Seen::Audio(_))), "{leaked:?}");
}

#[test]
fn an_offer_that_was_tampered_with_is_refused_by_the_far_end() {
    let booth = booth();
    let officer = Answerer::start(&tampered(&booth.offer), Manner { echo: true, no_h264: false });
    booth.peer.answer(officer.answer.clone());
    let mut connected = false;
    officer.wait("refusal", |seen| {
        connected |= *seen == Seen::Connected;
        matches!(seen, Seen::Closed(_))
    });
    assert!(!connected);
}

#[test]
fn a_useless_answer_ends_the_call_with_words() {
    for answer in ["", "not a description", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"] {
        let booth = booth();
        booth.peer.answer(answer.to_owned());
        let reason = booth.wait("end", ended);
        assert!(matches!(reason, EndReason::BadAnswer(_)), "{answer:?}: {reason:?}");
    }
}

#[test]
fn either_side_may_close() {
    let first = booth();
    let officer = Answerer::start(&first.offer, Manner::default());
    first.peer.answer(officer.answer.clone());
    first.wait("live", live);
    drop(first.peer);
    assert_eq!(first.events.try_iter().find_map(ended), Some(EndReason::Local));
    officer.wait("farewell", |seen| matches!(seen, Seen::Closed(_)));
}

#[test]
fn a_cut_path_is_noticed_and_comes_back() {
    let booth = booth();
    let officer = Answerer::start(&booth.offer, Manner { echo: true, no_h264: false });
    booth.peer.answer(officer.answer.clone());
    booth.wait("live", live);
    booth.send(Stream::Video, 1, &[1; 10]);
    booth.wait("echo", |event| matches!(event, PeerEvent::Packet(..)).then_some(()));
    let cut = Instant::now();
    officer.cut(true);
    // Into the void.
    (2..20).for_each(|sequence| booth.send(Stream::Video, sequence, &[1; 20]));
    booth.wait("interruption", |event| matches!(event, PeerEvent::Interrupted).then_some(()));
    assert!(cut.elapsed() < Duration::from_secs(4), "noticed after {:?}", cut.elapsed());
    officer.cut(false);
    let mut keyframe_wanted = false;
    booth.wait("live again", |event| {
        keyframe_wanted |= matches!(event, PeerEvent::KeyframeWanted);
        live(event)
    });
    assert!(!keyframe_wanted, "asked for before the path is known to work");
    booth.wait("keyframe request", |event| matches!(event, PeerEvent::KeyframeWanted).then_some(()));
    // The far end asks for what it missed, and gets on with what is new.
    booth.send(Stream::Video, 20, &[1; 30]);
    officer.wait("a new picture", |seen| *seen == Seen::Video(30));
    let late = officer.collect(Duration::from_millis(500));
    assert!(!late.contains(&Seen::Video(20)), "{late:?}");
}
