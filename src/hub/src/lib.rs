//! The branch server: signals between booths and consoles, assigns participants to officers, takes claims in.
//!
//! ```text
//! http (axum: translates) ──► office (one loop: presence, sessions, assignment, calls) ──► http (sockets)
//!        │                        │
//!        ▼                        ▼
//!     intake ──► ledger ◄───── scribe (writes behind the loop)
//!               (sqlite)
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`], [`admin`], [`cli`] | what an operator sets and does |
//! | `keys`, `authority`, `tls`, `seal` | the hub's keys, certificates, and what booths sealed |
//! | `listener`, `http` | connections and requests |
//! | `login` | passwords, one-time codes, what guessing costs, how long a login lasts |
//! | `office` | who is here, who serves whom; pure but for its loop |
//! | `ledger`, `sqlite` | what outlives the process: as contracts, and in one file |
//! | `metrics`, `figures` | what is counted for whoever watches the hub |
//! | `sheet` | a day's statistics as files |
//! | `intake` | how a claim is judged before it is kept |
//! | `picture` | photographs, decoded where that can do no harm before anybody sees them |
//! | `reconcile` | what booths have receipts for, and the ledger has not or has safe |
//! | `recover` | claims that come by hand, from a dead booth's queue |
//! | `scribe` | the audit trail of what the office does |
//!
//! Picture and sound never pass the hub; it only carries the signals that set calls up.

pub mod admin;
pub mod cli;
pub mod config;
pub mod intake;
pub mod keys;
pub mod ledger;
pub mod seal;
pub mod sqlite;

mod authority;
mod clock;
mod figures;
mod http;
mod listener;
mod login;
mod metrics;
mod office;
mod picture;
mod reconcile;
mod recover;
mod scribe;
mod server;
mod sheet;
mod tls;
mod update;

pub use ledger::{AuditState, KeyKind, Role};
pub use server::{ADDRESSES, Addresses, ServeError, Server, serve};

#[cfg(test)]
#[path = "../tests/capacity/mod.rs"]
mod capacity;
#[cfg(test)]
#[path = "../../journal/tests/crash/files.rs"]
mod files;
#[cfg(test)]
#[path = "../tests/simulation/mod.rs"]
mod simulation;

// The simulated disk: the ledger's tests have it, and the journal's files beside it look for it here.
#[cfg(test)]
use sqlite::power::{mount, sim, vfs};
