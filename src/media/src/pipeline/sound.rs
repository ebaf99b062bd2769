//! The participant's voice to the officer, and the officer's voice to the participant.
//!
//! Both are branches of one pipeline, because the echo canceller compares what is heard with what was played on one clock. They
//! are not linked, so each can fail, be taken out and be put in again while the other goes on. A branch that is out has its
//! device closed: a microphone that is not wanted is not merely muted.

use gstreamer as gst;
use gstreamer::prelude::*;
use tracing::warn;

use super::{AUDIO_PAYLOAD_TYPE, BusNews, Inlet, Running, Uplink, exists};
use crate::config::{MicrophoneSource, SpeakerSink};
use crate::error::PipelineError;
use crate::peer::Stream;

/// How long a missing packet is waited for, in ms, before its sound is concealed; also what evens out the arrival of the others.
const JITTER_MS: u32 = 60;

/// Packets that may wait for a device that is slow to start, in bytes.
const INLET_BYTES: u32 = 100_000;

/// Speech in Opus at wide band, in bit/s.
const VOICE_BPS: u32 = 32_000;

/// Effort of the encoder, 0 to 10. For speech, more is hardly heard and costs half as much again.
const VOICE_COMPLEXITY: u32 = 5;

/// The raw sound that both ends of the echo canceller need alike.
const RAW: &str = "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved";

pub(crate) const MICROPHONE: &str = "microphone";
pub(crate) const SPEAKER: &str = "speaker";
const ECHO_PROBE: &str = "bilik-echo";

/// How the microphone is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Silence leaves the booth.
    pub muted: bool,
    /// Its level is told, ten times a second.
    pub metered: bool,
}

/// The sound pipeline.
pub(crate) struct Sound {
    microphone: Option<gst::Bin>,
    speaker: Option<gst::Bin>,
    inlet: Inlet,
    running: Running,
}

impl Sound {
    /// Starts the pipeline with neither branch.
    ///
    /// # Errors
    ///
    /// If GStreamer refuses. Failures of a branch come as `news` with its name.
    pub fn start(inlet: &Inlet, news: impl Fn(BusNews) + Send + Sync + 'static) -> Result<Self, PipelineError> {
        let running = Running::build("sound", "", news)?;
        // The system's clock does not go away with a device.
        running.pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        running.play()?;
        Ok(Self { microphone: None, speaker: None, inlet: inlet.clone(), running })
    }

    pub fn has_microphone(&self) -> bool {
        self.microphone.is_some()
    }

    pub fn has_speaker(&self) -> bool {
        self.speaker.is_some()
    }

    /// Opens the microphone.
    ///
    /// # Errors
    ///
    /// If the device cannot be opened.
    pub fn open_microphone(
        &mut self,
        source: &MicrophoneSource,
        speaker: &SpeakerSink,
        manner: Manner,
        uplink: &Uplink,
        run: u32,
    ) -> Result<(), PipelineError> {
        self.close_microphone();
        let Manner { muted, metered } = manner;
        let (input, device) = match source {
            MicrophoneSource::None => return Err(PipelineError::Open { device: "none".to_owned() }),
            MicrophoneSource::Test => {
                ("audiotestsrc is-live=true wave=ticks volume=0.1 freq=440 samplesperbuffer=480", None)
            }
            MicrophoneSource::Alsa(device) => ("alsasrc buffer-time=40000 latency-time=10000", Some(device)),
            MicrophoneSource::Pulse(device) => ("pulsesrc buffer-time=40000 latency-time=10000", device.as_ref()),
        };
        let echo = if self.cancels_echo(source, speaker) {
            format!(" ! webrtcdsp probe={ECHO_PROBE} noise-suppression-level=moderate")
        } else {
            String::new()
        };
        let description = format!(
            "{input} name=device ! audioconvert ! audioresample ! {RAW}{echo} \
             ! level interval=100000000 post-messages={metered} ! volume name=mute mute={muted} \
             ! opusenc bitrate={VOICE_BPS} complexity={VOICE_COMPLEXITY} audio-type=voice inband-fec=true \
             packet-loss-percentage=10 frame-size=20 \
             ! rtpopuspay pt={AUDIO_PAYLOAD_TYPE} \
             ! appsink name=rtp max-buffers=16 drop=true sync=false async=false enable-last-sample=false"
        );
        let branch = self.branch(MICROPHONE, &description, device.map(String::as_str))?;
        if let Some(sink) = branch.by_name("rtp").and_then(|sink| sink.downcast().ok()) {
            uplink.take_from(&sink, Stream::Audio, run);
        }
        self.put_in(&branch, MICROPHONE)?;
        self.microphone = Some(branch);
        Ok(())
    }

    /// Closes the microphone's device.
    pub fn close_microphone(&mut self) {
        if let Some(branch) = self.microphone.take() {
            self.take_out(&branch);
        }
    }

    /// Sends silence instead of the participant's voice, or no longer.
    pub fn mute(&self, muted: bool) {
        if let Some(volume) = self.microphone.as_ref().and_then(|branch| branch.by_name("mute")) {
            volume.set_property("mute", muted);
        }
    }

    /// Opens the speaker, and with it the way for the officer's voice.
    ///
    /// # Errors
    ///
    /// If the device cannot be opened.
    pub fn open_speaker(&mut self, speaker: &SpeakerSink) -> Result<(), PipelineError> {
        self.close_speaker();
        let (output, device) = match speaker {
            SpeakerSink::Discard => ("fakesink sync=true async=false", None),
            SpeakerSink::Alsa(device) => ("alsasink buffer-time=60000 latency-time=10000", Some(device)),
            SpeakerSink::Pulse(device) => ("pulsesink buffer-time=60000 latency-time=10000", device.as_ref()),
        };
        let real = !matches!(speaker, SpeakerSink::Discard);
        let probe = if real && exists("webrtcechoprobe") {
            format!(" ! webrtcechoprobe name={ECHO_PROBE}")
        } else {
            String::new()
        };
        let description = format!(
            "appsrc name=packets is-live=true do-timestamp=true format=time max-bytes={INLET_BYTES} \
             leaky-type=downstream caps=application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,\
             payload={AUDIO_PAYLOAD_TYPE} ! rtpjitterbuffer latency={JITTER_MS} do-lost=true ! rtpopusdepay \
             ! opusdec plc=true use-inband-fec=true ! audioconvert ! audioresample ! {RAW} \
             ! level interval=200000000{probe} ! {output} name=device"
        );
        let branch = self.branch(SPEAKER, &description, device.map(String::as_str))?;
        self.put_in(&branch, SPEAKER)?;
        self.inlet.connect(branch.by_name("packets").and_then(|packets| packets.downcast().ok()));
        self.speaker = Some(branch);
        Ok(())
    }

    /// Closes the speaker's device.
    pub fn close_speaker(&mut self) {
        self.inlet.connect(None);
        if let Some(branch) = self.speaker.take() {
            self.take_out(&branch);
        }
    }

    /// Whether the microphone's branch needs the canceller: both devices are real, and the probe that it listens to is there.
    fn cancels_echo(&self, source: &MicrophoneSource, speaker: &SpeakerSink) -> bool {
        let real_source = matches!(source, MicrophoneSource::Alsa(_) | MicrophoneSource::Pulse(_));
        let real_speaker = matches!(speaker, SpeakerSink::Alsa(_) | SpeakerSink::Pulse(_));
        real_source && real_speaker && self.speaker.is_some() && exists("webrtcdsp") && exists("webrtcechoprobe")
    }

    fn branch(&self, name: &'static str, description: &str, device: Option<&str>) -> Result<gst::Bin, PipelineError> {
        let failed = |source| PipelineError::Build { pipeline: name, source };
        let branch = gst::parse::bin_from_description_with_name(description, false, name).map_err(failed)?;
        if let (Some(device), Some(element)) = (device, branch.by_name("device")) {
            element.set_property("device", device);
        }
        Ok(branch)
    }

    fn put_in(&self, branch: &gst::Bin, name: &'static str) -> Result<(), PipelineError> {
        let refused = PipelineError::State { pipeline: name, state: "playing" };
        if self.running.pipeline.add(branch).is_err() {
            return Err(refused);
        }
        if branch.sync_state_with_parent().is_err() {
            self.take_out(branch);
            return Err(refused);
        }
        Ok(())
    }

    fn take_out(&self, branch: &gst::Bin) {
        if branch.set_state(gst::State::Null).is_err() || self.running.pipeline.remove(branch).is_err() {
            warn!(branch = %branch.name(), "failed to take out of the sound pipeline");
        }
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.inlet.connect(None);
    }
}

/// Checks that a microphone can be opened, without listening.
///
/// # Errors
///
/// If its device does not exist or is busy.
pub(crate) fn probe_microphone(source: &MicrophoneSource) -> Result<(), PipelineError> {
    match source {
        MicrophoneSource::Test => Ok(()),
        MicrophoneSource::None => Err(PipelineError::Open { device: "none".to_owned() }),
        MicrophoneSource::Alsa(device) => probe("alsasrc", Some(device), source.to_string()),
        MicrophoneSource::Pulse(device) => probe("pulsesrc", device.as_deref(), source.to_string()),
    }
}

/// Checks that a speaker can be opened, without playing.
///
/// # Errors
///
/// If its device does not exist or is busy.
pub(crate) fn probe_speaker(speaker: &SpeakerSink) -> Result<(), PipelineError> {
    match speaker {
        SpeakerSink::Discard => Ok(()),
        SpeakerSink::Alsa(device) => probe("alsasink", Some(device), speaker.to_string()),
        SpeakerSink::Pulse(device) => probe("pulsesink", device.as_deref(), speaker.to_string()),
    }
}

/// A sound element opens its device when it is made ready.
fn probe(factory: &str, device: Option<&str>, shown: String) -> Result<(), PipelineError> {
    let refused = || PipelineError::Open { device: shown.clone() };
    let element = gst::ElementFactory::make(factory).build().map_err(|_| refused())?;
    if let Some(device) = device {
        element.set_property("device", device);
    }
    let opened = element.set_state(gst::State::Ready);
    let _closed = element.set_state(gst::State::Null);
    opened.map(drop).map_err(|_| refused())
}
