//! What helps to find a fault, on a stick, for the hub's operator to read: `age -d -i IDENTITY FILE`.
//!
//! There is no personal data in it, for there is none in the logs; it is sealed because it shows how the booth is built.
//!
//! A booth that is not enrolled has no hub to seal to, and is the one whose fault has to be found: it writes a text that anybody
//! can read. Logs and what the kernel says stay out of that one, and so does everything else that is not shown on the screens
//! of the service menu anyway.

use super::commands::Tool;
use super::machine::Machine;
use super::provisioning::{Identity, as_booth};
use super::refusal::Refusal;
use super::work::Report;
use super::{data, queue};
use bilik_device::{Failure, Status, Step};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

/// Of each start: the end of the log counts.
const LINES: &str = "--lines=20000";
const LIMIT: Duration = Duration::from_secs(60);
/// Files of one booth on one stick.
const MOST: u32 = 999;

/// The first line of what is not sealed, for whoever finds the stick.
const OPEN: &str = "TIDAK TERSEGEL / NOT SEALED: bilik belum terdaftar, siapa pun dapat membaca berkas ini. / The booth is not \
    enrolled, anybody can read this file.";

/// `status`: as the booth was told it when this was asked for.
pub fn write(machine: &Machine, status: &Status, report: Report<'_>) -> Result<(), Refusal> {
    let identity = Identity::load(machine);
    let recipient = identity.as_ref().map(Identity::recipient).transpose()?;
    let mounted = queue::writable(machine)?;
    let facts = facts(machine, status);
    let (bytes, id, ending) = match (identity, recipient) {
        (Some(identity), Some(recipient)) => {
            let text = facts + &ask(harmless().into_iter().chain(for_the_hub(machine)), report);
            let sealed = age::encrypt(&recipient, text.as_bytes())
                .map_err(|error| Refusal::new(Failure::Io, format!("failed to seal: {error}")))?;
            (sealed, identity.short_id(), "age")
        }
        (Some(_), None) | (None, _) => {
            let text = format!("{OPEN}\n\n{facts}{}", ask(harmless(), report));
            (text.into_bytes(), "unenrolled".to_owned(), "txt")
        }
    };
    report(Step::Writing, 800);
    let names = (1..=MOST).map(|number| format!("bilik-diagnostics-{id}-{number}.{ending}"));
    for path in names.map(|name| mounted.path().join(name)) {
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(Refusal::io("write", &path))?;
                report(Step::Finishing, 950);
                return mounted.unmount();
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Refusal::io("create", &path)(error)),
        }
    }
    Err(Refusal::new(Failure::Io, "the stick has 999 files of this booth; delete some"))
}

type Asked = (&'static str, Tool);

/// What the parts of the machine say of themselves.
fn harmless() -> [Asked; 6] {
    [
        ("slots", Tool::new("rauc").args(["status", "--detailed"])),
        ("firmware", Tool::new("efibootmgr")),
        ("disks", Tool::new("lsblk").args(["--output", "NAME,SIZE,TYPE,FSTYPE,LABEL,PARTLABEL,MODEL,TRAN,RO"])),
        ("room", Tool::new("df").args(["-h"])),
        ("network", Tool::new("ip").args(["address", "show"])),
        ("units", Tool::new("systemctl").args(["--no-pager", "list-units", "--all"])),
    ]
}

/// Logs and ids of claims.
fn for_the_hub(machine: &Machine) -> [Asked; 3] {
    let journal = |boot: &str| Tool::new("journalctl").args(["--no-pager", "--output=short-iso", LINES, boot]);
    [
        ("queue", as_booth(machine, &["queue", "list"])),
        ("this start", journal("--boot=0")),
        ("last start", journal("--boot=-1")),
    ]
}

fn facts(machine: &Machine, status: &Status) -> String {
    let verdict = machine.fact(data::VERDICT).unwrap_or_default();
    // A status is what serde can always write.
    let status = serde_json::to_string_pretty(status).unwrap_or_default();
    format!("version {}\nslot {:?}\ndata {verdict}\n\n===== status\n{status}\n", machine.version(), machine.slot())
}

fn ask(tools: impl IntoIterator<Item = Asked>, report: Report<'_>) -> String {
    let mut text = String::new();
    for (place, (name, tool)) in (0_u16..).zip(tools) {
        report(Step::Checking, place * 80);
        let told = match tool.limit(LIMIT).ask() {
            Ok(said) => format!("{}{}", said.out, said.complaint),
            // What is missing is told too, and stops nothing.
            Err(refusal) => refusal.detail,
        };
        // Writing to a text cannot fail.
        let _ = writeln!(text, "\n===== {name}\n{told}");
    }
    text
}
