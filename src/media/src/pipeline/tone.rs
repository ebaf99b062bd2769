//! A tone for whoever wants to know whether the loudspeaker works: coded like the officer's voice, and given to the same inlet, so
//! that it goes the way of a call from the jitter buffer on.

use gstreamer_app::AppSinkCallbacks;

use super::{AUDIO_PAYLOAD_TYPE, Inlet, Running};
use crate::error::PipelineError;

/// Packets of 20 ms: a second and a half.
const PACKETS: u32 = 75;

/// The tone while it plays. Dropping it ends it.
pub(crate) struct Tone {
    _running: Running,
}

impl Tone {
    /// Starts to play into an inlet.
    ///
    /// # Errors
    ///
    /// If GStreamer refuses.
    pub fn start(inlet: &Inlet) -> Result<Self, PipelineError> {
        let description = format!(
            "audiotestsrc is-live=true wave=sine freq=440 volume=0.3 samplesperbuffer=960 num-buffers={PACKETS} \
             ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! opusenc frame-size=20 ! rtpopuspay pt={AUDIO_PAYLOAD_TYPE} \
             ! appsink name=rtp sync=false async=false enable-last-sample=false"
        );
        // Its end is no news, and a fault of it is heard.
        let running = Running::build("tone", &description, |_| {})?;
        let inlet = inlet.clone();
        let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gstreamer::FlowError::Eos)?;
            if let Some(packet) = sample.buffer() {
                // Timed anew where it arrives, like a packet of the network.
                let bytes = packet.map_readable().map_err(|_| gstreamer::FlowError::Error)?.to_vec();
                inlet.push_bytes(bytes);
            }
            Ok(gstreamer::FlowSuccess::Ok)
        });
        running.sink("rtp")?.set_callbacks(callbacks.build());
        running.play()?;
        Ok(Self { _running: running })
    }
}
