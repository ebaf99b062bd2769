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
mod locks;
mod mount;
mod power;
mod promises;
mod rounds;
mod runs;
mod sim;
mod syscalls;
mod vfs;
