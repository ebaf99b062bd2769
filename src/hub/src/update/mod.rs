//! The one update that the hub offers to its booths: `STATE/update/`.
//!
//! | File | Holds |
//! |---|---|
//! | `DIGEST.raucb` | the bundle, named by its SHA-256 |
//! | `offer.json` | which one is offered ([`Offer`]); written last and taken away first, so what it names is there whole |
//!
//! The hub judges only whether a file looks like a bundle at all, to save the operator a night. Whether it is signed by the
//! booths' maker is each booth's own matter: its certificate is in its image. So a hub that was taken over can withhold
//! updates, but make none.

mod bundle;

use bilik_claim::ids::Digest;
use bilik_claim::machine::{MAX_UPDATE, Offer};
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

const FOLDER: &str = "update";
const OFFER: &str = "offer.json";
/// A copy under way.
const NEW: &str = "new";

#[derive(Debug, Error)]
pub enum UpdateError {
    #[error("failed to {operation} {}", path.display())]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("{} is no update of booths: {why}", path.display())]
    NoBundle { path: PathBuf, why: &'static str },
    #[error("{} does not tell its version; say --version, as it is written on the image", .0.display())]
    NoVersion(PathBuf),
    #[error("{} holds version {found}, not {said}", path.display())]
    OtherVersion { path: PathBuf, found: String, said: String },
    #[error("{said:?} is no version such as 0.2.0")]
    BadVersion { said: String },
    #[error("{} cannot be read; offer the update again", .0.display())]
    Malformed(PathBuf),
}

/// What is offered now.
pub fn offered(state_dir: &Path) -> Result<Option<Offer>, UpdateError> {
    let path = state_dir.join(FOLDER).join(OFFER);
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|_| UpdateError::Malformed(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(UpdateError::File { operation: "read", path, source }),
    }
}

/// Where the bytes of an offered update are.
pub fn path_of(state_dir: &Path, digest: Digest) -> PathBuf {
    state_dir.join(FOLDER).join(format!("{digest}.raucb"))
}

/// Copies `file` into the state directory, durably, and offers it in place of what was offered before. `said`: its version,
/// where the file does not tell it. `now`: booths shall not wait for the night.
pub fn offer(state_dir: &Path, file: &Path, said: Option<&str>, now: bool) -> Result<Offer, UpdateError> {
    let failed = |operation, path: &Path| {
        let path = path.to_owned();
        move |source| UpdateError::File { operation, path, source }
    };
    let mut source = File::open(file).map_err(failed("open", file))?;
    let version = match (bundle::version(&mut source, file)?, said) {
        (Some(found), Some(said)) if found != said => {
            return Err(UpdateError::OtherVersion { path: file.to_owned(), found, said: said.to_owned() });
        }
        (Some(version), _) => version,
        (None, Some(said)) if bundle::is_version(said) => said.to_owned(),
        (None, Some(said)) => return Err(UpdateError::BadVersion { said: said.to_owned() }),
        (None, None) => return Err(UpdateError::NoVersion(file.to_owned())),
    };
    let folder = state_dir.join(FOLDER);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed("make", &folder))?;
    let new = folder.join(NEW);
    let copied = copy(&mut source, &new).map_err(failed("write", &new));
    let (digest, bytes) = copied.inspect_err(|_| {
        // Half a copy is of no use, and the disk may be full of it.
        let _ = fs::remove_file(&new);
    })?;
    let kept = path_of(state_dir, digest);
    fs::rename(&new, &kept).map_err(failed("keep", &kept))?;
    let offer = Offer { version, digest, bytes, now };
    write_offer(&folder, &offer).map_err(failed("write", &folder.join(OFFER)))?;
    drop_others(&folder, Some(&kept)).map_err(failed("clear", &folder))?;
    Ok(offer)
}

/// Offers nothing any more. What booths have installed already stays there. None: nothing was offered.
pub fn withdraw(state_dir: &Path) -> Result<Option<Offer>, UpdateError> {
    let was = offered(state_dir);
    let folder = state_dir.join(FOLDER);
    let failed = |source| UpdateError::File { operation: "clear", path: folder.clone(), source };
    match fs::remove_file(folder.join(OFFER)) {
        Ok(()) => sync(&folder).and_then(|()| drop_others(&folder, None)).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(failed(source)),
    }
    // What cannot be read is gone now too.
    Ok(was.unwrap_or_default())
}

/// Copies to a file that only its owner may read, durably. Digest and size of what was written.
fn copy(source: &mut File, target: &Path) -> io::Result<(Digest, u64)> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(target)?;
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 20]);
    // The file was looked at before; should it grow meanwhile, the copy does not.
    let mut source = source.take(MAX_UPDATE);
    loop {
        let read = source.read(&mut piece)?;
        let Some(more) = piece.get(..read).filter(|more| !more.is_empty()) else { break };
        file.write_all(more)?;
        hash.update(more);
        bytes += more.len() as u64;
    }
    file.sync_all()?;
    Ok((Digest(hash.finalize().into()), bytes))
}

fn write_offer(folder: &Path, offer: &Offer) -> io::Result<()> {
    let new = folder.join(NEW);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(&serde_json::to_vec(offer)?)?;
    file.sync_all()?;
    fs::rename(&new, folder.join(OFFER))?;
    sync(folder)
}

/// Who is being sent one of them right now gets the rest of it.
fn drop_others(folder: &Path, kept: Option<&Path>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "raucb") && Some(path.as_path()) != kept {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::bundle::tests::made;
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn one_is_offered_until_another_is_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let (state, file) = (dir.path().join("state"), dir.path().join("new.raucb"));
        assert_eq!(offered(&state).unwrap(), None);
        assert_eq!(withdraw(&state).unwrap(), None);
        let mut kept = Vec::new();
        for (version, now) in [("0.2.0", false), ("0.3.0", true)] {
            let bytes = made(Some(version));
            fs::write(&file, &bytes).unwrap();
            let offer = offer(&state, &file, None, now).unwrap();
            let digest = Digest::of(&bytes);
            assert_eq!(offer, Offer { version: version.into(), digest, bytes: bytes.len() as u64, now });
            assert_eq!(offered(&state).unwrap(), Some(offer.clone()));
            assert_eq!(fs::read(path_of(&state, digest)).unwrap(), bytes);
            assert_eq!(names(&state.join("update")), [format!("{digest}.raucb"), "offer.json".into()]);
            kept.push(offer);
        }
        assert_eq!(withdraw(&state).unwrap(), kept.pop());
        assert_eq!(offered(&state).unwrap(), None);
        assert!(names(&state.join("update")).is_empty());
    }

    #[test]
    fn what_is_refused_leaves_the_offer_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (state, file) = (dir.path().join("state"), dir.path().join("new.raucb"));
        fs::write(&file, made(Some("0.2.0"))).unwrap();
        let before = offer(&state, &file, None, false).unwrap();
        let check = |bytes: Vec<u8>, said: Option<&str>, expect: &str| {
            fs::write(&file, bytes).unwrap();
            let told = offer(&state, &file, said, false).unwrap_err().to_string();
            assert!(told.contains(expect), "{told}");
            assert_eq!(offered(&state).unwrap(), Some(before.clone()));
        };
        check(b"MZ".to_vec(), None, "no update of booths");
        check(made(None), None, "--version");
        check(made(None), Some("zero two"), "no version such as");
        check(made(Some("0.2.0")), Some("0.3.0"), "holds version 0.2.0, not 0.3.0");
        let folder = offer(&state, dir.path(), None, false).unwrap_err().to_string();
        assert!(folder.contains(&dir.path().display().to_string()), "{folder}");
        fs::write(&file, made(None)).unwrap();
        assert_eq!(offer(&state, &file, Some("0.9.1"), false).unwrap().version, "0.9.1");
        // Half an offer is told, and can be taken back.
        fs::write(state.join("update/offer.json"), "{").unwrap();
        assert!(matches!(offered(&state), Err(UpdateError::Malformed(_))));
        assert_eq!(withdraw(&state).unwrap(), None);
        assert_eq!(offered(&state).unwrap(), None);
    }
}
