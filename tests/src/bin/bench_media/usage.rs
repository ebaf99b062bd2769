//! What a process and all its descendants take of the machine, out of `/proc`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Processor time so far, in seconds.
    pub cpu_s: f64,
    /// Proportional set size, in MiB: shared pages count by how many share them.
    pub pss_mib: f64,
    pub threads: u64,
    /// Open file descriptors of the first process alone.
    pub files: u64,
}

/// Of the process and everything that it started.
pub fn of_tree(root: u32) -> Usage {
    let mut parents = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if let Some(stat) = Stat::of(pid) {
            parents.insert(pid, stat);
        }
    }
    let in_tree = |pid: u32| {
        let mut at = pid;
        // No tree is deeper.
        for _ in 0..32 {
            if at == root {
                return true;
            }
            match parents.get(&at) {
                Some(stat) => at = stat.parent,
                None => return false,
            }
        }
        false
    };
    let mut usage = Usage { files: files(root), ..Usage::default() };
    for (&pid, stat) in parents.iter().filter(|(pid, _)| in_tree(**pid)) {
        usage.cpu_s += stat.ticks / ticks_per_second();
        usage.threads += stat.threads;
        usage.pss_mib += kib(pid, "smaps_rollup", "Pss:") / 1024.0;
    }
    usage
}

/// Processor seconds per second over a while, and what it takes at the end of it.
pub fn over(root: u32, while_: Duration) -> (f64, Usage) {
    let (before, start) = (of_tree(root), Instant::now());
    std::thread::sleep(while_);
    let after = of_tree(root);
    ((after.cpu_s - before.cpu_s) / start.elapsed().as_secs_f64(), after)
}

struct Stat {
    parent: u32,
    ticks: f64,
    threads: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold anything; what follows its bracket are numbers (proc(5)).
        let words: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| words.get(index)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            ticks: (number(11)? + number(12)?) as f64,
            threads: number(17)?,
        })
    }
}

fn files(pid: u32) -> u64 {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |list| list.count() as u64)
}

fn kib(pid: u32, file: &str, key: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

fn ticks_per_second() -> f64 {
    // Safe: asks for a number.
    (unsafe { libc::sysconf(libc::_SC_CLK_TCK) }) as f64
}
