//! Brings an offered update to the booth's disk: `STATE/update/`.
//!
//! | File | Holds |
//! |---|---|
//! | `DIGEST.part` | what has come so far; the next try goes on behind it |
//! | `bundle.raucb` | all of it, verified against the digest and durable; where the machine looks for it ([`bilik_device::RECEIVED_UPDATE`]) |
//!
//! The machine's service copies the bundle before it installs it, so twice its size has to be free. Nothing but the announced
//! number of bytes is ever written.

use crate::hub_http::HubHttp;
use bilik_claim::ids::Digest;
use bilik_claim::machine::Offer;
use reqwest::{Response, StatusCode};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::timeout;

/// The folder in the booth's state directory.
pub const FOLDER: &str = "update";
const BUNDLE: &str = "bundle.raucb";
/// A line that brings nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(30);
/// How often it is told how much there is, in bytes.
const TELL_EVERY: u64 = 8 << 20;

/// Why an update is not here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// By our own will: somebody has come to the booth, or it is offered no more.
    #[error("stopped")]
    Stopped,
    #[error("the line broke: {0}")]
    Line(String),
    #[error("the hub serves another booth")]
    Occupied,
    #[error("{free} bytes are free, and the update needs {needed}")]
    NoRoom { needed: u64, free: u64 },
    #[error("{0}")]
    Disk(String),
    #[error("what came is not what was announced")]
    WrongDigest,
    #[error("the hub answered {0}")]
    Refused(u16),
}

/// A fetch under way. Dropping it stops it.
#[derive(Debug)]
pub struct Fetch {
    _stop: watch::Sender<()>,
}

/// Starts to fetch into `folder`. `free` says how many bytes are free there. `tell` hears how many are here, `end` how it
/// ended; both on another thread.
pub fn start(
    http: HubHttp,
    offer: Offer,
    folder: PathBuf,
    free: fn(&Path) -> Option<u64>,
    tell: impl Fn(u64) + Send + 'static,
    end: impl FnOnce(Result<(), Fault>) + Send + 'static,
) -> Fetch {
    let (stop, stopped) = watch::channel(());
    http.clone().spawn_blocking(move |runtime| {
        let mut fetching = Fetching { http, offer, folder, runtime, stopped };
        let ended = fetching.run(free, tell);
        if let Err(fault) = &ended {
            tracing::info!(%fault, "the update is not here yet");
        }
        end(ended);
    });
    Fetch { _stop: stop }
}

/// Removes everything that was fetched.
pub fn clear(folder: &Path) {
    if let Err(error) = keep_only(folder, None) {
        tracing::warn!(folder = %folder.display(), %error, "what was fetched is not removed");
    }
}

struct Fetching {
    http: HubHttp,
    offer: Offer,
    folder: PathBuf,
    runtime: tokio::runtime::Handle,
    stopped: watch::Receiver<()>,
}

impl Fetching {
    fn run(&mut self, free: fn(&Path) -> Option<u64>, tell: impl Fn(u64)) -> Result<(), Fault> {
        let part = self.folder.join(format!("{}.part", self.offer.digest));
        let bundle = self.folder.join(BUNDLE);
        self.prepare(&part, &bundle)?;
        if !bundle.exists() {
            let (mut file, mut hash, mut there) = self.resume(&part)?;
            let (needed, free) = (2 * self.offer.bytes - there, free(&self.folder).unwrap_or(0));
            if free < needed {
                return Err(Fault::NoRoom { needed, free });
            }
            if there < self.offer.bytes {
                self.receive(&mut file, &mut hash, &mut there, &tell)?;
            }
            if Digest(hash.finalize().into()) != self.offer.digest {
                // From its first byte on, the next time.
                fs::remove_file(&part).map_err(|error| disk("remove", &part, &error))?;
                return Err(Fault::WrongDigest);
            }
            file.sync_all().map_err(|error| disk("sync", &part, &error))?;
            fs::rename(&part, &bundle).map_err(|error| disk("keep", &bundle, &error))?;
        }
        let sync = File::open(&self.folder).and_then(|folder| folder.sync_all());
        sync.map_err(|error| disk("sync", &self.folder, &error))?;
        tell(self.offer.bytes);
        Ok(())
    }

    /// Makes the folder, and takes away what belongs to another update.
    fn prepare(&self, part: &Path, bundle: &Path) -> Result<(), Fault> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| disk("make", &self.folder, &error))?;
        keep_only(&self.folder, Some(part)).map_err(|error| disk("clear", &self.folder, &error))?;
        match digest_of(bundle) {
            Ok(digest) if digest == self.offer.digest => Ok(()),
            Ok(_) => fs::remove_file(bundle).map_err(|error| disk("remove", bundle, &error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(disk("read", bundle, &error)),
        }
    }

    /// What there is of it: opened at its end, hashed, counted. What is too long begins anew.
    fn resume(&self, part: &Path) -> Result<(File, Sha256, u64), Fault> {
        let failed = |error: io::Error| disk("open", part, &error);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).mode(0o600).open(part).map_err(failed)?;
        // An earlier try that was stopped may still be about to notice it.
        file.lock().map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > self.offer.bytes {
            file.set_len(0).map_err(failed)?;
        }
        let mut hash = Sha256::new();
        let there = hash_all(&mut file, &mut hash).map_err(failed)?;
        Ok((file, hash, there))
    }

    fn receive(
        &mut self,
        file: &mut File,
        hash: &mut Sha256,
        there: &mut u64,
        tell: &impl Fn(u64),
    ) -> Result<(), Fault> {
        let runtime = self.runtime.clone();
        let mut response = runtime.block_on(self.ask(*there))?;
        let mut told = *there;
        while let Some(piece) = runtime.block_on(self.piece(&mut response))? {
            *there += piece.len() as u64;
            if *there > self.offer.bytes {
                return Err(Fault::Line("more came than was announced".into()));
            }
            file.write_all(&piece).map_err(|error| {
                if error.kind() == io::ErrorKind::StorageFull {
                    Fault::NoRoom { needed: self.offer.bytes, free: 0 }
                } else {
                    disk("write", &self.folder, &error)
                }
            })?;
            hash.update(&piece);
            if *there - told >= TELL_EVERY {
                told = *there;
                tell(told);
            }
        }
        if *there < self.offer.bytes {
            return Err(Fault::Line(format!("{there} of {} bytes came", self.offer.bytes)));
        }
        Ok(())
    }

    /// Asks for all from a byte on. An answer that is not exactly that is none.
    async fn ask(&mut self, from: u64) -> Result<Response, Fault> {
        let asked = self.http.update(self.offer.digest, from);
        let response = tokio::select! {
            response = asked => response.map_err(Fault::Line)?,
            _ = self.stopped.changed() => return Err(Fault::Stopped),
        };
        let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
        let wanted = format!("bytes {from}-{}/{}", self.offer.bytes - 1, self.offer.bytes);
        match response.status() {
            StatusCode::PARTIAL_CONTENT if range == Some(&wanted) => Ok(response),
            StatusCode::SERVICE_UNAVAILABLE => Err(Fault::Occupied),
            status => Err(Fault::Refused(status.as_u16())),
        }
    }

    async fn piece(&mut self, response: &mut Response) -> Result<Option<Vec<u8>>, Fault> {
        tokio::select! {
            piece = timeout(SILENCE, response.chunk()) => match piece {
                Ok(Ok(piece)) => Ok(piece.map(|piece| piece.to_vec())),
                Ok(Err(error)) => Err(Fault::Line(crate::chain(&error))),
                Err(_) => Err(Fault::Line("silence".into())),
            },
            _ = self.stopped.changed() => Err(Fault::Stopped),
        }
    }
}

/// Removes all that was fetched but `part` and the bundle; without `part`, the bundle too.
fn keep_only(folder: &Path, part: Option<&Path>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let ours = path.extension().is_some_and(|extension| extension == "part" || extension == "raucb");
        let kept = part.is_some_and(|part| path == part || path.file_name().is_some_and(|name| name == BUNDLE));
        if ours && !kept {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    hash_all(&mut File::open(path)?, &mut hash)?;
    Ok(Digest(hash.finalize().into()))
}

fn hash_all(file: &mut File, hash: &mut Sha256) -> io::Result<u64> {
    let (mut bytes, mut piece) = (0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece)?;
        let Some(more) = piece.get(..read).filter(|more| !more.is_empty()) else { return Ok(bytes) };
        hash.update(more);
        bytes += read as u64;
    }
}

fn disk(operation: &str, path: &Path, error: &io::Error) -> Fault {
    Fault::Disk(format!("failed to {operation} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
