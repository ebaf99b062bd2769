//! The engine's loop: one thread that owns the devices, the pipelines and the call, and decides what runs.
//!
//! Everything arrives as an [`Input`] on one channel: orders of the owner, news of the buses, events of the call. An input changes
//! what is *wanted*; [`Engine::reconcile`] then compares that with what *runs* and starts or stops the difference. So there is
//! one place that opens devices, and a device that comes back finds its place by itself.
//!
//! ```text
//!   a call, a preview or a photo ─► wanted ─┐
//!   retry time of a missing device ─────────┼─► reconcile ─► open, close, gates, size ─► events
//!   tier, mute, live ───────────────────────┘
//! ```
//!
//! Between claims nothing is wanted, so cameras and microphone are closed and their lamps are dark.

mod call;
mod device;
mod loss;
mod photos;
mod reconcile;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use gstreamer as gst;
use tracing::{debug, warn};

use crate::config::MediaConfig;
use crate::error::PhotoError;
use crate::event::{CallId, MediaEvent, Photo, PhotoCamera, Tier};
use crate::frame::FrameSlots;
use crate::pacing::KeyframeGate;
use crate::peer::{PeerEvent, VideoCodec};
use crate::photo;
use crate::pipeline::camera::Camera;
use crate::pipeline::documents::Documents;
use crate::pipeline::officer::Officer;
use crate::pipeline::sound::Sound;
use crate::pipeline::tone::Tone;
use crate::pipeline::{BusNews, Inlet, Uplink};
use crate::rate::RateControl;
use crate::stats::Counters;

use call::ActiveCall;
use device::Watch;
use photos::Photos;

/// How often a running call is looked at.
const TICK: Duration = Duration::from_millis(500);

/// No decoded picture for this long, and the officer's video counts as stopped.
const OFFICER_STALLED: Duration = Duration::from_secs(2);

/// An order of the owner.
#[derive(Debug)]
pub(crate) enum Command {
    StartCall(CallId),
    AcceptAnswer(CallId, String),
    AddCandidate(CallId, String),
    EndCall(CallId),
    SuspendCall(CallId),
    SetTier(Tier),
    SetMuted(bool),
    PreviewDocuments(bool),
    PreviewFace(bool),
    CheckSound(bool),
    PlayTone,
    TakePhoto(u64, PhotoCamera),
    Wipe,
    Stop,
}

/// Which pipeline something concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Camera,
    Documents,
    Sound,
    Officer,
}

/// Everything that the loop hears.
pub(crate) enum Input {
    Command(Command),
    /// `run` numbers the builds of pipelines, so that the last words of one that was replaced are not taken for the new one's.
    Bus {
        part: Part,
        run: u32,
        news: BusNews,
    },
    Peer(CallId, PeerEvent),
    Still(PhotoCamera, gst::Sample),
    Developed {
        request: u64,
        wiped: u32,
        result: Result<Photo, PhotoError>,
    },
    OfficerFrame,
}

/// A pipeline and the number of its build.
struct Built<P> {
    pipeline: P,
    run: u32,
}

pub(crate) struct Engine {
    config: MediaConfig,
    events: Arc<dyn Fn(MediaEvent) + Send + Sync>,
    inputs: Sender<Input>,
    slots: FrameSlots,
    counters: Arc<Counters>,
    uplink: Uplink,
    officer_inlet: Inlet,
    voice_inlet: Inlet,

    camera: Option<Built<Camera>>,
    camera_watch: Watch,
    documents: Option<Built<Documents>>,
    documents_watch: Watch,
    sound: Option<Built<Sound>>,
    microphone_watch: Watch,
    speaker_watch: Watch,
    officer: Option<Built<Officer>>,
    officer_watch: Watch,
    runs: u32,

    call: Option<ActiveCall>,
    tier: Tier,
    muted: bool,
    preview_documents: bool,
    preview_face: bool,
    sound_check: bool,
    tone: Option<Tone>,
    codec: VideoCodec,
    rate: RateControl,
    keyframes: KeyframeGate,
    photos: Photos,
    /// Raised by each wipe; what was begun before is not delivered after.
    wipes: u32,
    officer_frames: u64,
    officer_frame_at: Option<Instant>,
    /// Lowered to hear of the next decoded picture.
    officer_seen: Arc<AtomicBool>,
}

impl Engine {
    pub fn new(
        config: MediaConfig,
        events: Arc<dyn Fn(MediaEvent) + Send + Sync>,
        inputs: Sender<Input>,
        slots: FrameSlots,
        counters: Arc<Counters>,
    ) -> Self {
        let uplink = Uplink::new(Arc::clone(&counters));
        for slot in [&slots.self_view, &slots.officer, &slots.documents] {
            slot.close();
        }
        Self {
            config,
            events,
            inputs,
            slots,
            counters,
            uplink,
            officer_inlet: Inlet::default(),
            voice_inlet: Inlet::default(),
            camera: None,
            camera_watch: Watch::default(),
            documents: None,
            documents_watch: Watch::default(),
            sound: None,
            microphone_watch: Watch::default(),
            speaker_watch: Watch::default(),
            officer: None,
            officer_watch: Watch::default(),
            runs: 0,
            call: None,
            tier: Tier::Hold,
            muted: false,
            preview_documents: false,
            preview_face: false,
            sound_check: false,
            tone: None,
            codec: VideoCodec::H264,
            rate: RateControl::new(),
            keyframes: KeyframeGate::default(),
            photos: Photos::default(),
            wipes: 0,
            officer_frames: 0,
            officer_frame_at: None,
            officer_seen: Arc::new(AtomicBool::new(false)),
        }
    }

    /// The loop. Ends with [`Command::Stop`].
    pub fn run(mut self, inputs: &Receiver<Input>) {
        self.look_at_all_devices(Instant::now());
        loop {
            let now = Instant::now();
            self.tick(now);
            self.reconcile(now);
            let wait = self.deadline(now).saturating_duration_since(Instant::now());
            let input = match inputs.recv_timeout(wait) {
                Ok(Input::Command(Command::Stop)) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(input) => input,
                Err(RecvTimeoutError::Timeout) => continue,
            };
            self.handle(input, Instant::now());
        }
        self.stop();
    }

    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Command(command) => self.obey(command, now),
            Input::Bus { part, run, news } => self.bus(part, run, news, now),
            Input::Peer(call, event) => self.peer(call, event, now),
            Input::Still(camera, sample) => self.develop(camera, sample),
            Input::Developed { request, wiped, result } => {
                let result = if wiped == self.wipes { result } else { Err(PhotoError::Wiped) };
                self.tell(MediaEvent::Photo { request, result });
            }
            Input::OfficerFrame => {
                if self.call.is_some() && self.officer_frame_at.is_none() {
                    self.officer_frame_at = Some(now);
                    self.tell(MediaEvent::OfficerVideo(true));
                }
            }
        }
    }

    fn obey(&mut self, command: Command, now: Instant) {
        match command {
            Command::StartCall(call) => self.start_call(call, now),
            Command::AcceptAnswer(call, sdp) => self.with_call(call, |active| active.answer(sdp)),
            Command::AddCandidate(call, candidate) => self.with_call(call, |active| active.candidate(candidate)),
            Command::EndCall(call) => self.end_call(call),
            Command::SuspendCall(call) => self.suspend_call(call, now),
            Command::SetTier(tier) => self.set_tier(tier, now),
            Command::SetMuted(muted) => {
                self.muted = muted;
                if let Some(sound) = &self.sound {
                    sound.pipeline.mute(muted);
                }
            }
            Command::PreviewDocuments(shown) => self.preview_documents = shown,
            Command::PreviewFace(shown) => self.preview_face = shown,
            Command::CheckSound(checks) => self.sound_check = checks,
            Command::PlayTone => self.play_tone(),
            Command::TakePhoto(request, camera) => self.take_photo(request, camera, now),
            Command::Wipe => self.wipe(),
            Command::Stop => {}
        }
    }

    fn set_tier(&mut self, tier: Tier, now: Instant) {
        if tier == self.tier {
            return;
        }
        debug!(?tier, "tier");
        self.tier = tier;
        self.rate.set_tier(tier);
        self.apply_rate();
        if let Some(call) = &self.call {
            call.want_bitrate(self.rate.wanted_bps());
        }
        if tier != Tier::Hold && self.keyframes.request(now) {
            self.force_keyframe();
        }
    }

    fn play_tone(&mut self) {
        // Never into a call.
        self.tone = None;
        if self.sound_check && self.call.is_none() {
            match Tone::start(&self.voice_inlet) {
                Ok(tone) => self.tone = Some(tone),
                Err(error) => warn!(%error, "cannot play the test tone"),
            }
        }
    }

    fn take_photo(&mut self, request: u64, camera: PhotoCamera, now: Instant) {
        let watch = match camera {
            PhotoCamera::Documents => &self.documents_watch,
            PhotoCamera::Face => &self.camera_watch,
        };
        let asked = match watch.absence() {
            Some(reason) => Err(PhotoError::Unavailable(reason.to_owned())),
            None => self.photos.ask(request, camera, now),
        };
        if let Err(error) = asked {
            self.tell(MediaEvent::Photo { request, result: Err(error) });
        }
    }

    /// Turns a sample into a photograph, on a thread of its own: it takes longer than a call should wait.
    fn develop(&mut self, camera: PhotoCamera, sample: gst::Sample) {
        let Some(request) = self.photos.serve(camera) else { return };
        let (inputs, wiped) = (self.inputs.clone(), self.wipes);
        let run = move || {
            let result = photo::develop(&sample);
            drop(inputs.send(Input::Developed { request, wiped, result }));
        };
        if let Err(error) = std::thread::Builder::new().name("photo".to_owned()).spawn(run) {
            let result = Err(PhotoError::Encode(format!("no thread: {error}")));
            self.tell(MediaEvent::Photo { request, result });
        }
    }

    fn wipe(&mut self) {
        self.wipes = self.wipes.wrapping_add(1);
        for camera in [PhotoCamera::Documents, PhotoCamera::Face] {
            while let Some(request) = self.photos.serve(camera) {
                self.tell(MediaEvent::Photo { request, result: Err(PhotoError::Wiped) });
            }
        }
        self.slots.wipe();
        // A call that lingers for a re-join would keep the camera open into the next person's visit.
        if self.call.as_ref().is_some_and(|call| call.is_over()) {
            self.call = None;
        }
    }

    fn tick(&mut self, now: Instant) {
        if self.keyframes.poll(now) {
            self.force_keyframe();
        }
        for (request, error) in self.photos.expire(now) {
            self.tell(MediaEvent::Photo { request, result: Err(error) });
        }
        self.watch_officer(now);
        if self.call.as_ref().is_some_and(|call| call.lingered(now)) {
            self.call = None;
        }
    }

    /// Notices that the officer's pictures stopped.
    fn watch_officer(&mut self, now: Instant) {
        let decoded = self.counters.frames_decoded.load(Ordering::Relaxed);
        let Some(last) = &mut self.officer_frame_at else { return };
        if decoded != self.officer_frames {
            self.officer_frames = decoded;
            *last = now;
        } else if now.saturating_duration_since(*last) >= OFFICER_STALLED {
            self.officer_gone();
        }
    }

    fn officer_gone(&mut self) {
        if self.officer_frame_at.take().is_some() {
            self.tell(MediaEvent::OfficerVideo(false));
        }
        self.officer_seen.store(false, Ordering::Release);
    }

    /// When the loop must look again although nothing happened.
    fn deadline(&self, now: Instant) -> Instant {
        let quiet = now + if self.call.is_some() { TICK } else { Duration::from_secs(3600) };
        [self.keyframes.due(), self.photos.deadline(), self.next_device_deadline(now), Some(quiet)]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(quiet)
    }

    fn force_keyframe(&self) {
        if let Some(camera) = &self.camera {
            self.counters.keyframes_sent.fetch_add(1, Ordering::Relaxed);
            camera.pipeline.force_keyframe();
        }
    }

    fn tell(&self, event: MediaEvent) {
        (self.events)(event);
    }

    fn stop(&mut self) {
        self.hang_up();
        self.camera = None;
        self.documents = None;
        self.officer = None;
        self.tone = None;
        self.sound = None;
        for slot in [&self.slots.self_view, &self.slots.officer, &self.slots.documents] {
            slot.close();
        }
    }
}

#[cfg(test)]
mod tests;
