//! Decides whether a photograph may go to an officer's browser: it is decoded first, wholly, where that can do no harm.
//!
//! ```text
//! hub ── the file ──► bilik-hub decode-image: limits itself, decodes, forgets
//!     ◄── size, exit code ──
//! ```
//!
//! What a browser cannot stand is found there: a file that says it is larger than memory, a thousand scans, rubbish that
//! would show as an empty frame. The process has no more memory, time and files than [`child`] allows it, and may crash,
//! hang or be killed alone: that is an answer like any other, and the answer is no. Files that were decoded go out as they
//! came: one that ends early and says that it is whole shows as the part that is there, here and in a browser.

pub mod child;

use bilik_claim::picture::{self, Picture, PictureError};
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Decoded at a time: each takes a core and up to [`child::MEMORY`].
const TURNS: usize = 2;
/// For one decoder, from its start to its end. The wait for a turn does not count.
const DEADLINE: Duration = Duration::from_secs(10);
/// This program as it was when it started, also after its file was replaced by an update.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// A size as the decoder says it: `65535 65535` and a line's end.
const LONGEST_ANSWER: u64 = 12;

/// Why a photograph is not shown. Says nothing of what is on it.
#[derive(Debug, Error)]
pub enum Unfit {
    #[error("the photograph {0}")]
    Header(#[from] PictureError),
    #[error("the photograph cannot be decoded")]
    Broken,
    #[error("the photograph took its decoder's memory, time or life")]
    Deadly,
    #[error("the photograph was not decoded within {} s", DEADLINE.as_secs())]
    Late,
    /// Nothing is known of the photograph: this is the machine's fault.
    #[error("no decoder could be started: the machine may be short of memory or processes")]
    NotTried(#[source] io::Error),
}

/// Starts a process for each photograph.
pub struct Decoder {
    program: PathBuf,
    arguments: &'static [&'static str],
    turns: Semaphore,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(OWN_PROGRAM.into())
    }
}

impl Decoder {
    /// Decodes with another `bilik-hub` than this program.
    pub fn new(program: PathBuf) -> Self {
        Self { program, arguments: &[child::COMMAND], turns: Semaphore::new(TURNS) }
    }

    /// Whether a file may be shown. Whoever no longer waits for the answer ends the decoder too.
    pub async fn look(&self, jpeg: &[u8]) -> Result<Picture, Unfit> {
        let picture = picture::read(jpeg)?;
        let closed = |_| Unfit::NotTried(io::ErrorKind::BrokenPipe.into());
        let _turn = self.turns.acquire().await.map_err(closed)?;
        let failed = |error: &io::Error| tracing::error!(%error, "no decoder for photographs could be started");
        let mut child = self.start().inspect_err(failed).map_err(Unfit::NotTried)?;
        let (code, answer) = timeout(DEADLINE, ask(&mut child, jpeg)).await.map_err(|_| Unfit::Late)?;
        match code {
            Some(0) if answer == child::answer(picture) => Ok(picture),
            Some(code) if code == i32::from(child::BROKEN) => Err(Unfit::Broken),
            Some(_) | None => Err(Unfit::Deadly),
        }
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(self.arguments).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
    }
}

/// Its exit code, none if a signal ended it, and what it said.
async fn ask(child: &mut Child, jpeg: &[u8]) -> (Option<i32>, String) {
    let mut answer = String::new();
    if let Some(mut input) = child.stdin.take() {
        // Who ends before it has read everything has said all it has to say.
        let _ = input.write_all(jpeg).await;
    }
    if let Some(output) = child.stdout.take() {
        // What is no text is no answer.
        let _ = output.take(LONGEST_ANSWER).read_to_string(&mut answer).await;
    }
    (child.wait().await.ok().and_then(|status| status.code()), answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The smallest file that the header's reader takes; nobody decodes it here.
    const JPEG: &[u8] =
        b"\xff\xd8\xff\xc0\0\x0b\x08\0\x01\0\x02\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0\x12\xff\xd9";

    /// What becomes of [`JPEG`] if the decoder is this script.
    async fn look(script: &'static str) -> String {
        let arguments: &'static [&'static str] = Vec::leak(vec!["-c", script]);
        let decoder = Decoder { program: "/bin/sh".into(), arguments, turns: Semaphore::new(1) };
        let told = match decoder.look(JPEG).await {
            Ok(picture) => format!("{} x {}", picture.width, picture.height),
            Err(error) => format!("{error:?}"),
        };
        // Whatever became of it, the next one has its turn.
        assert_eq!(decoder.turns.available_permits(), 1);
        told
    }

    #[tokio::test]
    async fn whatever_becomes_of_the_decoder_is_an_answer() {
        let check = async |script, expect| assert_eq!(look(script).await, expect, "{script}");
        check("cat >/dev/null; echo 2 1", "2 x 1").await;
        check("echo 2 1", "2 x 1").await;
        check("echo 1 2", "Deadly").await;
        check("echo 2 1; echo 2 1", "Deadly").await;
        check("echo 2 1; exit 3", "Broken").await;
        check("exit 3", "Broken").await;
        check("exit 1", "Deadly").await;
        check("exit 0", "Deadly").await;
        check("printf '\\377'", "Deadly").await;
        check("while echo 2 1; do :; done", "Deadly").await;
        check("kill -9 $$", "Deadly").await;
        check("echo 2 1; kill -9 $$", "Deadly").await;
        check("exec /nonexistent", "Deadly").await;
    }

    /// The clock jumps to the deadline as soon as there is nothing to do but wait.
    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_is_given_up() {
        assert_eq!(look("cat >/dev/null; exec sleep 1000").await, "Late");
        assert_eq!(look("exec >/dev/null; exec sleep 1000").await, "Late");
    }

    #[tokio::test]
    async fn without_a_process_nothing_is_known() {
        let decoder = Decoder::new("/nonexistent".into());
        assert!(matches!(decoder.look(JPEG).await, Err(Unfit::NotTried(_))));
        assert!(matches!(decoder.look(b"GIF").await, Err(Unfit::Header(PictureError::NotJpeg))));
    }

    #[tokio::test]
    async fn nobody_waits_for_it_so_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        let script = format!("echo $$ >{0}.new; mv {0}.new {0}; exec sleep 1000", path.display());
        let arguments: &'static [&'static str] = Vec::leak(vec!["-c", script.leak()]);
        let decoder = Decoder { program: "/bin/sh".into(), arguments, turns: Semaphore::new(1) };
        let pid = async {
            loop {
                if let Ok(pid) = std::fs::read_to_string(&path) {
                    return pid.trim().to_owned();
                }
                tokio::task::yield_now().await;
            }
        };
        let pid = tokio::select! {
            pid = pid => pid,
            result = decoder.look(JPEG) => panic!("{result:?}"),
        };
        let alive = || {
            let status = std::fs::read_to_string(Path::new("/proc").join(&pid).join("stat")).unwrap_or_default();
            status.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
        };
        while alive() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn they_take_turns() {
        let arguments: &'static [&'static str] = &["-c", "exec sleep 1000"];
        let decoder = Decoder { program: "/bin/sh".into(), arguments, turns: Semaphore::new(TURNS) };
        let start = tokio::time::Instant::now();
        let looks = futures_util::future::join_all((0..2 * TURNS + 1).map(|_| decoder.look(JPEG))).await;
        assert!(looks.iter().all(|look| matches!(look, Err(Unfit::Late))));
        assert_eq!(start.elapsed().as_secs() / DEADLINE.as_secs(), 3);
    }
}
