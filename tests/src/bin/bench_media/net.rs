//! A network for the booth's side that can be cut: a namespace for what stands at the booth, one for the switch between it and
//! the office, and this machine as the office.
//!
//! ```text
//!   office (here) ── pair ── switch (bridge) ── pair ── booth
//!                                           ^ cut here: the booth loses its carrier, the office notices nothing
//! ```

use anyhow::{Context as _, bail};
use bilik_tests::process::output;
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub struct Net {
    name: String,
    /// This machine, as the booth sees it.
    pub office: Ipv4Addr,
    pub booth: Ipv4Addr,
}

impl Net {
    /// # Errors
    ///
    /// Without root, or on a kernel without network namespaces.
    pub fn make() -> anyhow::Result<Self> {
        // The kernel takes a while to forget the last one.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let (pid, made) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let subnet = |host| Ipv4Addr::new(10, 213, ((pid + made) % 251) as u8 + 1, host);
        let name = format!("b{pid}n{made}");
        names().push(name.clone());
        let net = Self { name, office: subnet(1), booth: subnet(2) };
        let Self { name, office, booth } = &net;
        let lines = [
            format!("netns add {name}s"),
            format!("netns add {name}b"),
            format!("link add {name}o type veth peer name up0 netns {name}s"),
            format!("-n {name}s link add down0 type veth peer name eth0 netns {name}b"),
            format!("-n {name}s link add name sw0 type bridge"),
            format!("-n {name}s link set up0 master sw0"),
            format!("-n {name}s link set down0 master sw0"),
            format!("-n {name}s link set sw0 up"),
            format!("-n {name}s link set up0 up"),
            format!("-n {name}s link set down0 up"),
            format!("addr add {office}/24 dev {name}o"),
            format!("link set {name}o up"),
            format!("-n {name}b addr add {booth}/24 dev eth0"),
            format!("-n {name}b link set eth0 up"),
            format!("-n {name}b link set lo up"),
        ];
        for line in lines {
            ip(&line).context("network namespaces need root")?;
        }
        // As the booth's image sets it; the rival gets the same.
        net.inside(|| {
            for (name, value) in [("retrans_time_ms", "50"), ("ucast_solicit", "6"), ("mcast_solicit", "6")] {
                let path = format!("/proc/sys/net/ipv4/neigh/eth0/{name}");
                std::fs::write(&path, value).with_context(|| format!("failed to write {path}"))?;
            }
            Ok(())
        })?;
        Ok(net)
    }

    /// Runs something at the booth's side; processes and sockets that it starts stay there.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
        let path = format!("/run/netns/{}b", self.name);
        let place = File::open(&path).with_context(|| format!("failed to open {path}"))?;
        let enter = || {
            // Safe: the descriptor is open, and only this thread, which ends below, changes its namespace.
            if unsafe { libc::setns(place.as_raw_fd(), libc::CLONE_NEWNET) } != 0 {
                bail!("failed to enter {path}: {}", std::io::Error::last_os_error());
            }
            act()
        };
        std::thread::scope(|scope| scope.spawn(enter).join().map_err(|_| anyhow::anyhow!("panicked in {path}"))?)
    }

    /// Pulls the booth's cable.
    pub fn cut(&self) -> anyhow::Result<()> {
        ip(&format!("-n {}s link set down0 down", self.name))
    }

    /// Puts it back.
    pub fn mend(&self) -> anyhow::Result<()> {
        ip(&format!("-n {}s link set down0 up", self.name))
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        names().retain(|name| *name != self.name);
        remove(&self.name);
    }
}

/// Those that are there, for [`remove_all`].
static THERE: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn names() -> MutexGuard<'static, Vec<String>> {
    THERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes every network away, when there is no time to drop them.
pub fn remove_all() {
    names().drain(..).for_each(|name| remove(&name));
}

fn remove(name: &str) {
    // What is not there any more cannot be removed, and need not be.
    let _ = ip(&format!("link del {name}o"));
    for end in ["b", "s"] {
        let _ = ip(&format!("netns del {name}{end}"));
    }
}

fn ip(line: &str) -> anyhow::Result<()> {
    output(Command::new("ip").args(line.split(' '))).map(drop)
}
