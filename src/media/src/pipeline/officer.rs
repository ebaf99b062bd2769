//! The officer's pictures: from packets to the screen.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::UpstreamForceKeyUnitEvent;

use super::{BusNews, Inlet, Running, SAMPLE_SINK, Uplink, VIDEO_PAYLOAD_TYPE, fill_slot, h264_decoder};
use crate::error::PipelineError;
use crate::frame::FrameSlots;
use crate::peer::VideoCodec;
use crate::stats::Counters;

/// How long a missing packet is waited for, in ms: a retransmission over an office network takes a tenth of it. Packets that
/// are not missing do not wait.
const JITTER_MS: u32 = 80;

/// Packets that may wait for a decoder that is slow to start, in bytes.
const INLET_BYTES: u32 = 2_000_000;

/// The officer's decoder.
pub(crate) struct Officer {
    inlet: Inlet,
    codec: VideoCodec,
    _running: Running,
}

impl Officer {
    /// Starts decoding what comes through `inlet`. `first` is called on every decoded picture.
    ///
    /// # Errors
    ///
    /// If the pipeline cannot be built. Later failures come as `news`.
    pub fn start(
        codec: VideoCodec,
        slots: &FrameSlots,
        inlet: &Inlet,
        uplink: &Uplink,
        counters: &Arc<Counters>,
        news: impl Fn(BusNews) + Send + Sync + 'static,
        decoded: impl Fn() + Send + 'static,
    ) -> Result<Self, PipelineError> {
        let keyframes = "request-keyframe=true wait-for-keyframe=true";
        let (encoding, decoder) = match codec {
            VideoCodec::H264 => {
                let missing = PipelineError::NoElement { pipeline: "officer", element: "openh264dec" };
                let decoder = h264_decoder().ok_or(missing)?;
                ("H264", format!("rtph264depay {keyframes} ! h264parse ! {decoder}"))
            }
            VideoCodec::Vp8 => ("VP8", format!("rtpvp8depay {keyframes} ! vp8dec")),
        };
        // The size is bounded before anything of that size is allocated for the screen.
        let description = format!(
            "appsrc name=packets is-live=true do-timestamp=true format=time max-bytes={INLET_BYTES} \
             leaky-type=downstream caps=application/x-rtp,media=video,encoding-name={encoding},clock-rate=90000,\
             payload={VIDEO_PAYLOAD_TYPE} ! rtpjitterbuffer latency={JITTER_MS} do-lost=true ! {decoder} \
             ! video/x-raw,width=[16,1920],height=[16,1920] ! videoconvert ! video/x-raw,format=RGB \
             ! appsink name=view {SAMPLE_SINK}"
        );
        let running = Running::build("officer", &description, news)?;
        let counters = Arc::clone(counters);
        fill_slot(&running.sink("view")?, slots.officer.clone(), false, move || {
            counters.frames_decoded.fetch_add(1, Relaxed);
            decoded();
        });
        let packets = running.source("packets")?;
        let pad = packets.static_pad("src").ok_or(PipelineError::NoElement { pipeline: "officer", element: "src" })?;
        // The depayloader asks upstream for a keyframe; upstream of here is the officer's browser.
        let uplink = uplink.clone();
        pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
            if info.event().is_some_and(|event| UpstreamForceKeyUnitEvent::parse(event).is_ok()) {
                uplink.request_keyframe();
            }
            gst::PadProbeReturn::Ok
        });
        running.play()?;
        inlet.connect(Some(packets));
        Ok(Self { inlet: inlet.clone(), codec, _running: running })
    }

    /// What it decodes.
    pub fn codec(&self) -> VideoCodec {
        self.codec
    }
}

impl Drop for Officer {
    fn drop(&mut self) {
        self.inlet.connect(None);
    }
}
