//! The booth's end of the socket.

use crate::{Answer, MAX_LINE, Request, Work};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use thiserror::Error;

/// The service answers or shows progress at least this often while it works.
pub const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// A service that is silent for so long is not well.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Error)]
pub enum ClientError {
    #[error("failed to reach the device service at {path}")]
    Connect { path: String, source: std::io::Error },
    #[error("failed to talk to the device service")]
    Talk(#[from] std::io::Error),
    #[error("the device service said something this version does not understand")]
    NotUnderstood(#[from] serde_json::Error),
    #[error("the device service went away before it had finished")]
    Gone,
}

/// Asks, calls `progress` as the work goes on, and returns the last answer: anything but [`Answer::Progress`]. Blocks.
pub fn ask(socket: &Path, request: &Request, mut progress: impl FnMut(Work)) -> Result<Answer, ClientError> {
    let mut stream = UnixStream::connect(socket)
        .map_err(|source| ClientError::Connect { path: socket.display().to_string(), source })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        if reader.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Err(ClientError::Gone);
        }
        match serde_json::from_slice(&line)? {
            Answer::Progress { work } => progress(work),
            last @ (Answer::Status { .. } | Answer::Done | Answer::Failed { .. }) => return Ok(last),
        }
    }
}
