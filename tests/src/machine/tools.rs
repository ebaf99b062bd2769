//! The image's tool root, entered for one command: Debian's tools of the image's own release, QEMU among them.
//!
//! Inside, `/mnt` is the tests' folder, `/opt` what `make image` has made, `/bilik` this project. Entering needs root.

use crate::process::output;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1).unwrap_or(Path::new(".")).to_owned()
}

/// Where the image is: `BILIK_KIOSK`, or `target/kiosk`.
pub fn kiosk() -> PathBuf {
    std::env::var_os("BILIK_KIOSK").map_or_else(|| project().join("target/kiosk"), PathBuf::from)
}

/// Where the machines of these tests are.
pub fn tests() -> PathBuf {
    project().join("target/image-test")
}

/// A command that runs inside, in this folder of [`tests`]. It keeps its process id, so that it can be killed.
pub fn inside(folder: &str, program: &str) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "5"]).arg(project().join("kiosk-image/inside")).env("BILIK_KIOSK", kiosk());
    for (outside, place) in [(tests(), "/mnt"), (kiosk(), "/opt")] {
        command.arg("-b").arg(format!("{}:{place}", outside.display()));
    }
    command.arg("-C").arg(format!("/mnt/{folder}")).arg(program);
    command
}

/// Runs a script inside and gives back what it printed.
pub fn script(folder: &str, script: &str, arguments: &[&str]) -> anyhow::Result<String> {
    output(inside(folder, "sh").args(["-eu", "-c", script, "script"]).args(arguments))
}

/// The version of the image that lies there. The newest, where there are several.
pub fn version() -> anyhow::Result<String> {
    let kiosk = kiosk();
    let missing = || format!("there is no image in {}; run `make image`", kiosk.display());
    let mut images = Vec::new();
    for entry in std::fs::read_dir(&kiosk).with_context(missing)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(version) = name.strip_prefix("bilik-").and_then(|rest| rest.strip_suffix(".img")) {
            images.push((entry.metadata()?.modified()?, version.to_owned()));
        }
    }
    images.into_iter().max().map(|(_, version)| version).with_context(missing)
}
