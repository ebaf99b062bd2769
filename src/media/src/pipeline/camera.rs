//! The camera that faces the participant: to the officer, to the self view, and for a photograph of the face.

use std::time::Instant;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;
use gstreamer_video::UpstreamForceKeyUnitEvent;

use super::source::{self, Attached, Place};
use super::{BusNews, NEWEST_ONLY, Running, SAMPLE_SINK, StillGate, Uplink, VIDEO_PAYLOAD_TYPE, fill_slot};
use crate::config::CameraSource;
use crate::error::PipelineError;
use crate::frame::FrameSlots;
use crate::peer::{Stream, VideoCodec};
use crate::rate::EncoderPlan;

/// Frames between two keyframes that nobody asked for: there are none. One is many times as large as another picture, and after each
/// the officer's browser would hold all pictures back for longer, to be prepared for the next.
const KEYFRAME_INTERVAL: u32 = 1 << 30;

/// Payload bytes of a packet that pass every network without being split.
const PACKET_BYTES: u32 = 1200;

/// Where pictures are brought to the size and rate of a plan. A picture may be on its way through while both change, with a size
/// that was agreed on a moment ago: a filter that let nothing but the new one pass would end the camera.
const FITTED: &str = "videorate name=rate drop-only=true ! videoscale add-borders=true ! videoconvert \
                      ! capsfilter name=size caps-change-mode=delayed";

/// A running camera.
pub(crate) struct Camera {
    // Dropped before the pipeline stops, so that no scene is drawn into a stopped pipeline.
    _source: Attached,
    outgoing: gst::Element,
    self_view: gst::Element,
    still: StillGate,
    rate: gst::Element,
    size: gst::Element,
    encoder: gst::Element,
    rtp: AppSink,
    codec: VideoCodec,
    ready_from: Instant,
    running: Running,
}

/// What a camera is built with.
pub(crate) struct CameraParts<'a> {
    pub camera: &'a CameraSource,
    pub label: &'a str,
    pub codec: VideoCodec,
    pub slots: &'a FrameSlots,
    pub uplink: &'a Uplink,
    pub run: u32,
}

impl Camera {
    /// Opens the camera. All its gates are closed.
    ///
    /// # Errors
    ///
    /// If the device cannot be opened. Later failures come as `news`.
    pub fn start(
        parts: &CameraParts<'_>,
        news: impl Fn(BusNews) + Send + Sync + 'static,
        still: impl Fn(gst::Sample) + Send + 'static,
    ) -> Result<Self, PipelineError> {
        let source = source::prepare(parts.camera, Place::Face)?;
        let encoder = match parts.codec {
            // One slice a picture, because the payloader would put the parameter sets, which the encoder already sends with
            // each keyframe, before every slice of it, and decoders would take each for a picture.
            VideoCodec::H264 => format!(
                "x264enc name=encoder tune=zerolatency speed-preset=ultrafast threads=1 bframes=0 aud=false \
                 key-int-max={KEYFRAME_INTERVAL} vbv-buf-capacity=300 \
                 ! video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au \
                 ! rtph264pay pt={VIDEO_PAYLOAD_TYPE} mtu={PACKET_BYTES} config-interval=0 aggregate-mode=zero-latency"
            ),
            VideoCodec::Vp8 => format!(
                "vp8enc name=encoder deadline=1 cpu-used=8 end-usage=cbr lag-in-frames=0 error-resilient=default \
                 keyframe-max-dist={KEYFRAME_INTERVAL} threads=2 \
                 ! rtpvp8pay pt={VIDEO_PAYLOAD_TYPE} mtu={PACKET_BYTES} picture-id-mode=15-bit"
            ),
        };
        let description = format!(
            "{} ! tee name=capture allow-not-linked=true \
             capture. ! {NEWEST_ONLY} ! valve name=outgoing drop=true ! {FITTED} ! {encoder} \
             ! appsink name=rtp max-buffers=64 sync=false async=false enable-last-sample=false \
             capture. ! {NEWEST_ONLY} ! valve name=mirror drop=true ! videorate drop-only=true max-rate=15 \
             ! videoscale add-borders=true ! videoconvert \
             ! video/x-raw,format=RGB,width=480,height=270,pixel-aspect-ratio=1/1 ! appsink name=view {SAMPLE_SINK} \
             capture. ! {NEWEST_ONLY} ! {} {SAMPLE_SINK}",
            source.description,
            StillGate::BRANCH,
        );
        let running = Running::build("camera", &description, news)?;
        fill_slot(&running.sink("view")?, parts.slots.self_view.clone(), true, || {});
        let rtp = running.sink("rtp")?;
        parts.uplink.take_from(&rtp, Stream::Video, parts.run);
        let attached = source.attach(&running, parts.label)?;
        let camera = Self {
            _source: attached,
            outgoing: running.element("outgoing")?,
            self_view: running.element("mirror")?,
            still: StillGate::attach(&running, still)?,
            rate: running.element("rate")?,
            size: running.element("size")?,
            encoder: running.element("encoder")?,
            rtp,
            codec: parts.codec,
            ready_from: Instant::now() + source.warm_up(),
            running,
        };
        camera.running.play()?;
        Ok(camera)
    }

    /// What it encodes to.
    pub fn codec(&self) -> VideoCodec {
        self.codec
    }

    /// From when on its pictures are good enough for a photograph.
    pub fn ready_from(&self) -> Instant {
        self.ready_from
    }

    /// Sends pictures as planned; `None`: none at all.
    pub fn send(&self, plan: Option<EncoderPlan>) {
        if let Some(plan) = plan {
            fit(&self.rate, &self.size, plan);
            match self.codec {
                VideoCodec::H264 => self.encoder.set_property("bitrate", (plan.bps / 1000).max(1) as u32),
                VideoCodec::Vp8 => self.encoder.set_property("target-bitrate", plan.bps as i32),
            }
        }
        self.outgoing.set_property("drop", plan.is_none());
    }

    /// Shows or hides the self view.
    pub fn show(&self, shown: bool) {
        self.self_view.set_property("drop", !shown);
    }

    /// Asks for a full-size picture for a photograph, or no longer.
    pub fn ask_for_still(&self, asked: bool) {
        self.still.ask(asked);
    }

    /// Makes the next picture a keyframe.
    pub fn force_keyframe(&self) {
        self.rtp.send_event(UpstreamForceKeyUnitEvent::builder().all_headers(true).build());
    }
}

/// Tells the two elements of [`FITTED`] what is planned.
fn fit(rate: &gst::Element, size: &gst::Element, plan: EncoderPlan) {
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", plan.width as i32)
        .field("height", plan.height as i32)
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .build();
    rate.set_property("max-rate", plan.frames_per_second as i32);
    size.set_property("caps", caps);
}

#[cfg(test)]
mod tests {
    use super::*;
    use gstreamer_app::AppSinkCallbacks;
    use std::sync::mpsc::channel;

    #[test]
    fn a_plan_that_changes_in_the_middle_of_a_picture_stops_no_camera() {
        const PICTURES: usize = 40;
        gst::init().unwrap();
        let description = format!(
            "videotestsrc ! video/x-raw,width=320,height=180,framerate=30/1 ! {FITTED} ! appsink name=out sync=false"
        );
        let (report, news) = channel();
        let running = Running::build("pictures", &description, move |news| drop(report.send(news))).unwrap();
        let (shown, pictures) = channel();
        let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let width: Option<i32> = sample.caps().and_then(|caps| caps.structure(0)?.get("width").ok());
            shown.send(width).map(|()| gst::FlowSuccess::Ok).map_err(|_| gst::FlowError::Eos)
        });
        running.sink("out").unwrap().set_callbacks(callbacks.build());
        let (rate, size) = (running.element("rate").unwrap(), running.element("size").unwrap());
        let plans = [(320, 180, 30), (64, 36, 10), (160, 90, 30)];
        let plans =
            plans.map(|(width, height, frames_per_second)| EncoderPlan { width, height, frames_per_second, bps: 0 });
        running.play().unwrap();
        let (mut seen, mut last) = (0, 0);
        for plan in plans.into_iter().cycle() {
            fit(&rate, &size, plan);
            last = plan.width as i32;
            let failed = news.try_iter().find(|news| matches!(news, BusNews::Failed { .. }));
            assert!(failed.is_none(), "{failed:?} after {seen} pictures");
            seen += pictures.try_iter().count();
            if seen >= PICTURES {
                break;
            }
        }
        assert!(pictures.iter().take(PICTURES).any(|width| width == Some(last)), "the last plan holds");
    }
}
