//! Which devices the booth uses, as a technician writes them in the configuration file.
//!
//! Each device is one string, so the same word works in TOML, on a service page and in a log line. `test` is a legal value of
//! every device: the booth then runs complete without hardware, on pictures and tones that this crate draws itself.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// Longest device string that is accepted, in bytes: longer than any path below `/dev/v4l/by-id`, short enough to show.
const MAX_DEVICE_BYTES: usize = 256;

/// What a test camera shows. All scenes are synthetic and carry no person's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TestScene {
    /// The scene that fits the camera's place: [`TestScene::Person`] at the main camera, [`TestScene::Document`] at the other.
    Usual,
    /// A drawn head and shoulders, the booth's label, a moving hand and the frame counter strip. 1280x720 at 30 frames/s.
    Person,
    /// The same, but the strip shows the milliseconds of the wall clock: whoever receives the picture on the same machine sees
    /// how old it is.
    Clock,
    /// A sharp sheet of paper on a grey desk. 1920x1080 at 10 frames/s, as all document scenes.
    Document,
    /// The same sheet out of focus.
    Blurred,
    /// The same sheet with a lamp mirrored in it.
    Glare,
    /// The same sheet in a dark room.
    Dark,
}

/// Where a picture comes from. As a string: `none`, `test`, `test:document` (or `person`, `clock`, `blurred`, `glare`, `dark`), or the
/// absolute path of a Video4Linux device such as `/dev/video0` or, better, its stable name below `/dev/v4l/by-id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CameraSource {
    /// A picture drawn by the booth itself.
    Test(TestScene),
    /// A Video4Linux capture device.
    V4l2(PathBuf),
    /// The booth has no such camera.
    None,
}

/// Where the participant's voice comes from. As a string: `none`, `test`, `alsa:DEVICE`, `pulse` or `pulse:SOURCE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MicrophoneSource {
    /// A soft tick once a second.
    Test,
    /// An ALSA capture device, such as `plughw:1,0`.
    Alsa(String),
    /// A PulseAudio (or PipeWire) source; without a name the server's default.
    Pulse(Option<String>),
    /// The booth has no microphone.
    None,
}

/// Where the officer's voice goes. As a string: `none` (also `test`), `alsa:DEVICE`, `pulse` or `pulse:SINK`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SpeakerSink {
    /// Decoded and measured, but not heard.
    Discard,
    /// An ALSA playback device, such as `plughw:1,0`.
    Alsa(String),
    /// A PulseAudio (or PipeWire) sink; without a name the server's default.
    Pulse(Option<String>),
}

/// Everything the media engine must know before it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaConfig {
    /// The camera that faces the participant.
    pub camera: CameraSource,
    /// The camera that looks down on the documents. Must be another device than `camera`.
    pub document_camera: CameraSource,
    /// The participant's microphone.
    pub microphone: MicrophoneSource,
    /// The participant's loudspeaker or headset.
    pub speaker: SpeakerSink,
    /// Addresses of this machine that calls may use. Empty: every address of every interface; loopback only if there is no other.
    pub ice_addresses: Vec<IpAddr>,
    /// The booth's name as drawn into the test scene. Never sent otherwise.
    pub label: String,
}

impl Default for MediaConfig {
    /// A booth without any device.
    fn default() -> Self {
        Self {
            camera: CameraSource::None,
            document_camera: CameraSource::None,
            microphone: MicrophoneSource::None,
            speaker: SpeakerSink::Discard,
            ice_addresses: Vec::new(),
            label: String::new(),
        }
    }
}

impl MediaConfig {
    /// Checks what the types alone cannot say.
    ///
    /// # Errors
    ///
    /// [`ConfigError::SameCamera`] if both cameras are one device: Video4Linux lends a device to one user at a time.
    pub fn check(&self) -> Result<(), ConfigError> {
        match (&self.camera, &self.document_camera) {
            (CameraSource::V4l2(face), CameraSource::V4l2(documents)) if face == documents => {
                Err(ConfigError::SameCamera { device: face.display().to_string() })
            }
            (CameraSource::Test(_) | CameraSource::V4l2(_) | CameraSource::None, _) => Ok(()),
        }
    }
}

impl TestScene {
    const NAMED: [(&str, Self); 6] = [
        ("person", Self::Person),
        ("clock", Self::Clock),
        ("document", Self::Document),
        ("blurred", Self::Blurred),
        ("glare", Self::Glare),
        ("dark", Self::Dark),
    ];
}

impl FromStr for CameraSource {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let unknown = || ConfigError::UnknownDevice { role: "camera", device: shown(text) };
        if text.len() > MAX_DEVICE_BYTES {
            return Err(unknown());
        }
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            None if text == "test" => Ok(Self::Test(TestScene::Usual)),
            Some(("test", scene)) => {
                let named = TestScene::NAMED.iter().find(|(name, _)| *name == scene);
                named.map(|(_, scene)| Self::Test(*scene)).ok_or_else(unknown)
            }
            Some(_) | None if text.starts_with("/dev/") => Ok(Self::V4l2(PathBuf::from(text))),
            Some(_) | None => Err(unknown()),
        }
    }
}

impl fmt::Display for CameraSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(TestScene::Usual) => f.write_str("test"),
            Self::Test(scene) => {
                let name = TestScene::NAMED.iter().find(|(_, named)| named == scene).map_or("", |(name, _)| name);
                write!(f, "test:{name}")
            }
            Self::V4l2(path) => write!(f, "{}", path.display()),
            Self::None => f.write_str("none"),
        }
    }
}

impl FromStr for MicrophoneSource {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "none" => Ok(Self::None),
            "test" => Ok(Self::Test),
            text => match sound_device(text) {
                Some(Sound::Alsa(device)) => Ok(Self::Alsa(device)),
                Some(Sound::Pulse(device)) => Ok(Self::Pulse(device)),
                None => Err(ConfigError::UnknownDevice { role: "microphone", device: shown(text) }),
            },
        }
    }
}

impl fmt::Display for MicrophoneSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test => f.write_str("test"),
            Self::Alsa(device) => write!(f, "alsa:{device}"),
            Self::Pulse(Some(source)) => write!(f, "pulse:{source}"),
            Self::Pulse(None) => f.write_str("pulse"),
            Self::None => f.write_str("none"),
        }
    }
}

impl FromStr for SpeakerSink {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "none" | "test" => Ok(Self::Discard),
            text => match sound_device(text) {
                Some(Sound::Alsa(device)) => Ok(Self::Alsa(device)),
                Some(Sound::Pulse(device)) => Ok(Self::Pulse(device)),
                None => Err(ConfigError::UnknownDevice { role: "speaker", device: shown(text) }),
            },
        }
    }
}

impl fmt::Display for SpeakerSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discard => f.write_str("none"),
            Self::Alsa(device) => write!(f, "alsa:{device}"),
            Self::Pulse(Some(sink)) => write!(f, "pulse:{sink}"),
            Self::Pulse(None) => f.write_str("pulse"),
        }
    }
}

macro_rules! string_conversions {
    ($($device:ty),+) => {$(
        impl TryFrom<String> for $device {
            type Error = ConfigError;

            fn try_from(text: String) -> Result<Self, ConfigError> {
                text.parse()
            }
        }

        impl From<$device> for String {
            fn from(device: $device) -> Self {
                device.to_string()
            }
        }
    )+};
}

string_conversions!(CameraSource, MicrophoneSource, SpeakerSink);

enum Sound {
    Alsa(String),
    Pulse(Option<String>),
}

/// Reads the part that microphone and speaker have in common. `None` if it is neither system, empty or too long.
fn sound_device(text: &str) -> Option<Sound> {
    if text.len() > MAX_DEVICE_BYTES {
        return None;
    }
    match text.split_once(':') {
        None if text == "pulse" => Some(Sound::Pulse(None)),
        Some(("alsa", device)) if !device.is_empty() => Some(Sound::Alsa(device.to_owned())),
        Some(("pulse", device)) if !device.is_empty() => Some(Sound::Pulse(Some(device.to_owned()))),
        Some(_) | None => None,
    }
}

/// The start of a rejected value, for the error message.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `text` and writes it again; `None` means that it must be refused.
    fn check<D>(text: &str, expect: Option<(D, &str)>)
    where
        D: FromStr<Err = ConfigError> + fmt::Display + fmt::Debug + PartialEq,
    {
        match (text.parse::<D>(), expect) {
            (Ok(device), Some((expected, written))) => {
                assert_eq!(device, expected, "{text}");
                assert_eq!(device.to_string(), written, "{text}");
            }
            (Err(_), None) => {}
            (got, expect) => panic!("{text}: {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn devices_are_read_from_one_string() {
        check("none", Some((CameraSource::None, "none")));
        check("test", Some((CameraSource::Test(TestScene::Usual), "test")));
        check("test:glare", Some((CameraSource::Test(TestScene::Glare), "test:glare")));
        check("/dev/video0", Some((CameraSource::V4l2("/dev/video0".into()), "/dev/video0")));
        check(
            "/dev/v4l/by-path/pci-0:1",
            Some((CameraSource::V4l2("/dev/v4l/by-path/pci-0:1".into()), "/dev/v4l/by-path/pci-0:1")),
        );
        for refused in ["", "video0", "test:", "test:cat", "Test", &format!("/dev/{}", "x".repeat(300))] {
            check::<CameraSource>(refused, None);
        }

        check("test", Some((MicrophoneSource::Test, "test")));
        check("alsa:plughw:1,0", Some((MicrophoneSource::Alsa("plughw:1,0".into()), "alsa:plughw:1,0")));
        check("pulse", Some((MicrophoneSource::Pulse(None), "pulse")));
        check("pulse:booth", Some((MicrophoneSource::Pulse(Some("booth".into())), "pulse:booth")));
        for refused in ["", "alsa", "alsa:", "pulse:", "oss:0"] {
            check::<MicrophoneSource>(refused, None);
        }

        check("test", Some((SpeakerSink::Discard, "none")));
        check("alsa:default", Some((SpeakerSink::Alsa("default".into()), "alsa:default")));
        check::<SpeakerSink>("loud", None);
    }

    #[test]
    fn configuration_is_read_from_toml_and_refuses_unknown_keys() {
        let config: MediaConfig = toml::from_str(
            "camera = 'test'\ndocument_camera = '/dev/video2'\nmicrophone = 'pulse'\nice_addresses = ['192.0.2.7']\nlabel = 'Bilik 3'",
        )
        .unwrap();
        assert_eq!(config.camera, CameraSource::Test(TestScene::Usual));
        assert_eq!(config.microphone, MicrophoneSource::Pulse(None));
        assert_eq!(config.speaker, SpeakerSink::Discard);
        assert_eq!(config.check(), Ok(()));
        assert!(toml::from_str::<MediaConfig>("camara = 'test'").is_err());
    }

    #[test]
    fn one_device_cannot_be_both_cameras() {
        let device = CameraSource::V4l2("/dev/video0".into());
        let config = MediaConfig { camera: device.clone(), document_camera: device, ..MediaConfig::default() };
        assert!(matches!(config.check(), Err(ConfigError::SameCamera { .. })));
    }
}
