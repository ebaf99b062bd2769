//! A technician's page as data: what stands on it and what its buttons mean. Made from what is known, tested without a window.

use crate::service::Act;
use bilik_claim::machine::Progress;
use bilik_claim::text::Language;
use bilik_claim::wire::DeviceState;
use bilik_journal::courier::Trouble;
use bilik_ui::{ServicePanel, Tone};
use zeroize::Zeroizing;

/// What the booth itself knows, beside the machine.
#[derive(Clone, Debug, Default)]
pub struct Around {
    pub booth: String,
    pub booth_id: String,
    pub hub: Option<String>,
    pub hub_connected: bool,
    pub wrong_hub: bool,
    /// Whether a claim could be kept; none while the queue is being opened.
    pub queue: Option<Result<(), Trouble>>,
    pub queued: u32,
    pub refused: u32,
    pub lost: u32,
    pub reader: DeviceState,
    pub reader_doubted: bool,
    pub camera: DeviceState,
    pub document_camera: DeviceState,
    pub microphone: DeviceState,
    pub speaker: DeviceState,
    /// Whether there is a touch screen; none where that is not for the booth to know.
    pub touch: Option<bool>,
    /// Port and profile of the configured reader.
    pub reader_set: Option<(String, String)>,
    /// The serial lines there are, by name.
    pub ports: Vec<String>,
    /// Names and titles of the profiles there are.
    pub profiles: Vec<(String, String)>,
    /// Of the file system that the queue lies on, in bytes.
    pub disk_free: Option<u64>,
    /// Until when the booth's certificate counts, as a date, and how many days that is.
    pub certificate: Option<(String, i64)>,
    /// Date and time of day, as written here.
    pub clock: String,
    /// What the booth says of its system, signed; none before it is enrolled.
    pub attestation: Option<String>,
    /// What has become of an update that the hub offers.
    pub update: Progress,
    /// What the reader has sent, while somebody looks at it.
    pub raw: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub title: String,
    pub lead: String,
    /// How it ended: a large sign.
    pub ended: Option<bool>,
    pub message: Option<(String, Tone)>,
    pub disks: Vec<Disk>,
    pub lines: Vec<Line>,
    /// What is typed.
    pub fields: Vec<Field>,
    pub actions: Vec<Button>,
    pub work: Option<Bar>,
    pub detail: String,
    pub qr: Option<String>,
    pub panel: Panel,
    /// How loud the microphone hears, 0 to 1.
    pub meter: Option<f32>,
}

/// What stands beside the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    #[default]
    None,
    Touch,
    Pictures,
    Raw,
    Form,
}

impl Panel {
    pub fn shown(self) -> ServicePanel {
        match self {
            Panel::None => ServicePanel::None,
            Panel::Touch => ServicePanel::Touch,
            Panel::Pictures => ServicePanel::Pictures,
            Panel::Raw => ServicePanel::Raw,
            Panel::Form => ServicePanel::Form,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    pub name: String,
    pub note: String,
    pub chosen: bool,
}

/// A field of a form. Touching it makes the keys type there.
#[derive(Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub text: Zeroizing<String>,
    pub chosen: bool,
    pub act: Act,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may hold a secret.
        f.debug_struct("Field").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub label: String,
    pub value: String,
    pub note: String,
    pub tone: Tone,
    pub act: Option<(&'static str, Act)>,
}

impl Line {
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), note: String::new(), tone: Tone::None, act: None }
    }

    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    pub fn act(self, label: &'static str, act: Act) -> Self {
        Self { act: Some((label, act)), ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Plain,
    Primary,
    Danger,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    pub label: String,
    pub act: Act,
    pub look: Look,
    pub enabled: bool,
}

impl Button {
    pub fn new(label: impl Into<String>, act: Act, look: Look) -> Self {
        Self { label: label.into(), act, look, enabled: true }
    }

    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }
}

/// How far something is.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub step: &'static str,
    pub part: f32,
    pub remaining: String,
}

/// Picks the language of a sentence that stands where it is used.
#[derive(Clone, Copy)]
pub struct Say(pub Language);

impl Say {
    pub fn say(self, id: &'static str, en: &'static str) -> &'static str {
        match self.0 {
            Language::Id => id,
            Language::En => en,
        }
    }
}
