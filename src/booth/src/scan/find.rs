//! The profile that fits a reader, with the words that a technician needs while it is searched.

use anyhow::Context as _;
use bilik_scanner::detect::{Fit, Progress, search};
use bilik_scanner::{PortName, Profile, Profiles, serial_ports};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Searches, says what fits and why, and what to write into the configuration.
///
/// # Errors
/// If there is no reader at the port, or nothing that it sends is understood.
pub fn profile(port: &PortName, profiles: &Profiles, status: &mut dyn Write) -> anyhow::Result<Profile> {
    let mut told = |text: &str| {
        // Whoever closed the output does not want to know.
        let _ = writeln!(status, "{text}");
    };
    told("Present any card or bar code again and again until the search ends. It takes three minutes at most.");
    let progress = |progress: Progress<'_>| match progress {
        Progress::Listening(baud) => told(&format!("listening at {baud} bits per second")),
        Progress::Starting(profile) => told(&format!("trying the start command of {profile}")),
    };
    let go_on = Arc::new(AtomicBool::new(true));
    let interrupted = go_on.clone();
    super::on_interrupt(move || interrupted.store(false, Ordering::Relaxed))?;
    let fits = search(port, profiles.iter().cloned().collect(), progress, || go_on.load(Ordering::Relaxed))
        .with_context(|| format!("no card reader at {port}"))?;
    let Some(best) = fits.first() else {
        anyhow::ensure!(go_on.load(Ordering::Relaxed), "the search was interrupted");
        anyhow::bail!(
            "nothing was heard that any profile understands. Check that the reader has power (its light or tone at a card), that \
             the cable sits, and that the reader is set to RS-232 or to a virtual COM port and not to a keyboard"
        );
    };
    told(&advice(best, profiles));
    for other in fits.iter().skip(1) {
        told(&format!("  {} would do too: {}", other.profile.name, other.why));
    }
    Ok(best.profile.clone())
}

/// What fits, why, and how to keep it.
fn advice(best: &Fit, profiles: &Profiles) -> String {
    let Profile { name, line, .. } = &best.profile;
    let mut text = format!("{name} fits ({}): {}\n", best.profile.title(), best.why);
    text += &format!("  in the configuration, under [reader]: profile = \"{name}\"");
    if profiles.by_name(name).is_none_or(|shipped| shipped.line.baud != line.baud) {
        text += &format!(
            "\n  the reader runs at {0} bits per second: set it to the profile's speed, or save the profile with \
             `bilik-booth scan --show {name}` in a folder of your own, write baud = {0} into it, and name that folder as `profiles`",
            line.baud
        );
    }
    text
}

/// The devices there are, one a line.
pub fn ports() -> String {
    let ports = serial_ports();
    if ports.is_empty() {
        return "(none; is the reader plugged in?)".into();
    }
    ports.iter().map(|port| format!("{}  {}", port.path.display(), port.name())).collect::<Vec<_>>().join("\n")
}
