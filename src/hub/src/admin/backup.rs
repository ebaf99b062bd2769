//! `backup`: a copy of the ledger beside a hub at work.
//!
//! The copy is one state of the ledger, written, synced and read back before the ledger notes it. Only from then on do
//! booths hear that the claims in it are safe. Keys are not in it: whoever has both can read every claim.

use super::{AdminError, ledger_path, open, write};
use crate::clock::{utc_for_file, wall_now};
use crate::config::Config;
use crate::keys;
use crate::ledger::{Claims as _, Reconciliation as _};
use crate::sqlite;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// What was made.
pub struct Backup {
    pub ledger: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Highest claim sequence in it.
    pub horizon: u64,
    /// A directory with copies of the keys, if that was wanted.
    pub keys: Option<PathBuf>,
    /// The key files that the ledger is of no use without.
    pub key_files: Vec<PathBuf>,
}

/// Makes `DIR/hub-TIME.db`, and `DIR/hub-TIME.keys` if wanted. Replaces nothing and drops nothing.
pub fn backup(config: &Config, dir: &Path, with_keys: bool) -> Result<Backup, AdminError> {
    let source = ledger_path(config)?;
    let ledger = open(config)?;
    let names = keys::files_to_keep(&config.state_dir)?;
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| write(dir, source))?;
    let now = wall_now();
    let stem = format!("hub-{}", utc_for_file(now));
    let target = dir.join(format!("{stem}.db"));
    if target.exists() {
        return Err(AdminError::Refused(format!("{} is there already: try again in a second", target.display())));
    }
    let before = ledger.claims_kept()?;
    let backup = ledger.begin_backup(now)?;
    let failed = |source| AdminError::Backup { path: target.clone(), source };
    let horizon = sqlite::back_up(&source, &dir.join(format!("{stem}.db.new")), &target).map_err(failed)?;
    if horizon < before {
        return Err(AdminError::Refused(format!(
            "{} has claims up to {horizon}, the ledger had {before} before: do not rely on it",
            target.display()
        )));
    }
    let keys = with_keys.then(|| copy_keys(config, &names, &dir.join(format!("{stem}.keys")))).transpose()?;
    ledger.finish_backup(backup, horizon, wall_now())?;
    let size = fs::metadata(&target).map_err(|source| AdminError::Read { path: target.clone(), source })?.len();
    let key_files = names.iter().map(|name| config.state_dir.join(name)).collect();
    Ok(Backup { ledger: target, size, horizon, keys, key_files })
}

fn copy_keys(config: &Config, names: &[String], dir: &Path) -> Result<PathBuf, AdminError> {
    DirBuilder::new().mode(0o700).create(dir).map_err(|source| write(dir, source))?;
    names.iter().try_for_each(|name| keys::copy_to(&config.state_dir, name, &dir.join(name)))?;
    Ok(dir.to_owned())
}
