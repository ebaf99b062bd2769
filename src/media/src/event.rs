//! What the engine tells its owner. Events are calls on the engine's own threads, in the order in which things happened; the
//! owner passes them to its loop and returns at once.

use std::fmt;

use crate::error::PhotoError;
use crate::quality::PhotoQuality;

/// Names one call. The owner chooses it; a re-join after an outage is a new call with a new id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How much of the participant leaves the booth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// The officer talks with this participant: 1280x720 at 30 frames/s, microphone open.
    Focus,
    /// One of several small pictures on the officer's screen: 320x180 at 10 frames/s, microphone closed.
    Tile,
    /// Nothing leaves: no picture is encoded and the microphone's device is closed.
    Hold,
}

/// Whether a configured device works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It can be opened.
    Present,
    /// It cannot, or it stopped working. The engine tries again by itself every two seconds.
    Missing {
        /// GStreamer's or the system's words, for the technician.
        reason: String,
    },
    /// The configuration says that the booth has none.
    NotConfigured,
}

/// Why a call is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// [`crate::Media::end_call`] or [`crate::Media::suspend_call`] was called.
    Local,
    /// Another call was started.
    Replaced,
    /// The officer's side closed the connection.
    Remote,
    /// No connection within 30 s of the offer.
    TimedOut,
    /// The path was dead for so long that ICE gave it up.
    Lost,
    /// The answer was no usable session description.
    BadAnswer(String),
    /// The connection was refused or broke, for example because the peer's certificate did not match the fingerprint in its
    /// answer (RFC 8122). Never show a picture of such a peer.
    Failed(String),
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallState {
    /// The offer is out; no path yet.
    Connecting,
    /// Packets pass in both directions, encrypted to the certificate of the answer.
    Live,
    /// Nothing was heard for a while. Either the call becomes [`CallState::Live`] again by itself, or the owner starts a new one.
    Interrupted,
    /// Over; no further event carries this call's id.
    Ended(EndReason),
}

/// Which camera takes a photograph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhotoCamera {
    /// The document camera.
    Documents,
    /// The camera that faces the participant.
    Face,
}

/// A photograph at the camera's full resolution.
#[derive(Clone, PartialEq)]
pub struct Photo {
    /// The JPEG file, without metadata.
    pub jpeg: Vec<u8>,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether an officer will be able to read it.
    pub quality: PhotoQuality,
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Photo({}x{}, {} bytes, {:?})", self.width, self.height, self.jpeg.len(), self.quality)
    }
}

/// Something the owner must know.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEvent {
    /// The camera that faces the participant came, went or was looked for.
    Camera(Availability),
    /// The document camera came, went or was looked for.
    DocumentCamera(Availability),
    /// The microphone came, went or was looked for.
    Microphone(Availability),
    /// The loudspeaker came, went or was looked for.
    Speaker(Availability),
    /// Level of the microphone, in dB relative to full scale, ten times a second while [`crate::Media::check_sound`] listens.
    MicrophoneLevel(f32),
    /// The session description for the officer's browser, complete with candidates.
    Offer {
        /// The call it opens.
        call: CallId,
        /// SDP (RFC 8866).
        sdp: String,
    },
    /// A call changed its state.
    Call {
        /// Which.
        call: CallId,
        /// The new state.
        state: CallState,
    },
    /// The officer's pictures began (`true`) or stopped (`false`) to arrive. This, not the call's state, is what a "live" sign
    /// follows.
    OfficerVideo(bool),
    /// A photograph is ready or failed.
    Photo {
        /// The number that [`crate::Media::take_photo`] was called with.
        request: u64,
        /// The picture.
        result: Result<Photo, PhotoError>,
    },
}

/// Counters of the engine, for the service page and for metrics. Totals since the start; levels of the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CallStats {
    /// Officer's pictures decoded.
    pub frames_decoded: u64,
    /// Coded pictures handed to the connection.
    pub frames_sent: u64,
    /// RTP packets handed to the connection.
    pub packets_sent: u64,
    /// Payload bytes of those packets.
    pub bytes_sent: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// Payload bytes of those packets.
    pub bytes_received: u64,
    /// Packets that were dropped because a queue was full.
    pub packets_dropped: u64,
    /// Keyframes produced on request.
    pub keyframes_sent: u64,
    /// Level of the officer's voice, in dB relative to full scale; -120 or below is silence.
    pub audio_level_db: f32,
    /// What the path is believed to carry, in bit/s; 0 before the first estimate.
    pub estimate_bps: u64,
    /// What the video encoder is set to, in bit/s.
    pub video_bps: u64,
}
