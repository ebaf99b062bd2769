//! Machines that do not exist, for tests and for pictures of the pages.

use bilik_device::{Address, Clock, Data, Disk, Mode, Network, OnStick, Provisioning, Slot, SlotState, Status, Stick};
use std::net::{IpAddr, Ipv4Addr};

/// An enrolled booth where all is well.
pub fn booth() -> Status {
    let slot = |name: &str, version: &str, running| Slot {
        name: name.into(),
        version: Some(version.into()),
        running,
        state: SlotState::Good,
    };
    Status {
        mode: Mode::Booth,
        version: "0.2.0".into(),
        root_hash: "5ec1be00".repeat(8),
        development: false,
        slots: vec![slot("a", "0.2.0", true), slot("b", "0.1.0", false)],
        data: Data::Tpm,
        data_fault: None,
        network: Network {
            interface: Some("enp2s0".into()),
            cable: true,
            addresses: vec![Address { address: IpAddr::V4(Ipv4Addr::new(10, 20, 3, 14)), prefix: 24 }],
            gateway: Some(IpAddr::V4(Ipv4Addr::new(10, 20, 3, 1))),
            dns: vec![IpAddr::V4(Ipv4Addr::new(10, 20, 3, 2))],
        },
        clock: Clock::Synchronised,
        provisioning: Provisioning::Done {
            hub: "hub.specimen.example:8443".into(),
            booth: "Bilik 3".into(),
            branch: "Kantor Cabang Contoh".into(),
        },
        disks: Vec::new(),
        sticks: Vec::new(),
        work: None,
        last: None,
    }
}

/// A booth from the stick, before anybody has said whose it is.
pub fn new_booth() -> Status {
    Status { provisioning: Provisioning::Missing, ..booth() }
}

/// The stick in a PC with two disks.
pub fn stick() -> Status {
    let disk = |id: &str, name: &str, bytes, holds: Option<&str>| Disk {
        id: id.into(),
        name: name.into(),
        bytes,
        holds: holds.map(Into::into),
    };
    Status {
        mode: Mode::Stick,
        slots: Vec::new(),
        data: Data::Memory,
        provisioning: Provisioning::Missing,
        disks: vec![
            disk("specimen-1", "SPECIMEN SSD 256", 256_060_514_304, Some("Windows")),
            disk("specimen-2", "SPECIMEN NVME 512", 512_110_190_592, None),
        ],
        sticks: vec![Stick { name: "SPECIMEN USB 8".into(), provisioning: true, update: OnStick::Nothing }],
        ..booth()
    }
}
