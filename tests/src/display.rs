//! A virtual X display.

use crate::process::{Process, until};
use anyhow::Context as _;
use std::path::Path;
use std::process::Command;

pub struct Display {
    // Ended when dropped.
    _process: Process,
    name: String,
}

impl Display {
    /// Starts Xvfb on the first free display number.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let number = folder.join("display");
        let mut command = Command::new("sh");
        // Xvfb writes the number that it found to this descriptor.
        let script = format!("exec Xvfb -displayfd 3 -screen 0 2000x2000x24 -nolisten tcp 3>{}", number.display());
        let mut process = Process::start("Xvfb", command.args(["-c", &script]), &folder.join("xvfb.log"))?;
        let name = until("Xvfb says its display", || {
            process.alive()?;
            let text = std::fs::read_to_string(&number).unwrap_or_default();
            Ok(text.ends_with('\n').then(|| format!(":{}", text.trim())))
        })
        .context("is the package xvfb installed?")?;
        Ok(Self { _process: process, name })
    }

    /// For the environment variable `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }
}
