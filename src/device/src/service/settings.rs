//! What this booth has of its own: the configuration that its program reads, and the machine's address.
//!
//! Kept is only what differs from the image ([`Settings`]). The booth's configuration is made from it and from the shipped
//! one at every start, so an update's new defaults come through, and a setting that the new version does not know any
//! more costs the setting and not the booth.

use super::commands::Tool;
use super::machine::Machine;
use super::network;
use super::refusal::Refusal;
use bilik_claim::provision::{Addressing as Addressed, Media, Provision, Reader, Screen};
use bilik_device::{Addressing, Failure};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The configuration that the booth's program runs with, if there is one.
pub const CONFIG: &str = "booth.toml";
const SHIPPED: &str = "/etc/bilik/booth.toml";
const KEPT: &str = "settings.json";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub network: Option<Addressed>,
    pub reader: Option<Reader>,
    pub screen: Option<Screen>,
    pub media: Option<Media>,
}

impl Settings {
    pub fn load(machine: &Machine) -> Self {
        machine.recall(KEPT).unwrap_or_default()
    }

    /// As the file says. What it does not say of the network stays.
    pub fn with(self, provision: &Provision) -> Self {
        let Provision { hub: _, network, reader, screen, media, service: _ } = provision.clone();
        Self { network: network.or(self.network), reader, screen, media }
    }

    /// Keeps them, and makes the booth's configuration of them. A setting that the booth refuses changes nothing.
    ///
    /// # Errors
    ///
    /// [`Failure::BadFile`] with what the booth says of it.
    pub fn store(&self, machine: &Machine) -> Result<(), Refusal> {
        write_config(machine, self)?;
        machine.keep(KEPT, self)
    }

    pub fn addressing(&self) -> Option<Addressing> {
        self.network.clone().map(|network| match network {
            Addressed::Dhcp {} => Addressing::Dhcp,
            Addressed::Fixed { address, prefix, gateway, dns } => Addressing::Fixed { address, prefix, gateway, dns },
        })
    }

    pub fn set_addressing(&mut self, addressing: &Addressing) {
        self.network = Some(match addressing.clone() {
            Addressing::Dhcp => Addressed::Dhcp {},
            Addressing::Fixed { address, prefix, gateway, dns } => Addressed::Fixed { address, prefix, gateway, dns },
        });
    }
}

/// Before anything else runs: what was kept becomes configuration and address. Nothing here stops the machine.
pub fn apply_at_start(machine: &Machine) {
    let settings = Settings::load(machine);
    if let Err(error) = write_config(machine, &settings) {
        tracing::error!(%error, "the booth's own settings do not fit this version; it runs with the shipped ones");
        if let Err(error) = machine.forget(CONFIG) {
            tracing::error!(%error, "the old configuration stays");
        }
    }
    if let Err(error) = network::write(machine, settings.addressing().as_ref()) {
        tracing::error!(%error, "the address was not set");
    }
}

fn write_config(machine: &Machine, settings: &Settings) -> Result<(), Refusal> {
    let shipped = machine.path(SHIPPED);
    let text = std::fs::read_to_string(&shipped).map_err(Refusal::io("read", &shipped))?;
    let text = compose(&text, settings).map_err(|error: toml::de::Error| {
        Refusal::new(Failure::Io, format!("failed to understand {}: {error}", shipped.display()))
    })?;
    let tried = machine.own("booth.tried.toml");
    machine.write(&tried, text.as_bytes(), 0o644, None)?;
    let said = Tool::new("bilik-booth").arg("--config").arg(&tried).arg("--check").ask()?;
    if !said.status.success() {
        // The file that it names is none that anybody knows.
        let word = said.last_word().replace(&format!("{}: ", tried.display()), "");
        return Err(Refusal::new(Failure::BadFile, word));
    }
    machine.forget("booth.tried.toml")?;
    machine.write(&machine.own(CONFIG), text.as_bytes(), 0o644, None)
}

/// The shipped configuration with what differs.
fn compose(shipped: &str, settings: &Settings) -> Result<String, toml::de::Error> {
    let mut whole: Table = shipped.parse()?;
    let mut set = |section: &str, key: &str, value: Value| {
        let section = whole.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(section) = section {
            section.insert(key.to_owned(), value);
        }
    };
    if let Some(reader) = &settings.reader {
        set("reader", "port", reader.port.clone().into());
        set("reader", "profile", reader.profile.clone().into());
    }
    if let Some(screen) = settings.screen {
        set("screen", "scale", f64::from(screen.scale).into());
    }
    if let Some(media) = &settings.media {
        let Media { camera, document_camera, microphone, speaker } = media;
        let names = ["camera", "document_camera", "microphone", "speaker"];
        for (name, value) in names.into_iter().zip([camera, document_camera, microphone, speaker]) {
            if let Some(value) = value {
                set("media", name, value.clone().into());
            }
        }
    }
    Ok(whole.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_laid_over() {
        let shipped = "state_dir = \"/var/lib/bilik\"\n[media]\ncamera = \"none\"\nspeaker = \"none\"\n";
        let check = |settings: &str, path: &[&str], expect: Option<Value>| {
            let settings: Settings = serde_json::from_str(settings).unwrap();
            let whole: Value = Value::Table(compose(shipped, &settings).unwrap().parse().unwrap());
            let found = path.iter().try_fold(&whole, |value, key| value.get(key));
            assert_eq!(found, expect.as_ref(), "{path:?}");
        };
        check("{}", &["media", "camera"], Some("none".into()));
        check("{}", &["reader"], None);
        let media = r#"{"media": {"camera": "/dev/video0"}}"#;
        check(media, &["media", "camera"], Some("/dev/video0".into()));
        check(media, &["media", "speaker"], Some("none".into()));
        check(media, &["state_dir"], Some("/var/lib/bilik".into()));
        let reader = r#"{"reader": {"port": "usb:0c2e:0caa", "profile": "line\"\n[evil]"}}"#;
        check(reader, &["reader", "profile"], Some("line\"\n[evil]".into()));
        check(reader, &["evil"], None);
        check(r#"{"screen": {"scale": 1.5}}"#, &["screen", "scale"], Some(1.5.into()));
    }

    #[test]
    fn addresses_go_both_ways() {
        let mut settings = Settings::default();
        assert_eq!(settings.addressing(), None);
        let fixed = Addressing::Fixed {
            address: "192.0.2.20".parse().unwrap(),
            prefix: 24,
            gateway: None,
            dns: vec!["192.0.2.53".parse().unwrap()],
        };
        for addressing in [Addressing::Dhcp, fixed] {
            settings.set_addressing(&addressing);
            let kept: Settings = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
            assert_eq!(kept.addressing(), Some(addressing));
        }
    }
}
