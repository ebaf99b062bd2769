//! The booth's configuration: one TOML file, every key documented in `booth.example.toml`.

use bilik_media::{CameraSource, MediaConfig, MicrophoneSource, SpeakerSink};
use bilik_scanner::profile::ProfilesError;
use bilik_scanner::{PortName, Profiles};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The annotated example, which a test keeps true.
pub const EXAMPLE: &str = include_str!("../booth.example.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub state_dir: PathBuf,
    #[serde(default)]
    pub log: LogFormat,
    #[serde(default)]
    pub screen: Screen,
    #[serde(default)]
    pub reader: Option<Reader>,
    #[serde(default)]
    pub media: Media,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// The window, where there is a desktop. On the bare screen of a booth it is as large as the screen.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Screen {
    /// Physical pixels.
    pub width: u32,
    pub height: u32,
    /// Physical pixels for each logical one: 1.0 on 1280x800, 1.5 on 1920x1080, both at 15.6 inches.
    pub scale: f32,
    pub fullscreen: bool,
}

impl Default for Screen {
    fn default() -> Self {
        Self { width: 1280, height: 800, scale: 1.0, fullscreen: false }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    pub port: PortName,
    #[serde(default = "default_profile")]
    pub profile: String,
    /// Folder of further profiles, which replace shipped ones of the same name.
    #[serde(default)]
    pub profiles: Option<PathBuf>,
}

impl Reader {
    /// The profiles there are for this reader.
    pub fn profiles(&self) -> Result<Profiles, ProfilesError> {
        match &self.profiles {
            Some(folder) => Profiles::shipped().with_folder(folder),
            None => Ok(Profiles::shipped()),
        }
    }
}

fn default_profile() -> String {
    "line".into()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    pub camera: CameraSource,
    pub document_camera: CameraSource,
    pub microphone: MicrophoneSource,
    pub speaker: SpeakerSink,
    pub ice_addresses: Vec<IpAddr>,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            camera: CameraSource::None,
            document_camera: CameraSource::None,
            microphone: MicrophoneSource::None,
            speaker: SpeakerSink::Discard,
            ice_addresses: Vec::new(),
        }
    }
}

/// Why a configuration is not usable: one line with file, key and reason.
#[derive(Debug, Error)]
#[error("{file}: {key}: {reason}")]
pub struct ConfigError {
    pub file: String,
    pub key: String,
    pub reason: String,
    missing: bool,
}

impl ConfigError {
    /// There is no such file.
    pub fn is_missing(&self) -> bool {
        self.missing
    }
}

impl Config {
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let error = |key: String, reason, missing| ConfigError { file: file.clone(), key, reason, missing };
        let text = std::fs::read_to_string(path).map_err(|e| {
            error("file".into(), format!("cannot be read: {e}"), e.kind() == std::io::ErrorKind::NotFound)
        })?;
        Self::parse(&text).map_err(|(key, reason)| error(key, reason, false))
    }

    fn parse(text: &str) -> Result<Self, (String, String)> {
        let config: Config = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(0, |span| text.get(..span.start).unwrap_or(text).matches('\n').count()) + 1;
            let named = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
            (named.unwrap_or("file").to_owned(), format!("line {line}: {}", e.message().replace('\n', " ")))
        })?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), (String, String)> {
        let fault = |key: &str, reason: &str| Err((key.to_owned(), reason.to_owned()));
        if !self.state_dir.is_absolute() {
            return fault("state_dir", "must be an absolute path, for example \"/var/lib/bilik\"");
        }
        if !(0.5..=4.0).contains(&self.screen.scale) {
            return fault("screen.scale", "must lie between 0.5 and 4.0");
        }
        if !(480..=7680).contains(&self.screen.width) || !(480..=7680).contains(&self.screen.height) {
            return fault("screen.width", "width and height must lie between 480 and 7680 pixels");
        }
        self.media("").check().map_err(|e| ("media.document_camera".to_owned(), e.to_string()))?;
        if let Some(reader) = &self.reader {
            let profiles = reader.profiles().map_err(|e| ("reader.profiles".to_owned(), crate::chain(&e)))?;
            if profiles.by_name(&reader.profile).is_none() {
                let reason = format!("{:?} does not exist; there are: {}", reader.profile, profiles.names());
                return fault("reader.profile", &reason);
            }
        }
        Ok(())
    }

    /// What the media engine is to use; `label` names the booth in a test picture.
    pub fn media(&self, label: &str) -> MediaConfig {
        MediaConfig {
            camera: self.media.camera.clone(),
            document_camera: self.media.document_camera.clone(),
            microphone: self.media.microphone.clone(),
            speaker: self.media.speaker.clone(),
            ice_addresses: self.media.ice_addresses.clone(),
            label: label.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_valid() {
        Config::parse(EXAMPLE).unwrap();
    }

    #[test]
    fn faults_name_the_key() {
        let check = |text: &str, key: &str, reason: &str| {
            let (found, why) = Config::parse(text).unwrap_err();
            assert_eq!(found, key, "{text}: {why}");
            assert!(why.contains(reason), "{why}");
        };
        check("state_dir = \"relative\"", "state_dir", "absolute");
        check("state_dir = 3", "state_dir", "line 1");
        check("state_dir = \"/x\"\nstat = 1", "stat", "line 2");
        check("state_dir = \"/x\"\n[screen]\nscale = 9.0", "screen.scale", "between");
        check(
            "state_dir = \"/x\"\n[reader]\nport = \"/dev/ttyS0\"\nprofile = \"abc\"",
            "reader.profile",
            "does not exist",
        );
        check("", "file", "state_dir");
        check(
            "state_dir = \"/x\"\n[media]\ncamera = \"/dev/video0\"\ndocument_camera = \"/dev/video0\"",
            "media.document_camera",
            "video0",
        );
    }
}
