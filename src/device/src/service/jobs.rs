//! Carries out each request but the one for the status: one at a time, on a thread of its own.

use super::commands::Tool;
use super::machine::{BOOTH_STATE, Machine};
use super::refusal::Refusal;
use super::settings::Settings;
use super::work::{After, Report};
use super::{clock, data, diagnostics, disks, installer, network, provisioning, queue, sticks, update};
use bilik_claim::provision::Reader;
use bilik_device::{Data, Failure, Mode, Outcome, Request, SlotState, Status, Step};

/// Of the system that asks.
pub const BOOTH_UNIT: &str = "bilik-booth.service";
/// Longest name of a port or a profile, in bytes.
const MAX_NAME: usize = 200;

/// `status`: as it was when this was asked for.
pub fn carry_out(machine: &Machine, request: &Request, status: &Status, report: Report<'_>) -> Result<After, Refusal> {
    match request {
        // Answered by the loop, at once.
        Request::Status => Ok(After::Nothing),
        Request::Install { disk } => {
            let done = installer::install(machine, disk, report);
            if let Err(Refusal { why, detail }) = &done {
                update::remember(machine, &Outcome::Failed { why: *why, detail: detail.clone() });
            }
            done.map(|()| After::Nothing)
        }
        Request::Provision => provision(machine, report).map(|()| After::RestartBooth),
        Request::Enrol { hub, code, pin } => {
            can_keep(machine)?;
            provisioning::enrol_typed(machine, hub, code, pin, report).map(|()| After::RestartBooth)
        }
        Request::SetNetwork { addressing } => {
            network::check(addressing)?;
            if machine.mode() == Mode::Debian {
                return Err(Refusal::new(Failure::NotHere, "this machine's network is the office's"));
            }
            let mut settings = Settings::load(machine);
            settings.set_addressing(addressing);
            settings.store(machine)?;
            report(Step::Finishing, 500);
            network::write(machine, Some(addressing))?;
            network::apply().map(|()| After::Nothing)
        }
        Request::SetReader { port, profile } => {
            let bad = |text: &String| text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control);
            if bad(port) || bad(profile) {
                return Err(Refusal::new(Failure::NotUnderstood, "port and profile have 1 to 200 bytes of text"));
            }
            let reader = Some(Reader { port: port.clone(), profile: profile.clone() });
            Settings { reader, ..Settings::load(machine) }.store(machine).map(|()| After::RestartBooth)
        }
        Request::Update { from } => update::update(machine, *from, report).map(|()| After::Nothing),
        Request::SetClock { unix_ms } => clock::set(machine, *unix_ms).map(|()| After::Nothing),
        Request::Healthy => {
            let trial = match update::start(
                machine.recall(update::TRIAL),
                &machine.slot().unwrap_or_default(),
                &machine.boot_id(),
            ) {
                update::Start::OnTrial(trial) => Some(trial),
                update::Start::Usual | update::Start::Waiting => None,
                update::Start::RolledBack(_) | update::Start::Interrupted => None,
            };
            let good = status.slots.iter().any(|slot| slot.running && slot.state == SlotState::Good);
            let proven = good || machine.mode() != Mode::Booth;
            update::commit(machine, trial.as_ref(), proven).map(|()| After::Nothing)
        }
        Request::Diagnostics => diagnostics::write(machine, status, report).map(|()| After::Nothing),
        Request::FactoryReset => factory_reset(machine).map(|()| After::Reboot),
        Request::ExportQueue => queue::export(machine, report).map(|()| After::Nothing),
        Request::Restart => Ok(After::Reboot),
        Request::PowerOff => Ok(After::PowerOff),
    }
}

/// A stick's file, or the one that waits here.
fn provision(machine: &Machine, report: Report<'_>) -> Result<(), Refusal> {
    can_keep(machine)?;
    report(Step::Checking, 0);
    let found = disks::list()?;
    let mut refusal = Refusal::new(Failure::NoStick, "no stick with a FAT file system called BILIK is in");
    let mut taken = false;
    for part in disks::sticks(&found) {
        let read = sticks::mount(machine, &part, sticks::Access::Read).and_then(|mounted| mounted.provisioning());
        match read {
            Ok(bytes) => {
                provisioning::keep(machine, &zeroize::Zeroizing::new(bytes))?;
                taken = true;
                break;
            }
            Err(error @ Refusal { why: Failure::NoFile | Failure::NoStick, .. }) => refusal = error,
            Err(error) => return Err(error),
        }
    }
    if !taken && !provisioning::waits(machine) {
        return Err(refusal);
    }
    let done = provisioning::carry_out(machine, report);
    if let Err(Refusal { why: Failure::CodeRefused | Failure::BadFile, .. }) = &done {
        // It will never work; another one is needed.
        machine.forget(installer::PROVISION)?;
    }
    done
}

/// A booth whose data partition did not open must not enrol into memory: it would serve, and forget.
pub fn can_keep(machine: &Machine) -> Result<(), Refusal> {
    match data::state(machine).0 {
        Data::Memory => Err(Refusal::new(Failure::NotHere, "nothing is kept here; install from the stick first")),
        Data::Tpm | Data::NoTpm | Data::Plain => Ok(()),
    }
}

/// The next start erases. The booth's program is stopped first, so no claim comes in between.
fn factory_reset(machine: &Machine) -> Result<(), Refusal> {
    if machine.mode() != Mode::Booth {
        return Err(Refusal::new(Failure::NotHere, "only a booth of its own is reset"));
    }
    can_keep(machine)?;
    queue::check_empty(machine)?;
    Tool::new("systemctl").args(["stop", BOOTH_UNIT]).run()?;
    let sure = queue::check_empty(machine).and_then(|()| machine.keep(data::RESET, &BOOTH_STATE));
    if sure.is_err() {
        Tool::new("systemctl").args(["--no-block", "start", BOOTH_UNIT]).run()?;
    }
    sure
}

/// What was to come after the answer.
pub fn afterwards(after: After) -> Result<(), Refusal> {
    let words: &[&str] = match after {
        After::Nothing => return Ok(()),
        After::RestartBooth => &["restart", BOOTH_UNIT],
        After::Reboot => &["reboot"],
        After::PowerOff => &["poweroff"],
    };
    Tool::new("systemctl").arg("--no-block").args(words).run().map(drop)
}
