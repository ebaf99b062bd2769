//! The booth's eyes and ears: captures the participant, carries picture and voice to the officer's browser and back, and takes
//! photographs of documents. It knows calls, but neither claims nor persons.
//!
//! ```text
//!                ┌──────────── engine: one loop ───────────┐
//!   owner ──────►│ wanted ─► reconcile ─► pipelines        │──► MediaEvent
//!   (commands)   │              │   ▲ bus                    │
//!                │   call ◄─────┘   │            frames ─────┼──► FrameSlots
//!                └────┬─────────────┴───────────────────────┘
//!             peer: one thread a call (str0m, UDP) ◄──► the officer's browser
//! ```
//!
//! The booth makes the offer. Media passes only to the holder of the certificate whose fingerprint came in the answer, and the
//! answer comes over a channel that the owner authenticates. Devices are open only while a call, a preview or a photograph needs
//! them. A missing device takes nothing else down and is looked for again.

mod config;
mod engine;
mod error;
mod evenness;
mod event;
mod frame;
mod pacing;
mod peer;
mod photo;
mod pipeline;
pub mod quality;
mod rate;
pub mod scene;
mod stats;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

pub use config::{CameraSource, MediaConfig, MicrophoneSource, SpeakerSink, TestScene};
pub use error::{ConfigError, MediaError, PhotoError};
pub use event::{Availability, CallId, CallState, CallStats, EndReason, MediaEvent, Photo, PhotoCamera, Tier};
pub use frame::{FrameSlot, FrameSlots, VideoFrame};
pub use quality::{PhotoQuality, Verdict};

use engine::{Command, Engine, Input};
use stats::Counters;

/// The running media engine. Dropping it ends the call and closes every device.
///
/// No method blocks; what they bring about comes as [`MediaEvent`]s.
pub struct Media {
    inputs: Sender<Input>,
    slots: FrameSlots,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

impl Media {
    /// Starts the engine. It begins in [`Tier::Hold`], without a call, and reports for each device whether it is there; a device
    /// that is not there is no error. `events` is called on the engine's thread and must not block.
    ///
    /// # Errors
    ///
    /// If the configuration contradicts itself or GStreamer or one of its plugins is not installed.
    pub fn start(config: MediaConfig, events: impl Fn(MediaEvent) + Send + Sync + 'static) -> Result<Self, MediaError> {
        config.check()?;
        pipeline::initialise(&config)?;
        let (inputs, received) = channel();
        let slots = FrameSlots::default();
        let counters = Arc::new(Counters::default());
        let engine = Engine::new(config, Arc::new(events), inputs.clone(), slots.clone(), Arc::clone(&counters));
        let name = "media";
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || engine.run(&received));
        let thread = thread.map_err(|source| MediaError::Thread { name, source })?;
        Ok(Self { inputs, slots, counters, thread: Some(thread) })
    }

    /// The pictures for the screen.
    pub fn frames(&self) -> FrameSlots {
        self.slots.clone()
    }

    /// Opens a call: [`MediaEvent::Offer`] follows. A call that is still open ends as [`EndReason::Replaced`] while cameras and
    /// microphone keep running, which is how to join again after an outage.
    pub fn start_call(&self, call: CallId) {
        self.order(Command::StartCall(call));
    }

    /// Passes on the officer's answer (SDP), which must have come over an authenticated channel: its fingerprint decides who may
    /// see the participant.
    pub fn accept_answer(&self, call: CallId, sdp: impl Into<String>) {
        self.order(Command::AcceptAnswer(call, sdp.into()));
    }

    /// Passes on a candidate of the officer's browser (`candidate:...`). One that cannot be used is passed over.
    pub fn add_candidate(&self, call: CallId, candidate: impl Into<String>) {
        self.order(Command::AddCandidate(call, candidate.into()));
    }

    /// Ends a call and closes cameras and microphone, unless a preview needs them. Another call's id is ignored.
    pub fn end_call(&self, call: CallId) {
        self.order(Command::EndCall(call));
    }

    /// Ends a call that is to be joined again soon, as after an outage: cameras stay open for half a minute, so that the next call
    /// finds them running. Nothing leaves the booth meanwhile. [`Media::wipe`] closes them at once.
    pub fn suspend_call(&self, call: CallId) {
        self.order(Command::SuspendCall(call));
    }

    /// Sets how much leaves the booth, now and in later calls.
    pub fn set_tier(&self, tier: Tier) {
        self.order(Command::SetTier(tier));
    }

    /// Sends silence instead of the participant's voice, or no longer.
    pub fn set_muted(&self, muted: bool) {
        self.order(Command::SetMuted(muted));
    }

    /// Shows, or no longer, what the document camera sees.
    pub fn preview_documents(&self, shown: bool) {
        self.order(Command::PreviewDocuments(shown));
    }

    /// Shows the self view also outside a call and on hold, as for a photograph of the face. Nothing leaves the booth by it.
    pub fn preview_face(&self, shown: bool) {
        self.order(Command::PreviewFace(shown));
    }

    /// Opens microphone and loudspeaker as for a call, while there is none, and tells the microphone's level
    /// ([`MediaEvent::MicrophoneLevel`]); or no longer. Nothing leaves the booth by it.
    pub fn check_sound(&self, checks: bool) {
        self.order(Command::CheckSound(checks));
    }

    /// Plays a tone of a second and a half, while [`Media::check_sound`] has the loudspeaker open.
    pub fn play_tone(&self) {
        self.order(Command::PlayTone);
    }

    /// Takes a photograph: [`MediaEvent::Photo`] with the same number follows, within ten seconds. Opens the camera if
    /// it is closed.
    pub fn take_photo(&self, request: u64, camera: PhotoCamera) {
        self.order(Command::TakePhoto(request, camera));
    }

    /// Forgets every picture of the last participant that has not been fetched, and photographs that are not yet delivered.
    pub fn wipe(&self) {
        // At once for the screen, and again in order with what the engine is still doing.
        self.slots.wipe();
        self.order(Command::Wipe);
    }

    /// The counters of the moment.
    pub fn stats(&self) -> CallStats {
        self.counters.snapshot()
    }

    fn order(&self, command: Command) {
        if self.inputs.send(Input::Command(command)).is_err() {
            tracing::error!("the media engine has stopped");
        }
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.order(Command::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the media engine panicked");
        }
    }
}
