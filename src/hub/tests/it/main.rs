//! The hub as a whole, over real TLS on the loopback: every client here speaks the real protocol.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is a test through and through")]

mod age_tool;
mod bench;
mod booths;
mod claims;
mod commands;
mod consoles;
mod exactly_once;
mod keys;
mod logins;
mod oversight;
mod pictures;
mod provision;
mod reconcile;
mod recover;
mod sockets;
mod statistics;
mod updates;
