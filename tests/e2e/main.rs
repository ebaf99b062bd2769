//! End to end on real parts: hub, booths, card reader and an officer in Chromium, each a process of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod claim;
mod faults;
mod image;
mod mutants;
mod office;
mod readers;
mod residue;
mod scene;
mod tidy;
