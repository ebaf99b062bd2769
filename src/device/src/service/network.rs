//! The machine's address: what it is, and what it is to be.

use super::commands::Tool;
use super::machine::Machine;
use super::refusal::Refusal;
use bilik_device::{Address, Addressing, Failure, Network};
use serde::Deserialize;
use std::fmt::Write as _;
use std::net::IpAddr;

/// Comes before the shipped one, and is gone after a restart: it is made from what was kept.
const FILE: &str = "/run/systemd/network/10-bilik.network";
/// As many as a resolver asks.
const MAX_DNS: usize = 3;

#[derive(Deserialize)]
struct Link {
    ifname: String,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    link_type: String,
    #[serde(default)]
    addr_info: Vec<Info>,
    /// Kind of a virtual one; cables have none.
    linkinfo: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Info {
    local: Option<IpAddr>,
    prefixlen: Option<u8>,
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize)]
struct Route {
    gateway: Option<IpAddr>,
    dev: Option<String>,
}

/// As it is now.
pub fn look(machine: &Machine) -> Result<Network, Refusal> {
    let links = Tool::new("ip").args(["-details", "-json", "address", "show"]).run()?;
    let routes = Tool::new("ip").args(["-json", "route", "show", "default"]).run()?;
    let resolver = machine.fact("/run/systemd/resolve/resolv.conf").or_else(|| machine.fact("/etc/resolv.conf"));
    understand(&links, &routes, &resolver.unwrap_or_default())
}

fn understand(links: &str, routes: &str, resolver: &str) -> Result<Network, Refusal> {
    let odd = |error: serde_json::Error| Refusal::new(Failure::Io, format!("ip said what is not understood: {error}"));
    let links: Vec<Link> = serde_json::from_str(links).map_err(odd)?;
    let routes: Vec<Route> = serde_json::from_str(routes).map_err(odd)?;
    let route = routes.first();
    let has_cable = |link: &Link| link.flags.iter().any(|flag| flag == "LOWER_UP");
    let real = |link: &&Link| {
        let kind = link.linkinfo.as_ref().and_then(|info| info.get("info_kind"));
        link.link_type == "ether" && kind.is_none()
    };
    // The one in use, else one with a cable, else any.
    let rank = |link: &&Link| {
        let used = route.is_some_and(|route| route.dev.as_ref() == Some(&link.ifname));
        (!used, !has_cable(link))
    };
    let link = links.iter().filter(real).min_by_key(rank);
    let addresses = link.map_or(&[][..], |link| &link.addr_info).iter().filter(|info| info.scope == "global");
    let nameserver = |line: &str| line.strip_prefix("nameserver")?.trim().parse().ok();
    Ok(Network {
        interface: link.map(|link| link.ifname.clone()),
        cable: link.is_some_and(has_cable),
        addresses: addresses
            .filter_map(|info| Some(Address { address: info.local?, prefix: info.prefixlen? }))
            .collect(),
        gateway: route.and_then(|route| route.gateway),
        dns: resolver.lines().filter_map(nameserver).collect(),
    })
}

/// Whether a machine could have such an address; else what is wrong.
pub fn check(addressing: &Addressing) -> Result<(), Refusal> {
    let Addressing::Fixed { address, prefix, gateway, dns } = addressing else { return Ok(()) };
    let bad = |what: &str| Err(Refusal::new(Failure::NotUnderstood, what));
    let is_host = |address: &IpAddr| !(address.is_unspecified() || address.is_multicast() || address.is_loopback());
    let bits = if address.is_ipv4() { 32 } else { 128 };
    if !(1..=bits).contains(prefix) {
        return bad(&format!("the prefix must be 1 to {bits}"));
    }
    if !is_host(address) {
        return bad("that is not the address of one machine");
    }
    if let Some(gateway) = gateway
        && (!is_host(gateway) || gateway.is_ipv4() != address.is_ipv4() || gateway == address)
    {
        return bad("the gateway must be another machine's address, of the same kind");
    }
    if dns.len() > MAX_DNS || !dns.iter().all(is_host) {
        return bad("the name servers must be at most three addresses of machines");
    }
    Ok(())
}

/// Lays it before the system's network service; none takes away what was laid.
pub fn write(machine: &Machine, addressing: Option<&Addressing>) -> Result<(), Refusal> {
    let path = machine.path(FILE);
    let folder = path.parent().unwrap_or(&path);
    std::fs::create_dir_all(folder).map_err(Refusal::io("create", folder))?;
    match addressing {
        Some(addressing) => machine.write(&path, file(addressing).as_bytes(), 0o644, None),
        None => match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Refusal::io("remove", &path)(error)),
            _ => Ok(()),
        },
    }
}

/// Lets the running system take what was written.
pub fn apply() -> Result<(), Refusal> {
    Tool::new("networkctl").arg("reload").run().map(drop)
}

fn file(addressing: &Addressing) -> String {
    let mut text = "[Match]\nType=ether\nKind=!*\n\n[Network]\n".to_owned();
    match addressing {
        Addressing::Dhcp => text.push_str("DHCP=yes\n\n[DHCPv4]\nUseDomains=no\n"),
        Addressing::Fixed { address, prefix, gateway, dns } => {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "DHCP=no\nAddress={address}/{prefix}");
            if let Some(gateway) = gateway {
                let _ = writeln!(text, "Gateway={gateway}");
            }
            for server in dns {
                let _ = writeln!(text, "DNS={server}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKS: &str = include_str!("recorded/ip-address.json");

    #[test]
    fn what_ip_says() {
        let routes = r#"[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]}]"#;
        let network = understand(LINKS, routes, "# made\nnameserver 192.0.2.53\nsearch x\n").unwrap();
        assert_eq!(network.interface.as_deref(), Some("eth0"));
        assert!(network.cable);
        let told: Vec<_> = network.addresses.iter().map(|each| format!("{}/{}", each.address, each.prefix)).collect();
        assert_eq!(told, ["192.0.2.2/24", "fd00::2/64"]);
        assert_eq!(network.gateway.unwrap().to_string(), "192.0.2.1");
        assert_eq!(network.dns[0].to_string(), "192.0.2.53");

        let unplugged = LINKS.replace("\"LOWER_UP\"", "\"NO-CARRIER\"");
        let network = understand(&unplugged, "[]", "").unwrap();
        assert_eq!((network.interface.as_deref(), network.cable), (Some("eth0"), false));
        assert_eq!(understand("[]", "[]", "").unwrap().interface, None);
        assert!(understand("", "[]", "").is_err());
    }

    #[test]
    fn only_possible_addresses() {
        let fixed = |address: &str, prefix, gateway: Option<&str>, dns: &[&str]| Addressing::Fixed {
            address: address.parse().unwrap(),
            prefix,
            gateway: gateway.map(|text| text.parse().unwrap()),
            dns: dns.iter().map(|text| text.parse().unwrap()).collect(),
        };
        let good = fixed("192.0.2.20", 24, Some("192.0.2.1"), &["192.0.2.53"]);
        check(&good).unwrap();
        assert!(file(&good).ends_with("DHCP=no\nAddress=192.0.2.20/24\nGateway=192.0.2.1\nDNS=192.0.2.53\n"));
        check(&fixed("2001:db8::20", 64, None, &[])).unwrap();
        check(&Addressing::Dhcp).unwrap();
        let bad = [
            fixed("192.0.2.20", 0, None, &[]),
            fixed("192.0.2.20", 33, None, &[]),
            fixed("127.0.0.1", 8, None, &[]),
            fixed("0.0.0.0", 8, None, &[]),
            fixed("192.0.2.20", 24, Some("192.0.2.20"), &[]),
            fixed("192.0.2.20", 24, Some("2001:db8::1"), &[]),
            fixed("192.0.2.20", 24, None, &["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]),
        ];
        for addressing in bad {
            assert_eq!(check(&addressing).unwrap_err().why, Failure::NotUnderstood, "{addressing:?}");
        }
    }

    #[test]
    fn written_and_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().to_owned());
        write(&machine, None).unwrap();
        write(&machine, Some(&Addressing::Dhcp)).unwrap();
        assert!(machine.fact(FILE).unwrap().contains("DHCP=yes"));
        write(&machine, None).unwrap();
        assert_eq!(machine.fact(FILE), None);
    }
}
