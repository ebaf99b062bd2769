//! What a booth's screen called kept is at the booth or at the hub, and once, whatever is cut, killed or full.
//!
//! * `power`: a simulated disk loses, reorders and tears what was not synced, at every sync (`make crash-power`).
//! * `syscalls`: a real process on a real disk is killed at every system call that changes something, and each of them fails
//!   (`make crash-syscalls`).
//!
//! Both look at what is left with the same eyes, those of `promises`: the production journal and courier. Short versions
//! run always, the long ones only when asked for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod booth;
mod files;
mod held;
mod hub;
mod power;
mod promises;
mod runs;
mod sim;
mod syscalls;
mod vfs;

use std::io::Write as _;

/// Figures go past the test harness, which swallows what is printed by its macros.
fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// A number from the environment, by which the long versions are told how long.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
