//! What helps to find a fault, on a stick, for the hub's operator to read: `age -d -i IDENTITY FILE`.
//!
//! There is no personal data in it, for there is none in the logs; it is sealed because it shows how the booth is built.

use super::commands::Tool;
use super::machine::Machine;
use super::provisioning::{Identity, as_booth};
use super::queue;
use super::refusal::Refusal;
use super::work::Report;
use bilik_device::{Failure, Step};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

/// Of each start: the end of the log counts.
const LINES: &str = "--lines=20000";
const LIMIT: Duration = Duration::from_secs(60);
/// Files of one booth on one stick.
const MOST: u32 = 999;

pub fn write(machine: &Machine, report: Report<'_>) -> Result<(), Refusal> {
    let no_hub = || Refusal::new(Failure::NotHere, "not enrolled: there is no hub's key to seal to");
    let identity = Identity::load(machine).ok_or_else(no_hub)?;
    let recipient: age::x25519::Recipient = identity
        .recipient()
        .parse()
        .map_err(|error| Refusal::new(Failure::Io, format!("the hub's key is not one: {error}")))?;
    let mounted = queue::writable(machine)?;
    let text = collect(machine, report);
    report(Step::Writing, 800);
    let sealed = age::encrypt(&recipient, text.as_bytes())
        .map_err(|error| Refusal::new(Failure::Io, format!("failed to seal: {error}")))?;
    let names = (1..=MOST).map(|number| format!("bilik-diagnostics-{}-{number}.age", identity.short_id()));
    for path in names.map(|name| mounted.path().join(name)) {
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(&sealed).and_then(|()| file.sync_all()).map_err(Refusal::io("write", &path))?;
                report(Step::Finishing, 950);
                return mounted.unmount();
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Refusal::io("create", &path)(error)),
        }
    }
    Err(Refusal::new(Failure::Io, "the stick has 999 files of this booth; delete some"))
}

fn collect(machine: &Machine, report: Report<'_>) -> String {
    let journal = |boot: &str| Tool::new("journalctl").args(["--no-pager", "--output=short-iso", LINES, boot]);
    let tools: [(&str, Tool); 9] = [
        ("slots", Tool::new("rauc").args(["status", "--detailed"])),
        ("firmware", Tool::new("efibootmgr")),
        ("disks", Tool::new("lsblk").args(["--output", "NAME,SIZE,TYPE,FSTYPE,LABEL,PARTLABEL,MODEL,TRAN,RO"])),
        ("room", Tool::new("df").args(["-h"])),
        ("network", Tool::new("ip").args(["address", "show"])),
        ("units", Tool::new("systemctl").args(["--no-pager", "list-units", "--all"])),
        ("queue", as_booth(machine, &["queue", "list"])),
        ("this start", journal("--boot=0")),
        ("last start", journal("--boot=-1")),
    ];
    let mut text = format!("version {}\n", machine.version());
    let hash = machine.boot_word("roothash").unwrap_or_default();
    // Writing to a text cannot fail.
    let _ = writeln!(text, "slot {:?}\nroot hash {hash}", machine.slot());
    for (place, (name, tool)) in (0_u16..).zip(tools) {
        report(Step::Checking, place * 80);
        let told = match tool.limit(LIMIT).ask() {
            Ok(said) => format!("{}{}", said.out, said.complaint),
            // What is missing is told too, and stops nothing.
            Err(refusal) => refusal.detail,
        };
        let _ = writeln!(text, "\n===== {name}\n{told}");
    }
    text
}
