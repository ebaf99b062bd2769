//! What a technician can do, where they can be, and what follows outside of the pure part.

use super::enrol_form::EnrolField;
use super::network_form::NetworkField;
use bilik_device::{Request, Status};
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Overview,
    Touch,
    Media,
    Reader,
    Network,
    Update,
    Stick,
    Power,
}

impl Section {
    pub const ALL: [Self; 8] =
        [Self::Overview, Self::Touch, Self::Media, Self::Reader, Self::Network, Self::Update, Self::Stick, Self::Power];
}

/// A technician's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Installer,
    Enrol,
    /// Where the hub is and its code, typed.
    TypeCode,
    Pin,
    Menu(Section),
}

/// A touch, by what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Which disk is to become a booth, by its place.
    Disk(usize),
    Section(Section),
    OpenMenu,
    CloseMenu,
    EnterPin,
    /// Starts the touch test anew.
    ClearTouch,
    /// A tone through the loudspeaker.
    PlayTone,
    EditNetwork,
    Field(NetworkField),
    SaveNetwork,
    StopEditing,
    /// Enrol without a stick.
    TypeCode,
    EnrolField(EnrolField),
    SendCode,
    /// Forget how the last request ended.
    TryAgain,
    /// The booth is enrolled: start with it.
    Serve,
    /// Of the machine, after a question where something is lost by it.
    Request(Request),
    Confirm,
    Cancel,
}

/// Shall this be done?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// On the disk that is chosen.
    Install,
    FactoryReset,
    PowerOff,
    Restart,
}

/// What is to be done outside.
#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    Ask(Request),
    CheckPin(Zeroizing<String>),
    /// Show, or no longer, what the cameras see, and how loud the microphone hears.
    Media(bool),
    PlayTone,
    /// Show, or no longer, what the reader sends.
    Raw(bool),
    /// Start the booth's program anew.
    StartAnew,
}

/// What is known of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Machine {
    /// Not asked yet.
    Unknown,
    Absent,
    Known(Box<Status>),
}

/// What leaving one section and entering another turns on and off.
pub(super) fn turned(before: Option<Section>, after: Option<Section>) -> Vec<Order> {
    let mut orders = Vec::new();
    let mut follow = |section, order: fn(bool) -> Order| {
        if (before == Some(section)) != (after == Some(section)) {
            orders.push(order(after == Some(section)));
        }
    };
    follow(Section::Media, Order::Media);
    follow(Section::Reader, Order::Raw);
    orders
}

/// What is asked before a request: something ends or is lost by it.
pub(super) fn asked_first(request: &Request, page: Option<Page>) -> Option<Question> {
    match request {
        // After an installation there is nothing left to lose on the stick.
        Request::Restart | Request::PowerOff if page == Some(Page::Installer) => None,
        Request::Restart => Some(Question::Restart),
        Request::PowerOff => Some(Question::PowerOff),
        Request::Install { .. } => Some(Question::Install),
        Request::FactoryReset => Some(Question::FactoryReset),
        Request::Status
        | Request::Provision
        | Request::Enrol { .. }
        | Request::SetNetwork { .. }
        | Request::SetReader { .. }
        | Request::Update { .. }
        | Request::SetClock { .. }
        | Request::Healthy
        | Request::Diagnostics
        | Request::ExportQueue => None,
    }
}
