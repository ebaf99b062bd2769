//! `enrol-code` and `provision`: how a booth comes in.

use super::read_line;
use crate::admin::{self, AdminError, Enrolee, Order};
use crate::clock::utc;
use crate::config::Config;
use crate::ledger::{CodeId, Validity};
use bilik_claim::ids::BoothId;
use bilik_claim::provision::{Addressing, FILE, Reader};
use clap::Args;
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct EnrolCode {
    #[command(flatten)]
    wanted: Wanted,
    /// How long it is good, for a code that travels: 1 to 336 hours.
    #[arg(long, value_name = "HOURS", value_parser = validity, conflicts_with_all = ["list", "revoke"])]
    valid_hours: Option<Validity>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Wanted {
    /// A new booth: its name, as officers will see it.
    #[arg(long, value_name = "NAME")]
    booth: Option<String>,
    /// A booth that is known and has lost its identity, by its id: it stays the same booth, with its queue.
    #[arg(long, value_name = "BOOTH")]
    again: Option<BoothId>,
    /// List the codes that are neither used nor too old, by their ids; what they say nobody can read again.
    #[arg(long)]
    list: bool,
    /// Take a code back, by its id.
    #[arg(long, value_name = "ID")]
    revoke: Option<CodeId>,
}

#[derive(Args)]
pub(super) struct Provision {
    #[command(flatten)]
    whom: Whom,
    /// How long the enrolment code in it is good: 1 to 336 hours.
    #[arg(long, value_name = "HOURS", value_parser = validity, default_value = "72")]
    valid_hours: Validity,
    /// Where the booth reaches the console of this hub. Default: the first of `names` with the port of `listen_console`.
    #[arg(long, value_name = "HOST:PORT")]
    hub: Option<String>,
    /// How the booth gets its address: "dhcp", or its address with the length of the prefix, such as 192.0.2.20/24.
    #[arg(long, value_name = "dhcp|ADDRESS/PREFIX", value_parser = addressing)]
    network: Option<Addressing>,
    #[arg(long, requires = "network")]
    gateway: Option<IpAddr>,
    /// Name servers.
    #[arg(long, value_delimiter = ',', requires = "network")]
    dns: Vec<IpAddr>,
    /// The profile of its card reader: `bilik-booth scan --list` shows them.
    #[arg(long, value_name = "PROFILE", requires = "port")]
    reader: Option<String>,
    /// Where the card reader is: a device, or usb:VENDOR:PRODUCT.
    #[arg(long, requires = "reader")]
    port: Option<String>,
    /// 6 to 10 digits that open the service menu; "-" reads them from standard input, where the shell does not note them.
    #[arg(long)]
    pin: Option<String>,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
    /// The file, or the directory where bilik.toml is to be put: the stick's partition BILIK.
    #[arg(value_name = "FILE|DIRECTORY")]
    target: PathBuf,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// A new booth: its name, as officers will see it.
    #[arg(long, value_name = "NAME")]
    booth: Option<String>,
    /// A booth that is known and has lost its identity, by its id: it stays the same booth, with its queue.
    #[arg(long, value_name = "BOOTH")]
    again: Option<BoothId>,
}

/// What is to be printed, line by line.
pub(super) fn code(command: &EnrolCode, config: &Config) -> Result<Vec<String>, AdminError> {
    let Wanted { booth, again, revoke, .. } = &command.wanted;
    if let Some(id) = revoke {
        admin::revoke_code(config, *id)?;
        return Ok(Vec::new());
    }
    match enrolee(booth.as_ref(), *again) {
        Some(enrolee) => {
            let made = admin::enrol_code(config, &enrolee, command.valid_hours.unwrap_or(Validity::TYPED))?;
            Ok(vec![made.code.to_string()])
        }
        None => Ok(admin::open_codes(config)?
            .into_iter()
            .map(|code| {
                let again = code.enrolment.booth.map(|booth| format!("  again {booth}")).unwrap_or_default();
                format!("{}  until {}  {}{again}", code.id, utc(code.expires_at), code.enrolment.name)
            })
            .collect()),
    }
}

/// What is to be printed, line by line.
pub(super) fn provision(command: &Provision, config: &Config) -> Result<Vec<String>, AdminError> {
    let enrolee = enrolee(command.whom.booth.as_ref(), command.whom.again)
        .ok_or_else(|| AdminError::Refused("give --booth or --again".into()))?;
    let pin = match command.pin.as_deref() {
        Some("-") => Some(read_line()?),
        Some(pin) => Some(pin.to_owned().into()),
        None => None,
    };
    let reader = command.reader.clone().zip(command.port.clone()).map(|(profile, port)| Reader { port, profile });
    let order = Order {
        enrolee,
        validity: command.valid_hours,
        hub: command.hub.clone(),
        network: network(command)?,
        reader,
        pin,
    };
    let made = admin::provision(config, &order, &command.target, command.force)?;
    let (path, id) = (made.path.display(), made.code);
    let mut lines = vec![
        format!("made {path} for {}: good once, until {}", made.booth_name, utc(made.expires_at)),
        format!("whoever holds it can become that booth; `enrol-code --revoke {id}` takes it back"),
    ];
    if made.path.file_name().is_none_or(|name| name != FILE) {
        lines.push(format!("on the stick its name has to be {FILE}"));
    }
    if order.pin.is_none() {
        lines.push("without a PIN the service menu stays shut once the booth is enrolled".into());
    }
    Ok(lines)
}

fn enrolee(booth: Option<&String>, again: Option<BoothId>) -> Option<Enrolee> {
    booth.cloned().map(Enrolee::New).or(again.map(Enrolee::Known))
}

fn network(command: &Provision) -> Result<Option<Addressing>, AdminError> {
    match &command.network {
        None => Ok(None),
        Some(Addressing::Dhcp {}) if command.gateway.is_some() || !command.dns.is_empty() => {
            Err(AdminError::Refused("--network dhcp gets gateway and name servers by itself".into()))
        }
        Some(Addressing::Dhcp {}) => Ok(Some(Addressing::Dhcp {})),
        Some(Addressing::Fixed { address, prefix, .. }) => Ok(Some(Addressing::Fixed {
            address: *address,
            prefix: *prefix,
            gateway: command.gateway,
            dns: command.dns.clone(),
        })),
    }
}

fn addressing(text: &str) -> Result<Addressing, String> {
    if text == "dhcp" {
        return Ok(Addressing::Dhcp {});
    }
    let told = || "must be dhcp or an address with the length of its prefix, such as 192.0.2.20/24".to_owned();
    let (address, prefix) = text.split_once('/').ok_or_else(told)?;
    let (address, prefix) = (address.parse().map_err(|_| told())?, prefix.parse().map_err(|_| told())?);
    Ok(Addressing::Fixed { address, prefix, gateway: None, dns: Vec::new() })
}

fn validity(text: &str) -> Result<Validity, String> {
    let hours = text.parse().ok().and_then(Validity::hours);
    hours.ok_or_else(|| format!("must be 1 to {} hours", Validity::MAX_HOURS))
}
