//! A shell inside the machine, for what cannot be done at its glass: ending a program, stopping it, hanging the kernel.
//!
//! The booth's image has none, and no way to one. So a drill runs another kernel image with the same root: signed with the
//! image's keys, and with [`OVERLAY`] behind its initial RAM file system, which leaves a service for the system proper that
//! answers on the serial line.

use super::Machine;
use crate::process::until;
use anyhow::{Context as _, bail};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A shell script that prints the overlay's folder as a cpio archive.
pub const OVERLAY: &str = r#"
	rm -rf /tmp/overlay && mkdir -p /tmp/overlay/usr/lib/systemd/system/initrd.target.wants
	cd /tmp/overlay/usr/lib/systemd/system
	cat >drill.service <<-U
		[Unit]
		DefaultDependencies=no
		Before=initrd-switch-root.target
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh /usr/lib/drill
	U
	ln -s ../drill.service initrd.target.wants/drill.service
	cat >/tmp/overlay/usr/lib/drill <<-D
		at=/run/systemd/system
		mkdir -p \$at/multi-user.target.wants
		cat >\$at/drill.service <<U
		[Service]
		ExecStart=/bin/sh
		StandardInput=tty-force
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/ttyS0
		Restart=always
		U
		ln -s ../drill.service \$at/multi-user.target.wants/drill.service
	D
	cd /tmp/overlay && find . | cpio --quiet -o -H newc
"#;

impl Machine {
    /// Runs a line of shell as root inside a machine that has the drill's kernel image; gives what it printed.
    pub fn inside(&mut self, line: &str) -> anyhow::Result<String> {
        // What is typed is echoed, mixed with the shell's prompts; only what the shell makes of it has the marks in one piece.
        let mut serial = self.type_inside(&format!("{{ echo \"dril\"\"ling\"; {line}\n}}; echo \"dril\"\"led $?\""))?;
        let mut heard = String::new();
        until("the shell has answered", || {
            let mut bytes = [0; 4096];
            if let Ok(read) = serial.read(&mut bytes) {
                heard.push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
            let ended = heard.split_once("drilled ").is_some_and(|(_, rest)| rest.contains('\n'));
            Ok(ended.then_some(()))
        })?;
        let (said, rest) = heard.split_once("drilled ").with_context(|| format!("no answer to {line:?}: {heard:?}"))?;
        let said = said.split_once("drilling").map_or(said, |(_, said)| said).trim().replace('\r', "");
        match rest.trim_start().starts_with('0') {
            true => Ok(said),
            false => bail!("{line:?} failed: {said}"),
        }
    }

    /// Types a line there, and does not wait for what comes of it.
    pub fn type_inside(&mut self, line: &str) -> anyhow::Result<UnixStream> {
        let socket = self.drives.folder.join("serial");
        let mut serial =
            UnixStream::connect(&socket).with_context(|| format!("failed to reach {}", socket.display()))?;
        serial.set_read_timeout(Some(Duration::from_millis(500)))?;
        serial.write_all(format!("\n{line}\n").as_bytes())?;
        Ok(serial)
    }
}
