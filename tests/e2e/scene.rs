//! What every test starts with.

use bilik_tests::booth::{Booth, Setup};
use bilik_tests::browser::Browser;
use bilik_tests::display::Display;
use bilik_tests::hub::{Account, Hub};
use bilik_tests::officer::{Officer, film};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One scene at a time: six programs of one scene are enough for two cores.
static STAGE: Mutex<()> = Mutex::new(());

pub struct Scene {
    pub hub: Hub,
    pub display: Display,
    pub browser: Browser,
    pub folder: tempfile::TempDir,
    _stage: MutexGuard<'static, ()>,
}

impl Scene {
    pub fn new() -> Self {
        let stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::start(folder.path()).unwrap();
        let display = Display::start(folder.path()).unwrap();
        let camera = folder.path().join("officer.mjpeg");
        film(&camera).unwrap();
        let browser = Browser::start(folder.path(), &hub.authority_pin().unwrap(), &camera).unwrap();
        Self { hub, display, browser, folder, _stage: stage }
    }

    pub fn booth(&self, name: &str) -> Booth {
        Booth::start(self.folder.path(), name, &self.hub, &self.display, Setup::default()).unwrap()
    }

    pub fn account(&self, login: &str, display: &str) -> Account {
        self.hub.add_officer(login, display).unwrap()
    }

    pub fn officer(&mut self, account: &Account) -> Officer {
        Officer::log_in(&mut self.browser, &self.hub, account).unwrap()
    }

    /// A claim as the operator gets it out of the ledger: the fields, and the files in clear.
    pub fn exported(&self, claim: &str) -> (serde_json::Value, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("claim");
        self.hub.command(&["export", "--claim", claim, target.to_str().unwrap()]).unwrap();
        let record = std::fs::read(target.join("claim.json")).unwrap();
        (serde_json::from_slice(&record).unwrap(), folder)
    }
}

/// The ids in the operator's list of claims.
pub fn claim_ids(list: &str) -> Vec<String> {
    let is_id = |word: &&str| word.len() == 36 && word.split('-').count() == 5;
    list.lines().filter_map(|line| line.split_whitespace().find(is_id)).map(str::to_owned).collect()
}

/// Whether any file below a folder holds these bytes.
pub fn holds(folder: &Path, canary: &[u8]) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            if let Some(found) = holds(&path, canary) {
                return Some(found);
            }
        } else if kind.is_file()
            && std::fs::read(&path).unwrap_or_default().windows(canary.len()).any(|window| window == canary)
        {
            return Some(path);
        }
    }
    None
}

pub fn unwatched(_: &mut Booth, _: &str) -> anyhow::Result<()> {
    Ok(())
}
