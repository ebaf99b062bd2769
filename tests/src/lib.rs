//! Real parts for tests and for the demonstration: a hub, booths under a virtual display, a card reader on a
//! pseudo-terminal, and an officer in headless Chromium. Each is a process of its own, ended when its handle is dropped.

pub mod booth;
pub mod browser;
pub mod control;
pub mod display;
pub mod hub;
pub mod keyboard;
pub mod machine;
pub mod officer;
pub mod pages;
pub mod process;
pub mod reader;
pub mod specimen;
pub mod story;
