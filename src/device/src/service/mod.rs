//! The privileged service: `bilik-device serve`, and `bilik-device data` that runs before it.
//!
//! ```text
//!  connection threads ──Asked──►┐              ┌─► one job at a time (`jobs`) ──Progress, Ended─┐
//!  look (every 2 s) ────Seen───►├─ one loop ───┤                                               │
//!                               │ (`server`)   └─► answers, watchdog, `systemctl` ◄─────────────┘
//! ```
//!
//! What decides is pure and apart: [`retry`] (when to enrol by itself), [`watch`] (when to give a slot up), `update::start`
//! (what this start is), and the parsers of what the tools say.

mod boot_entries;
mod clock;
mod commands;
mod connection;
mod copying;
mod data;
mod diagnostics;
mod disks;
mod installer;
mod jobs;
mod look;
mod machine;
mod network;
mod notify;
mod provisioning;
mod queue;
mod received;
mod recovery;
mod refusal;
mod retry;
mod server;
mod settings;
mod sticks;
mod update;
mod watch;
mod work;

pub use data::mount_var;
pub use machine::Machine;
pub use server::serve;
