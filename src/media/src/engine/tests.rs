//! The whole engine on drawn pictures, against a far end on loopback that sends everything back.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test waits for one event among many")]

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::{Input, Part};
use crate::peer::answerer::{Answerer, Manner, Seen, tampered};
use crate::pipeline::BusNews;
use crate::scene::{MARK_COLOUR, strip};
use crate::{
    Availability, CallId, CallState, CameraSource, EndReason, Media, MediaConfig, MediaEvent, MicrophoneSource, Photo,
    PhotoCamera, PhotoError, TestScene, Tier, Verdict, VideoFrame,
};

/// Patience with a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(20);

const ECHO: Manner = Manner { echo: true, no_h264: false };

enum Heard {
    Event(MediaEvent),
    Officer,
    SelfView,
    Documents,
}

struct Booth {
    media: Media,
    heard: Receiver<Heard>,
}

fn test_config() -> MediaConfig {
    MediaConfig {
        camera: CameraSource::Test(TestScene::Usual),
        document_camera: CameraSource::Test(TestScene::Usual),
        microphone: MicrophoneSource::Test,
        ice_addresses: vec!["127.0.0.1".parse().unwrap()],
        label: "Bilik 3".to_owned(),
        ..MediaConfig::default()
    }
}

fn booth(config: MediaConfig) -> Booth {
    let (report, heard) = channel();
    let events = report.clone();
    let media = Media::start(config, move |event| drop(events.send(Heard::Event(event)))).unwrap();
    let frames = media.frames();
    let (officer, view) = (report.clone(), report.clone());
    frames.officer.on_frame(move || drop(officer.send(Heard::Officer)));
    frames.self_view.on_frame(move || drop(view.send(Heard::SelfView)));
    frames.documents.on_frame(move || drop(report.send(Heard::Documents)));
    Booth { media, heard }
}

impl Booth {
    fn wait<T>(&self, what: &str, mut wanted: impl FnMut(Heard) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(heard) => {
                    if let Some(found) = wanted(heard) {
                        return found;
                    }
                }
                Err(error) => panic!("waited for {what}: {error}"),
            }
        }
    }

    fn event<T>(&self, what: &str, mut wanted: impl FnMut(MediaEvent) -> Option<T>) -> T {
        self.wait(what, |heard| match heard {
            Heard::Event(event) => wanted(event),
            Heard::Officer | Heard::SelfView | Heard::Documents => None,
        })
    }

    fn offer(&self, call: CallId) -> String {
        self.media.start_call(call);
        self.event("offer", |event| match event {
            MediaEvent::Offer { call: of, sdp } if of == call => Some(sdp),
            _ => None,
        })
    }

    fn state(&self, call: CallId, state: &CallState) {
        self.event(&format!("{state:?}"), |event| {
            (event == MediaEvent::Call { call, state: state.clone() }).then_some(())
        });
    }

    /// Starts a call and waits until it is live.
    fn call(&self, call: CallId, manner: Manner) -> Answerer {
        let officer = Answerer::start(&self.offer(call), manner);
        self.media.accept_answer(call, &*officer.answer);
        self.state(call, &CallState::Live);
        officer
    }

    /// The next decoded picture of the far end that `wanted` accepts.
    fn officer_frame(&self, what: &str, wanted: impl Fn(&VideoFrame) -> bool) -> VideoFrame {
        let frames = self.media.frames();
        self.wait(what, |heard| match heard {
            Heard::Officer => frames.officer.take().filter(|frame| wanted(frame)),
            Heard::Event(_) | Heard::SelfView | Heard::Documents => None,
        })
    }

    fn photo(&self, request: u64, camera: PhotoCamera) -> Result<Photo, PhotoError> {
        self.media.take_photo(request, camera);
        self.event("photo", |event| match event {
            MediaEvent::Photo { request: of, result } if of == request => Some(result),
            _ => None,
        })
    }
}

fn pixel(frame: &VideoFrame, x: u32, y: u32) -> [u8; 3] {
    let at = ((y * frame.width + x) * 3) as usize;
    frame.rgb[at..at + 3].try_into().unwrap()
}

fn numbered(width: u32) -> impl Fn(&VideoFrame) -> bool {
    move |frame| frame.width == width && strip::read(frame).is_some()
}

#[test]
fn pictures_and_voice_travel_there_and_back_in_every_tier() {
    let booth = booth(test_config());
    booth.media.set_tier(Tier::Focus);
    let officer = booth.call(CallId(1), ECHO);
    booth.event("officer's video", |event| (event == MediaEvent::OfficerVideo(true)).then_some(()));

    let first = booth.officer_frame("a large picture", numbered(1280));
    assert_eq!(first.height, 720);
    let mark = pixel(&first, 1240, 80);
    assert!(mark.iter().zip(MARK_COLOUR).all(|(got, sent)| got.abs_diff(sent) < 24), "{mark:?} for {MARK_COLOUR:?}");
    let number = strip::read(&first).unwrap();
    booth.officer_frame("a later picture", |frame| strip::read(frame).is_some_and(|later| later > number));
    officer.wait("voice", |seen| matches!(seen, Seen::Audio(_)));

    booth.media.set_tier(Tier::Tile);
    let small = booth.officer_frame("a small picture", numbered(320));
    assert_eq!(small.height, 180);

    booth.media.set_tier(Tier::Hold);
    // The order and what was under way need a moment; after that nothing may come.
    officer.collect(Duration::from_millis(700));
    let before = officer.media_datagrams();
    let leaked = officer.collect(Duration::from_secs(2));
    assert!(!leaked.iter().any(|seen| matches!(seen, Seen::Video(_) | Seen::Audio(_))), "{leaked:?}");
    assert_eq!(officer.media_datagrams(), before, "padding is sent on hold");
    assert_eq!(booth.media.stats().video_bps, 0);

    booth.media.set_tier(Tier::Focus);
    booth.officer_frame("the large picture again", numbered(1280));

    booth.media.end_call(CallId(1));
    booth.state(CallId(1), &CallState::Ended(EndReason::Local));
    assert!(booth.media.frames().officer.take().is_none(), "the officer's last picture stays nowhere");
}

#[test]
fn the_voice_is_heard_only_in_focus_and_only_unmuted() {
    let booth = booth(test_config());
    booth.media.set_tier(Tier::Tile);
    let officer = booth.call(CallId(1), ECHO);
    let voices = |seen: Vec<Seen>| seen.iter().filter(|seen| matches!(seen, Seen::Audio(_))).count();
    assert_eq!(voices(officer.collect(Duration::from_millis(600))), 0, "the microphone is closed in a tile");

    booth.media.set_tier(Tier::Focus);
    officer.wait("voice", |seen| matches!(seen, Seen::Audio(_)));
    // One tick a second: the level must rise within two of them.
    let loudest = |time: Duration| {
        let end = Instant::now() + time;
        let mut loudest = f32::MIN;
        while Instant::now() < end {
            officer.collect(Duration::from_millis(50));
            loudest = loudest.max(booth.media.stats().audio_level_db);
        }
        loudest
    };
    let open = loudest(Duration::from_millis(2500));
    assert!(open > -60.0, "{open} dB with an open microphone");
    booth.media.set_muted(true);
    loudest(Duration::from_millis(600));
    let muted = loudest(Duration::from_millis(1500));
    assert!(muted < -90.0, "{muted} dB when muted");
}

#[test]
fn a_sound_check_hears_the_microphone_and_plays_a_tone_without_a_call() {
    let booth = booth(test_config());
    let level = |event| match event {
        MediaEvent::MicrophoneLevel(db) => Some(db),
        _ => None,
    };
    booth.media.check_sound(true);
    // The drawn microphone ticks once a second.
    booth.event("a tick of the microphone", |event| level(event).filter(|db| *db > -60.0));
    assert!(booth.media.stats().audio_level_db < -50.0, "nothing is played yet");
    booth.media.play_tone();
    booth.event("the tone", |event| level(event).filter(|_| booth.media.stats().audio_level_db > -20.0));
    assert_eq!(booth.media.stats().packets_sent, 0, "nothing leaves the booth");
    booth.media.check_sound(false);
    // What the loop did after that order is not told any more.
    booth.media.take_photo(7, PhotoCamera::Face);
    let mut after = false;
    booth.event("the photograph", |event| match event {
        MediaEvent::Photo { .. } => Some(()),
        MediaEvent::MicrophoneLevel(_) if after => panic!("the microphone is still open"),
        MediaEvent::Camera(_) => {
            after = true;
            None
        }
        _ => None,
    });
}

#[test]
fn the_wrong_certificate_sees_nothing_and_shows_nothing() {
    let booth = booth(test_config());
    booth.media.set_tier(Tier::Focus);
    let officer = Answerer::start(&booth.offer(CallId(1)), ECHO);
    booth.media.accept_answer(CallId(1), tampered(&officer.answer));
    let reason = booth.event("refusal", |event| match event {
        MediaEvent::Call { state: CallState::Ended(reason), .. } => Some(reason),
        MediaEvent::Call { state: CallState::Live, .. } | MediaEvent::OfficerVideo(true) => panic!("{event:?}"),
        _ => None,
    });
    assert!(matches!(reason, EndReason::Failed(_)), "{reason:?}");
    let seen = officer.collect(Duration::from_millis(500));
    assert!(!seen.iter().any(|seen| matches!(seen, Seen::Video(_) | Seen::Audio(_))), "{seen:?}");
    assert!(booth.media.frames().officer.take().is_none());
    assert_eq!((booth.media.stats().packets_sent, booth.media.stats().frames_decoded), (0, 0));
}

#[test]
fn a_browser_without_h264_gets_vp8() {
    let booth = booth(test_config());
    booth.media.set_tier(Tier::Focus);
    let _officer = booth.call(CallId(1), Manner { echo: true, no_h264: true });
    booth.officer_frame("a picture", numbered(1280));
}

#[test]
fn a_re_join_replaces_the_call_and_finds_the_camera_running() {
    let booth = booth(test_config());
    booth.media.set_tier(Tier::Focus);
    let _first = booth.call(CallId(1), ECHO);
    let before = strip::read(&booth.officer_frame("a picture", numbered(1280))).unwrap();
    booth.media.start_call(CallId(2));
    booth.state(CallId(1), &CallState::Ended(EndReason::Replaced));
    let offer = booth.event("offer", |event| match event {
        MediaEvent::Offer { call: CallId(2), sdp } => Some(sdp),
        _ => None,
    });
    let second = Answerer::start(&offer, ECHO);
    // Late orders for the old call change nothing.
    booth.media.accept_answer(CallId(1), "late");
    booth.media.end_call(CallId(1));
    booth.media.accept_answer(CallId(2), &*second.answer);
    booth.state(CallId(2), &CallState::Live);
    let after = strip::read(&booth.officer_frame("a picture again", numbered(1280))).unwrap();
    assert!(after > before, "the camera was not started anew: {before} then {after}");
}

#[test]
fn a_suspended_call_sends_nothing_and_leaves_the_camera_running() {
    let booth = booth(test_config());
    booth.media.set_tier(Tier::Focus);
    let first = booth.call(CallId(1), ECHO);
    let before = strip::read(&booth.officer_frame("a picture", numbered(1280))).unwrap();
    // Another call's id changes nothing.
    booth.media.suspend_call(CallId(7));
    booth.media.suspend_call(CallId(1));
    booth.state(CallId(1), &CallState::Ended(EndReason::Local));
    first.wait("the farewell", |seen| matches!(seen, Seen::Closed(_)));
    let sent = booth.media.stats().packets_sent;
    // Pictures for the participant go on.
    booth.wait("the self view", |heard| matches!(heard, Heard::SelfView).then_some(()));
    assert_eq!(booth.media.stats().packets_sent, sent);
    let _second = booth.call(CallId(2), ECHO);
    let after = strip::read(&booth.officer_frame("a picture again", numbered(1280))).unwrap();
    assert!(after > before, "the camera was not started anew: {before} then {after}");
    // The next person finds it closed.
    booth.media.suspend_call(CallId(2));
    booth.media.wipe();
    booth.photo(1, PhotoCamera::Documents).unwrap();
    assert!(booth.media.frames().self_view.take().is_none());
}

#[test]
fn the_self_view_is_mirrored_and_closed_with_the_call() {
    let booth = booth(test_config());
    booth.media.preview_face(true);
    let frames = booth.media.frames();
    let view = booth.wait("self view", |heard| match heard {
        Heard::SelfView => frames.self_view.take(),
        Heard::Event(_) | Heard::Officer | Heard::Documents => None,
    });
    assert_eq!((view.width, view.height), (480, 270));
    let mark = pixel(&view, 15, 30);
    assert!(mark.iter().zip(MARK_COLOUR).all(|(got, sent)| got.abs_diff(sent) < 24), "{mark:?} on the left");
    booth.media.preview_face(false);
    booth.media.wipe();
    // A photograph's answer comes after both were carried out.
    booth.photo(1, PhotoCamera::Documents).unwrap();
    assert!(frames.self_view.take().is_none());
}

#[test]
fn photographs_are_taken_judged_and_wiped() {
    let cases = [
        (TestScene::Usual, Verdict::Sharp),
        (TestScene::Blurred, Verdict::Blurred),
        (TestScene::Glare, Verdict::Glare),
        (TestScene::Dark, Verdict::Dark),
    ];
    for (scene, verdict) in cases {
        let booth = booth(MediaConfig { document_camera: CameraSource::Test(scene), ..test_config() });
        let photo = booth.photo(7, PhotoCamera::Documents).unwrap();
        assert_eq!((photo.width, photo.height, photo.quality.verdict), (1920, 1080, verdict), "{scene:?}: {photo:?}");
        assert_eq!(&photo.jpeg[..3], &[0xff, 0xd8, 0xff]);
    }

    let booth = booth(test_config());
    let face = booth.photo(8, PhotoCamera::Face).unwrap();
    assert_eq!((face.width, face.height), (1280, 720));
    booth.media.preview_documents(true);
    let frames = booth.media.frames();
    let preview = booth.wait("preview", |heard| match heard {
        Heard::Documents => frames.documents.take(),
        Heard::Event(_) | Heard::Officer | Heard::SelfView => None,
    });
    assert_eq!((preview.width, preview.height), (960, 540));
    booth.media.take_photo(9, PhotoCamera::Documents);
    booth.media.wipe();
    let result = booth.event("photo", |event| match event {
        MediaEvent::Photo { request: 9, result } => Some(result),
        _ => None,
    });
    assert_eq!(result, Err(PhotoError::Wiped));
}

#[test]
fn missing_devices_are_reported_and_the_rest_goes_on() {
    let config = MediaConfig {
        camera: CameraSource::V4l2("/dev/no-such-camera".into()),
        document_camera: CameraSource::None,
        microphone: MicrophoneSource::Alsa("no-such-card".to_owned()),
        ..test_config()
    };
    let booth = booth(config);
    let (mut camera, mut documents, mut microphone) = (None, None, None);
    booth.event("all devices", |event| {
        match event {
            MediaEvent::Camera(state) => camera = Some(state),
            MediaEvent::DocumentCamera(state) => documents = Some(state),
            MediaEvent::Microphone(state) => microphone = Some(state),
            _ => {}
        }
        (camera.is_some() && documents.is_some() && microphone.is_some()).then_some(())
    });
    assert!(matches!(camera, Some(Availability::Missing { .. })), "{camera:?}");
    assert_eq!(documents, Some(Availability::NotConfigured));
    assert!(matches!(microphone, Some(Availability::Missing { .. })), "{microphone:?}");
    for (request, device) in [(1, PhotoCamera::Documents), (2, PhotoCamera::Face)] {
        assert!(matches!(booth.photo(request, device), Err(PhotoError::Unavailable(_))));
    }
    booth.media.set_tier(Tier::Focus);
    let _officer = booth.call(CallId(1), ECHO);
}

#[test]
fn a_camera_that_is_unplugged_comes_back_into_the_running_call() {
    let booth = booth(test_config());
    booth.media.set_tier(Tier::Focus);
    let _officer = booth.call(CallId(1), ECHO);
    booth.officer_frame("a picture", numbered(1280));
    // What the bus says when a device is pulled out. Only the camera's present run listens.
    for run in 0..9 {
        let news = BusNews::Failed { part: "source".to_owned(), reason: "no such device".to_owned() };
        assert!(booth.media.inputs.send(Input::Bus { part: Part::Camera, run, news }).is_ok());
    }
    let camera = |event| match event {
        MediaEvent::Camera(state) => Some(state),
        _ => None,
    };
    assert_eq!(booth.event("loss", camera), Availability::Missing { reason: "no such device".to_owned() });
    assert_eq!(booth.event("return", camera), Availability::Present);
    let frame =
        booth.officer_frame("a picture of the new run", |frame| strip::read(frame).is_some_and(|count| count < 60));
    assert_eq!(frame.width, 1280);
}
