//! Who may come in: password and one-time code, what guessing costs, and how long a login lasts.
//!
//! All of it is pure but for the hashing: time is an argument, and the callers own the state.

pub mod password;
pub mod sessions;
pub mod throttle;
pub mod totp;

/// Longest login, in characters.
pub const MAX_LOGIN: usize = 64;
