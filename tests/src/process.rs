//! Processes that end with their handle, and waiting for what they do.

use anyhow::{Context as _, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for anything that should happen at once; generous, because two cores are shared by many processes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(40);

/// Processes that run now, for [`stop_all`].
static RUNNING: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Asks every process to stop, when there is no time to drop their handles.
pub fn stop_all() {
    for pid in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        // Safe: a signal to a child of ours.
        unsafe { libc::kill(pid, libc::SIGTERM) };
    }
}

/// Ctrl-C and a request to stop end all processes, then `last` runs, then this program ends.
pub fn stop_on_signal(last: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stop_all();
            last();
            std::process::exit(130);
        });
    })?;
    Ok(())
}

/// A process with its log in a file.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    pub fn start(name: &str, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("failed to open {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("failed to start {name}: {:?}", command.get_program()))?;
        if let Ok(pid) = i32::try_from(child.id()) {
            RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(pid);
        }
        Ok(Self { child, name: name.to_owned(), log: log.to_owned() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let name = self.name.clone();
        until(&format!("{name} ends"), || Ok(self.child.try_wait()?))
    }

    /// Fails with the end of its log if the process has ended.
    pub fn alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                let log = self.log();
                let tail: Vec<_> = log.lines().rev().take(15).collect();
                bail!(
                    "{} ended with {status}; the end of its log:\n{}",
                    self.name,
                    tail.into_iter().rev().collect::<Vec<_>>().join("\n")
                )
            }
        }
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(libc::SIGTERM);
        let name = self.name.clone();
        until(&format!("{name} stops"), || Ok(self.child.try_wait()?))
    }

    /// Pulls the plug.
    pub fn kill(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let pid = i32::try_from(self.child.id());
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|running| Ok(*running) != pid);
    }

    fn signal(&self, signal: i32) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // Safe: a signal to a child that has not been waited for yet.
            unsafe { libc::kill(pid, signal) };
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(libc::SIGTERM);
            let deadline = Instant::now() + Duration::from_secs(5);
            while Instant::now() < deadline {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    break;
                }
                std::thread::sleep(PAUSE);
            }
        }
        self.kill();
    }
}

/// Waits until `look` finds something; fails after [`PATIENCE`]. A condition that is polled, not a time that is slept.
pub fn until<T>(what: &str, look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    until_within(PATIENCE, what, look)
}

/// The same for what may take longer, or must not.
pub fn until_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let begin = Instant::now();
    let deadline = begin + patience;
    let mut last = None;
    loop {
        match look() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
        if Instant::now() >= deadline {
            let waited = format!("waited {} s in vain until {what}", patience.as_secs());
            return Err(match last {
                Some(error) => error.context(waited),
                None => anyhow::anyhow!(waited),
            });
        }
        // What takes its time is looked for less often: looking takes of the same cores.
        std::thread::sleep((begin.elapsed() / 20).clamp(PAUSE, 10 * PAUSE));
    }
}

/// A program of this workspace, built beside the running one.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let place = own.ancestors().skip(1).map(|folder| folder.join(name)).take(2).find(|path| path.is_file());
    place.with_context(|| format!("{name} is not built; run `cargo build --workspace` first"))
}

/// Runs to the end and gives back what it printed.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("failed to run {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!("{:?} ended with {}: {}", command.get_program(), output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
