//! From a file on a stick, or a typed code, to a booth that has its hub.
//!
//! The file's copy lies here until the hub has taken its code, so the stick may go and the hub may be away for a while;
//! it is a secret until then, and gone afterwards.

use super::commands::Tool;
use super::installer::PROVISION;
use super::machine::{BOOTH_STATE, BOOTH_USER, Machine, read_foreign};
use super::refusal::Refusal;
use super::settings::{self, Settings};
use super::work::Report;
use super::{network, recovery};
use bilik_claim::enrolment::EnrolmentCode;
use bilik_claim::ids::BoothId;
use bilik_claim::provision::{Hub, MAX_BYTES, Provision, pin_fault};
use bilik_device::{Failure, Provisioning, Step};
use serde::Deserialize;
use std::time::Duration;
use zeroize::Zeroizing;

/// The hash of the technician's PIN, for the booth's program.
const PIN: &str = "service-pin";
/// The booth itself gives up earlier.
const ENROL_LIMIT: Duration = Duration::from_secs(60);
/// An identity is a few certificates.
const MAX_IDENTITY: usize = 256 << 10;

/// What others may know of a booth's identity.
#[derive(Clone, Debug, Deserialize)]
pub struct Identity {
    hub: Enrolled,
}

#[derive(Clone, Debug, Deserialize)]
struct Enrolled {
    booth: String,
    booth_name: String,
    branch_name: String,
    booth_address: String,
    recipient: String,
}

impl Identity {
    /// None while the booth is not enrolled.
    pub fn load(machine: &Machine) -> Option<Self> {
        let path = machine.path(BOOTH_STATE).join("identity.json");
        let bytes = Zeroizing::new(read_foreign(&path, MAX_IDENTITY).ok()?);
        // An error would show what stands in the file.
        serde_json::from_slice(&bytes).ok()
    }

    pub fn as_provisioning(&self) -> Provisioning {
        let Enrolled { booth_name, branch_name, booth_address, .. } = &self.hub;
        Provisioning::Done { hub: booth_address.clone(), booth: booth_name.clone(), branch: branch_name.clone() }
    }

    /// What the hub opens.
    pub fn recipient(&self) -> Result<age::x25519::Recipient, Refusal> {
        let key = self.hub.recipient.parse();
        key.map_err(|error| Refusal::new(Failure::Io, format!("the hub's key is not one: {error}")))
    }

    pub fn booth(&self) -> Result<BoothId, Refusal> {
        let id = serde_json::from_value(self.hub.booth.clone().into());
        id.map_err(|error| Refusal::new(Failure::Io, format!("the booth's id is not one: {error}")))
    }

    /// Fit for the name of a file.
    pub fn short_id(&self) -> String {
        self.hub.booth.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
    }
}

/// Takes a file over from a stick.
pub fn keep(machine: &Machine, bytes: &[u8]) -> Result<(), Refusal> {
    parse(bytes)?;
    machine.write(&machine.own(PROVISION), bytes, 0o600, None)
}

/// Whether a file waits to be carried out.
pub fn waits(machine: &Machine) -> bool {
    machine.own(PROVISION).exists()
}

/// Carries out the file that was kept: configuration, address, PIN, enrolment. Doing it again does no harm, except that a
/// used code is refused.
pub fn carry_out(machine: &Machine, report: Report<'_>) -> Result<(), Refusal> {
    report(Step::Checking, 0);
    let bytes = Zeroizing::new(read_foreign(&machine.own(PROVISION), MAX_BYTES)?);
    let provision = parse(&bytes)?;
    let settings = Settings::load(machine).with(&provision);
    settings.store(machine)?;
    report(Step::Checking, 200);
    network::write(machine, settings.addressing().as_ref())?;
    network::apply()?;
    if let Some(hash) = provision.service.as_ref().and_then(|service| service.pin_hash.as_ref()) {
        let path = machine.path(BOOTH_STATE).join(PIN);
        machine.write(&path, hash.reveal().as_bytes(), 0o600, Some(machine.booth_user()?))?;
    }
    report(Step::Enrolling, 400);
    enrol(machine, &provision.hub, None)?;
    recovery::try_to_entrust(machine);
    report(Step::Finishing, 950);
    machine.forget(PROVISION)
}

/// With an address, a code and a new service PIN that somebody typed.
pub fn enrol_typed(machine: &Machine, address: &str, code: &str, pin: &str, report: Report<'_>) -> Result<(), Refusal> {
    report(Step::Checking, 0);
    if let Some(fault) = pin_fault(pin) {
        return Err(Refusal::new(Failure::NotUnderstood, fault.to_string()));
    }
    let code: EnrolmentCode = code.parse().map_err(|e| Refusal::new(Failure::CodeRefused, format!("{e}")))?;
    let hub = Hub { address: address.to_owned(), code };
    let provision = Provision { hub, network: None, reader: None, screen: None, media: None, service: None };
    // Nothing but the address can be wrong.
    provision.check().map_err(|e| Refusal::new(Failure::NotUnderstood, e.to_string()))?;
    report(Step::Enrolling, 100);
    enrol(machine, &provision.hub, Some(pin))?;
    recovery::try_to_entrust(machine);
    report(Step::Finishing, 950);
    // What waited for another hub would replace this identity.
    machine.forget(PROVISION)
}

/// `pin`: to be set. None leaves it as it is.
fn enrol(machine: &Machine, hub: &Hub, pin: Option<&str>) -> Result<(), Refusal> {
    let code = Zeroizing::new(format!("--code={}", hub.code));
    let mut tool = as_booth(machine, &["enrol"]).arg(format!("--hub={}", hub.address)).arg(code.as_str());
    if let Some(pin) = pin {
        tool = tool.arg("--pin=-").input(pin.as_bytes().to_vec());
    }
    let said = tool.limit(ENROL_LIMIT).ask()?;
    if said.status.success() { Ok(()) } else { Err(why_not(&hub.address, said.last_word())) }
}

/// The booth's program, run as its user, with the configuration that the booth runs with.
pub fn as_booth(machine: &Machine, command: &[&str]) -> Tool {
    let own = machine.own(settings::CONFIG);
    let config = if own.exists() { own } else { machine.path("/etc/bilik/booth.toml") };
    Tool::new("runuser").args(["-u", BOOTH_USER, "--", "bilik-booth", "--config"]).arg(config).args(command)
}

/// From the last line of `bilik-booth enrol`.
fn why_not(address: &str, word: &str) -> Refusal {
    let why = if word.contains("failed to reach the hub") {
        Failure::HubUnreachable
    } else if ["the hub refused the code", "is not the hub that this code is for", "enrolment code has"]
        .iter()
        .any(|each| word.contains(each))
    {
        Failure::CodeRefused
    } else if word.contains("No space left on device") {
        Failure::Full
    } else {
        Failure::Io
    };
    Refusal::new(why, format!("{address}: {}", word.trim_start_matches("bilik-booth: ")))
}

/// Line and key of what is wrong, never the line itself: there are secrets in the file.
fn parse(bytes: &[u8]) -> Result<Provision, Refusal> {
    let bad = |detail: String| Refusal::new(Failure::BadFile, format!("bilik.toml: {detail}"));
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        bad(format!("line {line}: is not text (UTF-8)"))
    })?;
    let provision: Provision = toml::from_str(text).map_err(|e| {
        let start = e.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
        let key = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map_or("", |(key, _)| key.trim());
        let named: String = key.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(40).collect();
        let message = e.message();
        let safe = ["unknown field", "missing field", "enrolment code has"].iter().any(|s| message.starts_with(s));
        let what = if safe { message } else { "is not as it must be; compare with the example" };
        bad(format!("line {line}: {named}: {what}").replace(": :", ":"))
    })?;
    provision.check().map_err(|e| bad(e.to_string()))?;
    Ok(provision)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> String {
        EnrolmentCode::new(*b"specimen secret!", b"specimen authority").to_string()
    }

    #[test]
    fn files_are_judged_without_showing_them() {
        let good = format!("[hub]\naddress = \"hub.example:8443\"\ncode = \"{}\"\n", code());
        assert!(parse(good.as_bytes()).is_ok());
        assert!(parse(bilik_claim::provision::EXAMPLE.as_bytes()).is_ok_and(|read| read.hub.address.contains(':')));
        let check = |text: String, expect: &[&str]| {
            let refusal = parse(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.why, Failure::BadFile);
            assert!(expect.iter().all(|part| refusal.detail.contains(part)), "{refusal}");
            assert!(!refusal.detail.contains(&code()[..9]), "{refusal}");
        };
        check(format!("{good}colour = 1\n"), &["line 4", "colour"]);
        check(format!("hub = \"{}\"\n", code()), &["line 1", "hub"]);
        check(good.replace("code =", "code"), &["line 3"]);
        check(good.replace("hub.example:8443", "-x"), &["hub.address"]);
        check("[hub]\naddress = \"a:1\"\ncode = \"ABC\"\n".into(), &["3 characters"]);
        check(String::new(), &["hub"]);
        check("\u{0}".into(), &["line 1"]);
        assert!(parse(b"[hub]\n\xff\xfe").unwrap_err().detail.contains("line 2"));
    }

    /// Words of `bilik-booth enrol`.
    #[test]
    fn why_the_hub_did_not_take_it() {
        let check = |word: &str, why| assert_eq!(why_not("hub:1", word).why, why, "{word}");
        check("bilik-booth: failed to reach the hub at hub:1: error sending request", Failure::HubUnreachable);
        check(
            "bilik-booth: the hub refused the code: it is used, too old, or not from this hub (status 403)",
            Failure::CodeRefused,
        );
        check("bilik-booth: hub:1 is not the hub that this code is for: its certificate", Failure::CodeRefused);
        check("bilik-booth: enrolment code has 3 characters, expected 52", Failure::CodeRefused);
        check("bilik-booth: failed to write /var/lib/bilik/identity.json.new: No space left on device", Failure::Full);
        check("no reason given", Failure::Io);
    }
}
