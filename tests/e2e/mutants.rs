//! Planted faults (`make mutants`) keep fitting the sources. Whether they are noticed takes too long to look at here.

use crate::tidy::root;
use std::path::PathBuf;
use std::process::Command;

fn faults() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(root().join("tests/mutants")).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|folder| std::fs::read_dir(folder).unwrap());
    files.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_planted_fault_still_applies() {
    let faults = faults();
    assert!(faults.len() >= 30, "{} faults", faults.len());
    let output = Command::new(root().join("tests/mutants/run")).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_planted_fault_says_what_it_would_cost() {
    for fault in faults() {
        let text = std::fs::read_to_string(&fault).unwrap();
        let (why, patch) = text.split_once("\n\n").unwrap_or_default();
        let said = why.len() > 20 && why.ends_with('.') && !why.contains('\n');
        assert!(said && patch.starts_with("--- a/src/"), "{}", fault.display());
    }
}
