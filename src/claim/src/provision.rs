//! What a technician carries to a booth: the file `bilik.toml` on a stick.
//!
//! `bilik-hub provision` writes it, the booth's machine reads it: which hub, which network, which card reader. Every key is in
//! `provision.example.toml` ([`EXAMPLE`]). It is a secret until it has been used, for whoever has the enrolment code first
//! becomes the booth, and the PIN behind [`Service::pin_hash`] can be guessed by whoever has the file for long: it has six to
//! ten digits. So an error that shows the line it is about does not belong into a log; [`ProvisionError`] never does.
//!
//! These are the types. Whoever reads the file bounds it by [`MAX_BYTES`], parses it as TOML, and asks [`Provision::check`].

use crate::enrolment::EnrolmentCode;
use crate::personal::Personal;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv6Addr};
use thiserror::Error;

/// The name of the file, in the root of the stick.
pub const FILE: &str = "bilik.toml";
/// The largest file that is read, in bytes. A real one has about one kilobyte.
pub const MAX_BYTES: usize = 64 << 10;
/// Every key with its meaning. A test of the hub keeps it true.
pub const EXAMPLE: &str = include_str!("provision.example.toml");

/// Digits of the technician's PIN.
pub const PIN_DIGITS: std::ops::RangeInclusive<usize> = 6..=10;

/// Longest name of a device or a profile, in bytes.
const MAX_NAME: usize = 200;
/// Longest PHC string, in bytes.
const MAX_PIN_HASH: usize = 200;
/// What checking the PIN may cost: the booth does it, between two calls.
const MAX_PIN_MEMORY_KIB: u32 = 64 << 10;
const MAX_PIN_PASSES: u32 = 10;
const MAX_PIN_LANES: u32 = 4;

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provision {
    pub hub: Hub,
    /// None: what the machine has, which is DHCP on a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Addressing>,
    /// None: no card reader; participants type their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<Reader>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<Screen>,
    /// None: what the booth's image comes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
}

/// Where this booth belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    /// `host:port` of the hub's console, as `bilik-booth enrol` takes it. IPv6 in brackets.
    pub address: String,
    /// Works once. It names the hub's authority too, so a changed address cannot lead to a wrong hub.
    #[serde(with = "code")]
    pub code: EnrolmentCode,
}

/// How the machine gets its address. Names and meaning are those of `bilik_device::Addressing`.
// `Dhcp` is a struct without fields because serde lets unknown keys pass beside the tag of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Addressing {
    Dhcp {},
    Fixed {
        address: IpAddr,
        /// Length of the network's prefix, in bits: 24 stands for 255.255.255.0.
        prefix: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gateway: Option<IpAddr>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dns: Vec<IpAddr>,
    },
}

/// The card reader. Both as in the booth's configuration, which knows whether there are such.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// A device, or `usb:VENDOR:PRODUCT[:SERIAL]`.
    pub port: String,
    /// As `bilik-booth scan --list` names them.
    pub profile: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// Physical pixels for each logical one, 0.5 to 4.0.
    pub scale: f32,
}

/// As in the booth's configuration. None: what the booth's image comes with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_camera: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microphone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
}

/// The menu for technicians.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// argon2id (RFC 9106) of the PIN, as a PHC string. None: the menu of an enrolled booth stays shut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_hash: Option<Personal>,
}

/// What is wrong with a file that has the right keys: key and reason, nothing of what is secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key}: {reason}")]
pub struct ProvisionError {
    pub key: &'static str,
    pub reason: String,
}

impl Provision {
    /// Checks what the types alone cannot say. Whether device and profile exist, only the booth knows.
    pub fn check(&self) -> Result<(), ProvisionError> {
        let refuse = |key, reason: &str| Err(ProvisionError { key, reason: reason.to_owned() });
        if !is_host_port(&self.hub.address) {
            return refuse("hub.address", "must be host:port, for example \"hub.cabang.example:8443\"");
        }
        if let Some(network) = &self.network {
            network.check()?;
        }
        if self.screen.is_some_and(|screen| !(0.5..=4.0).contains(&screen.scale)) {
            return refuse("screen.scale", "must lie between 0.5 and 4.0");
        }
        let (reader, media) = (self.reader.as_ref(), self.media.as_ref());
        let names = [
            ("reader.port", reader.map(|reader| &reader.port)),
            ("reader.profile", reader.map(|reader| &reader.profile)),
            ("media.camera", media.and_then(|media| media.camera.as_ref())),
            ("media.document_camera", media.and_then(|media| media.document_camera.as_ref())),
            ("media.microphone", media.and_then(|media| media.microphone.as_ref())),
            ("media.speaker", media.and_then(|media| media.speaker.as_ref())),
        ];
        for (key, name) in names {
            let bad = |name: &&String| name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control);
            if name.as_ref().is_some_and(bad) {
                return refuse(key, "must have 1 to 200 bytes and no control characters");
            }
        }
        let hash = self.service.as_ref().and_then(|service| service.pin_hash.as_ref());
        if hash.is_some_and(|hash| !is_pin_hash(hash.reveal())) {
            return refuse("service.pin_hash", "must be an argon2id hash as `bilik-hub provision --pin` writes it");
        }
        Ok(())
    }
}

impl Addressing {
    fn check(&self) -> Result<(), ProvisionError> {
        let refuse = |key, reason: &str| Err(ProvisionError { key, reason: reason.to_owned() });
        let Addressing::Fixed { address, prefix, gateway, dns } = self else { return Ok(()) };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        if !(1..=bits).contains(prefix) {
            return refuse("network.prefix", &format!("must be 1 to {bits}"));
        }
        if !is_host(*address) {
            return refuse("network.address", "is not the address of one machine");
        }
        match gateway {
            Some(gateway) if !is_host(*gateway) || gateway.is_ipv4() != address.is_ipv4() || gateway == address => {
                return refuse("network.gateway", "must be another machine's address, of the same kind");
            }
            Some(_) | None => {}
        }
        if dns.len() > 3 || !dns.iter().copied().all(is_host) {
            return refuse("network.dns", "must be at most three addresses of machines");
        }
        Ok(())
    }
}

/// Why a technician's PIN is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PinFault {
    #[error("the PIN must have 6 to 10 digits")]
    Digits,
    #[error("the PIN is among the first that anybody tries: no rows like 123456 or 000000")]
    Row,
}

/// What is wrong with a PIN; none if it is good. For whoever chooses one.
pub fn pin_fault(pin: &str) -> Option<PinFault> {
    if !PIN_DIGITS.contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(PinFault::Digits);
    }
    // A booth bears fifteen guesses, and these come first.
    let step = |step: i16| pin.as_bytes().windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step);
    (step(0) || step(1) || step(-1)).then_some(PinFault::Row)
}

fn is_host(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_unspecified() || address.is_multicast() || address.is_loopback() || broadcast)
}

/// Fit for a URL and for a command line: a label never begins with a dash.
fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => host.len() <= 253 && host.split('.').all(label),
    };
    let port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0);
    host && port
}

/// `$argon2id$v=19$m=..,t=..,p=..$SALT$HASH`, at a bounded cost.
fn is_pin_hash(text: &str) -> bool {
    let base64 = |text: &str, shortest| {
        text.len() >= shortest && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
    };
    let most = |text: &str, name: &str, most: u32| {
        let value = text.strip_prefix(name).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
        value.and_then(|value| value.parse::<u32>().ok()).is_some_and(|value| (1..=most).contains(&value))
    };
    let parts: Vec<&str> = text.split('$').collect();
    let ["", "argon2id", "v=19", cost, salt, hash] = parts[..] else { return false };
    let [memory, passes, lanes] = cost.split(',').collect::<Vec<_>>()[..] else { return false };
    text.len() <= MAX_PIN_HASH
        && most(memory, "m=", MAX_PIN_MEMORY_KIB)
        && most(passes, "t=", MAX_PIN_PASSES)
        && most(lanes, "p=", MAX_PIN_LANES)
        && base64(salt, 11)
        && base64(hash, 22)
}

/// As people type it.
mod code {
    use super::EnrolmentCode;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use zeroize::Zeroizing;

    pub fn serialize<S: Serializer>(code: &EnrolmentCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(code.to_string()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EnrolmentCode, D::Error> {
        Zeroizing::new(String::deserialize(deserializer)?).parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const PIN_HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c3BlY2ltZW4tc2FsdA$gqgHjvzhrv8bMFJjxN1IFkcbPhPGSs2XlKMzC/4jmRQ";

    fn full() -> Value {
        json!({
            "hub": { "address": "hub.cabang.example:8443", "code": code() },
            "network": { "by": "fixed", "address": "192.0.2.20", "prefix": 24, "gateway": "192.0.2.1", "dns": ["192.0.2.2"] },
            "reader": { "port": "usb:0c2e:0caa", "profile": "honeywell-xenon" },
            "screen": { "scale": 1.5 },
            "media": { "camera": "/dev/video0", "document_camera": "none", "microphone": "pulse", "speaker": "pulse" },
            "service": { "pin_hash": PIN_HASH },
        })
    }

    fn code() -> String {
        EnrolmentCode::new(*b"specimen secret!", b"specimen authority").to_string()
    }

    /// With one value replaced, or added.
    fn with(place: &str, value: Value) -> Value {
        let mut whole = full();
        *whole
            .pointer_mut(place.rsplit_once('/').unwrap().0)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .entry(place.rsplit_once('/').unwrap().1)
            .or_insert(Value::Null) = value;
        whole
    }

    #[test]
    fn a_file_comes_back_as_it_was() {
        let check = |value: Value| {
            let read: Provision = serde_json::from_value(value.clone()).unwrap();
            read.check().unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), value);
        };
        check(full());
        check(json!({ "hub": { "address": "[2001:db8::1]:8443", "code": code() } }));
        check(with("/network", json!({ "by": "dhcp" })));
        check(with("/network", json!({ "by": "fixed", "address": "2001:db8::20", "prefix": 64 })));
        check(with("/media", json!({ "speaker": "none" })));
    }

    #[test]
    fn unknown_keys_and_broken_codes_are_refused() {
        let check = |place: &str, value: Value, expect: &str| {
            let told = serde_json::from_value::<Provision>(with(place, value)).unwrap_err().to_string();
            assert!(told.contains(expect), "{place}: {told}");
        };
        check("/colour", json!(1), "colour");
        check("/hub/colour", json!(1), "colour");
        check("/network", json!({ "by": "dhcp", "address": "192.0.2.20" }), "address");
        check("/network/colour", json!(1), "colour");
        check("/network/by", json!("luck"), "luck");
        check("/reader/colour", json!(1), "colour");
        check("/screen/colour", json!(1), "colour");
        check("/media/colour", json!(1), "colour");
        check("/service/pin", json!("135790"), "pin");
        check("/hub/code", json!("ABC"), "3 characters");
        check("/hub/code", json!("U"), "'U'");
    }

    #[test]
    fn faults_name_the_key() {
        let check = |place: &str, value: Value, key: &str| {
            let read: Provision = serde_json::from_value(with(place, value)).unwrap();
            let error = read.check().unwrap_err();
            assert_eq!(error.key, key, "{place}: {error}");
        };
        for address in [
            "hub",
            "hub:",
            "hub:0",
            "hub:65536",
            "hub:+1",
            ":8443",
            "-hub:1",
            "a b:1",
            "hub..example:1",
            "[::1:1",
            "::1:1",
            "https://hub:1",
            "hub:1/x",
            "hub@x:1",
            "--help:1",
        ] {
            check("/hub/address", json!(address), "hub.address");
        }
        check("/network/prefix", json!(33), "network.prefix");
        check("/network/prefix", json!(0), "network.prefix");
        for address in ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"] {
            check("/network/address", json!(address), "network.address");
        }
        check("/network/gateway", json!("192.0.2.20"), "network.gateway");
        check("/network/gateway", json!("2001:db8::1"), "network.gateway");
        check("/network/dns", json!(["0.0.0.0"]), "network.dns");
        check("/network/dns", json!(vec!["192.0.2.2"; 4]), "network.dns");
        check("/reader/port", json!(""), "reader.port");
        check("/reader/profile", json!("line\nprofiles = 1"), "reader.profile");
        check("/media/speaker", json!("x".repeat(201)), "media.speaker");
        check("/screen/scale", json!(9.0), "screen.scale");
        for (old, new) in [
            ("argon2id", "argon2i"),
            ("m=19456", "m=4194304"),
            ("t=2", "t=99"),
            ("p=1", "p=+1"),
            ("v=19", "v=16"),
            ("c3BlY2ltZW4tc2FsdA", "c3"),
            ("$g", "$\u{e9}g"),
            (",p=1", ""),
        ] {
            let hash = PIN_HASH.replace(old, new);
            assert_ne!(hash, PIN_HASH);
            check("/service/pin_hash", json!(hash), "service.pin_hash");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let read: Provision = serde_json::from_value(full()).unwrap();
        let shown = format!("{read:?}");
        assert!(!shown.contains("argon2id") && !shown.contains(&code()[..4]), "{shown}");
    }

    #[test]
    fn a_pin_has_digits_and_no_row() {
        let check = |pin: &str, good: bool| assert_eq!(pin_fault(pin).is_none(), good, "{pin}");
        check("135790", true);
        check("1357902468", true);
        for pin in ["", "13579", "13579024681", "12345a", "13579\u{0660}", "000000", "123456", "98765432"] {
            check(pin, false);
        }
    }
}
