//! The GStreamer side: four pipelines, none of which knows of calls or of each other.
//!
//! ```text
//!   camera ──┬─ gate ─ size, rate ─ encoder ─ RTP ──────► uplink        documents ──┬─ gate ─ preview ──► slot
//!            ├─ gate ─ mirror image ────────────────────► slot                      └─ gate ─ still ────► engine
//!            └─ gate ─ still ───────────────────────────► engine
//!   sound:  microphone ─ Opus ─ RTP ─► uplink            officer:  downlink ─ jitter buffer ─ decoder ──► slot
//!           downlink ─ jitter buffer ─ Opus ─► speaker
//! ```
//!
//! Pipelines are written in GStreamer's own description language, so that a line can be tried with its command line tool. What
//! comes from configuration (device names) never goes into a description but is set as a property. Every message of the bus, and
//! every sample, is passed on by a function that does not block; nothing here panics on a streaming thread.

pub(crate) mod camera;
pub(crate) mod documents;
pub(crate) mod officer;
mod running;
pub(crate) mod sound;
mod source;
pub(crate) mod tone;

use running::Running;
pub(crate) use source::{Place, probe_camera};

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};
use gstreamer_video::{VideoFrameExt, VideoFrameRef, VideoInfo};

use crate::config::{CameraSource, MediaConfig, MicrophoneSource, SpeakerSink};
use crate::error::{MediaError, PipelineError};
use crate::frame::{FrameSlot, VideoFrame};
use crate::peer::{self, IncomingPacket, OutgoingPacket, PeerSender, Stream};
use crate::stats::Counters;

/// Payload types inside our own pipelines. What goes over the wire is decided by the session description.
const VIDEO_PAYLOAD_TYPE: u8 = 96;
const AUDIO_PAYLOAD_TYPE: u8 = 111;

/// A queue that holds one picture and replaces it: a slow branch never delays the others.
const NEWEST_ONLY: &str = "queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0";

/// A sink that hands over the newest sample at once.
const SAMPLE_SINK: &str = "max-buffers=1 drop=true sync=false async=false enable-last-sample=false";

/// What a bus says that matters here.
#[derive(Debug)]
pub(crate) enum BusNews {
    /// Something in the pipeline failed; `part` is the name of the pipeline's direct child that it happened in.
    Failed { part: String, reason: String },
    /// Level of a sound, in dB relative to full scale, in this part.
    Level { part: String, db: f32 },
}

/// Decoders of H.264 in the order in which they are taken.
const H264_DECODERS: [&str; 2] = ["openh264dec", "avdec_h264"];

/// Elements without which no booth works, and the Debian packages that carry them.
const NEEDED: [(&str, &str); 19] = [
    ("appsink", "gstreamer1.0-plugins-base"),
    ("appsrc", "gstreamer1.0-plugins-base"),
    ("audioconvert", "gstreamer1.0-plugins-base"),
    ("audioresample", "gstreamer1.0-plugins-base"),
    ("audiotestsrc", "gstreamer1.0-plugins-base"),
    ("opusdec", "gstreamer1.0-plugins-base"),
    ("opusenc", "gstreamer1.0-plugins-base"),
    ("videoconvert", "gstreamer1.0-plugins-base"),
    ("videorate", "gstreamer1.0-plugins-base"),
    ("videoscale", "gstreamer1.0-plugins-base"),
    ("volume", "gstreamer1.0-plugins-base"),
    ("jpegdec", "gstreamer1.0-plugins-good"),
    ("level", "gstreamer1.0-plugins-good"),
    ("rtph264pay", "gstreamer1.0-plugins-good"),
    ("rtpjitterbuffer", "gstreamer1.0-plugins-good"),
    ("vp8dec", "gstreamer1.0-plugins-good"),
    ("vp8enc", "gstreamer1.0-plugins-good"),
    ("h264parse", "gstreamer1.0-plugins-bad"),
    ("x264enc", "gstreamer1.0-plugins-ugly"),
];

/// Starts GStreamer and checks that everything this configuration needs is installed.
///
/// # Errors
///
/// Names the first missing element and its package.
pub(crate) fn initialise(config: &MediaConfig) -> Result<(), MediaError> {
    gst::init().map_err(MediaError::Initialise)?;
    let mut needed = NEEDED.to_vec();
    if [&config.camera, &config.document_camera].iter().any(|camera| matches!(camera, CameraSource::V4l2(_))) {
        needed.push(("v4l2src", "gstreamer1.0-plugins-good"));
    }
    match config.microphone {
        MicrophoneSource::Alsa(_) => needed.push(("alsasrc", "gstreamer1.0-alsa")),
        MicrophoneSource::Pulse(_) => needed.push(("pulsesrc", "gstreamer1.0-pulseaudio")),
        MicrophoneSource::Test | MicrophoneSource::None => {}
    }
    match config.speaker {
        SpeakerSink::Alsa(_) => needed.push(("alsasink", "gstreamer1.0-alsa")),
        SpeakerSink::Pulse(_) => needed.push(("pulsesink", "gstreamer1.0-pulseaudio")),
        SpeakerSink::Discard => {}
    }
    if let Some((element, package)) = needed.into_iter().find(|(element, _)| !exists(element)) {
        return Err(MediaError::MissingElement { element, package });
    }
    if h264_decoder().is_none() {
        return Err(MediaError::MissingElement { element: H264_DECODERS[0], package: "gstreamer1.0-plugins-bad" });
    }
    Ok(())
}

fn exists(element: &str) -> bool {
    gst::ElementFactory::find(element).is_some()
}

fn h264_decoder() -> Option<&'static str> {
    H264_DECODERS.into_iter().find(|decoder| exists(decoder))
}

/// The way out of the booth for coded pictures and sound: the call of the moment, if any.
#[derive(Clone)]
pub(crate) struct Uplink {
    peer: Arc<Mutex<Option<PeerSender>>>,
    counters: Arc<Counters>,
}

impl Uplink {
    pub fn new(counters: Arc<Counters>) -> Self {
        Self { peer: Arc::default(), counters }
    }

    /// Sends into another call from now on, or into none.
    pub fn connect(&self, peer: Option<PeerSender>) {
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = peer;
    }

    /// Asks the call's other side for a keyframe.
    fn request_keyframe(&self) {
        if let Some(peer) = &*self.peer.lock().unwrap_or_else(PoisonError::into_inner) {
            peer.request_keyframe();
        }
    }

    fn send(&self, stream: Stream, packets: Vec<OutgoingPacket>) {
        if let Some(peer) = &*self.peer.lock().unwrap_or_else(PoisonError::into_inner) {
            if stream == Stream::Video && packets.iter().any(|packet| packet.marker) {
                self.counters.frames_sent.fetch_add(1, Relaxed);
            }
            peer.send(stream, packets);
        }
    }

    /// Makes a payloader's sink send into the call. `run` numbers the pipeline's builds.
    fn take_from(&self, sink: &AppSink, stream: Stream, run: u32) {
        let uplink = self.clone();
        let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            uplink.send(stream, packets_of(sink, &sample, run));
            Ok(gst::FlowSuccess::Ok)
        });
        sink.set_buffer_list(true);
        sink.set_callbacks(callbacks.build());
    }
}

/// The packets of a sample. Payloaders emit all packets of one picture as a list.
fn packets_of(sink: &AppSink, sample: &gst::Sample, run: u32) -> Vec<OutgoingPacket> {
    let parse = |buffer: &gst::BufferRef| {
        let captured = capture_time(sink, sample, buffer);
        buffer.map_readable().ok().and_then(|bytes| peer::parse(run, captured, &bytes))
    };
    match sample.buffer_list() {
        Some(list) => list.iter().filter_map(parse).collect(),
        None => sample.buffer().and_then(parse).into_iter().collect(),
    }
}

/// When the device took what is in a buffer: now, less its age on the pipeline's clock.
fn capture_time(sink: &AppSink, sample: &gst::Sample, buffer: &gst::BufferRef) -> Instant {
    let now = Instant::now();
    let age = || {
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
        let taken = segment.to_running_time(buffer.pts()?)? + sink.base_time()?;
        Some(sink.clock()?.time().saturating_sub(taken))
    };
    age().and_then(|age| now.checked_sub(age.into())).unwrap_or(now)
}

/// The way into the booth for one of the officer's streams: the pipeline of the moment, if any.
#[derive(Clone, Default)]
pub(crate) struct Inlet(Arc<Mutex<Option<AppSrc>>>);

impl Inlet {
    /// Passes a packet on; without a pipeline it is dropped.
    pub fn push(&self, stream: Stream, packet: &IncomingPacket) {
        let payload_type = match stream {
            Stream::Audio => AUDIO_PAYLOAD_TYPE,
            Stream::Video => VIDEO_PAYLOAD_TYPE,
        };
        self.push_bytes(peer::write(packet, payload_type));
    }

    /// Passes a whole RTP packet on.
    fn push_bytes(&self, packet: Vec<u8>) {
        if let Some(source) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let buffer = gst::Buffer::from_slice(packet);
            // An error means that the pipeline is stopping: its owner knows.
            let _stopping = source.push_buffer(buffer);
        }
    }

    fn connect(&self, source: Option<AppSrc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = source;
    }
}

/// Makes a sink of RGB pictures fill a slot. `mirrored` turns left and right; `each` is called after every picture.
fn fill_slot(sink: &AppSink, slot: Arc<FrameSlot>, mirrored: bool, each: impl Fn() + Send + 'static) {
    let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        if let Some(frame) = picture_of(&sample, mirrored, slot.spare()) {
            slot.put(frame);
            each();
        }
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
}

/// Copies a picture row by row, because GStreamer pads rows, into `memory`. `None` if it is not RGB.
fn picture_of(sample: &gst::Sample, mirrored: bool, memory: Vec<u8>) -> Option<VideoFrame> {
    let info = VideoInfo::from_caps(sample.caps()?).ok()?;
    let picture = VideoFrameRef::from_buffer_ref_readable(sample.buffer()?, &info).ok()?;
    rgb_rows(&picture, mirrored, memory)
}

/// The pixels of an RGB picture without padding, in `memory`. `None` if it is another format.
pub(crate) fn rgb_rows<T>(picture: &VideoFrameRef<T>, mirrored: bool, memory: Vec<u8>) -> Option<VideoFrame>
where
    VideoFrameRef<T>: VideoFrameExt,
{
    let (width, height) = (picture.width(), picture.height());
    let row = width as usize * 3;
    let of = |rgb| VideoFrame { width, height, rgb };
    // Memory of another size is dropped as the picture that it was, which overwrites it.
    let fits = |frame: &VideoFrame| frame.rgb.len() == row * height as usize;
    let mut frame = Some(of(memory)).filter(fits).unwrap_or_else(|| of(vec![0; row * height as usize]));
    if picture.format() != gstreamer_video::VideoFormat::Rgb {
        return None;
    }
    let stride = usize::try_from(*picture.plane_stride().first()?).ok()?;
    let data = picture.plane_data(0).ok()?;
    for (to, from) in frame.rgb.chunks_exact_mut(row.max(1)).zip(data.chunks(stride.max(1))) {
        let from = from.get(..row)?;
        if mirrored {
            let pixels = to.as_chunks_mut::<3>().0.iter_mut().zip(from.as_chunks::<3>().0.iter().rev());
            pixels.for_each(|(to, from)| *to = *from);
        } else {
            to.copy_from_slice(from);
        }
    }
    Some(frame)
}

/// The branch of a camera for photographs: closed until one is asked for, and then good for one sample, so that full-size
/// pictures never pile up behind a busy engine.
pub(crate) struct StillGate {
    gate: gst::Element,
    asked: Arc<AtomicBool>,
}

impl StillGate {
    /// The elements of the branch, without its start.
    const BRANCH: &str = "valve name=photo drop=true ! appsink name=still";

    fn attach(running: &Running, still: impl Fn(gst::Sample) + Send + 'static) -> Result<Self, PipelineError> {
        let asked = Arc::new(AtomicBool::new(false));
        let wanted = Arc::clone(&asked);
        let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            if wanted.swap(false, AcqRel) {
                still(sample);
            }
            Ok(gst::FlowSuccess::Ok)
        });
        running.sink("still")?.set_callbacks(callbacks.build());
        Ok(Self { gate: running.element("photo")?, asked })
    }

    /// Asks for a sample, or no longer.
    pub fn ask(&self, asked: bool) {
        self.asked.store(asked, Release);
        self.gate.set_property("drop", !asked);
    }
}
