//! The standard `age` tool opens what booths seal, without any program of ours.

use bilik_hub::{KeyKind, admin};
use bilik_journal::seal::Sealer;
use std::fs;
use std::path::Path;
use std::process::Command;

fn open(identity: &Path, sealed: &Path) -> Option<Vec<u8>> {
    let output = Command::new("age").arg("-d").arg("-i").arg(identity).arg(sealed).output();
    let output = output.expect("the program `age` is missing: install the Debian package `age`");
    output.status.success().then_some(output.stdout)
}

#[test]
fn a_sealed_part_opens_with_the_hubs_own_key_files() {
    let dir = tempfile::tempdir().unwrap();
    let config = crate::bench::config(dir.path(), "");
    admin::init(&config).unwrap();
    let key = |name: &str| config.state_dir.join(name);
    let recipient = || {
        let text = fs::read_to_string(key("sealing.key")).unwrap();
        text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned()
    };
    let seal = |name: &str, clear: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, Sealer::new(&recipient()).unwrap().seal(name, clear).unwrap()).unwrap();
        path
    };
    // More than one of age's blocks.
    let photo: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let (first, second) = (seal("claim.json.age", b"{\"synthetic\":true}"), seal("face.jpg.age", &photo));
    assert_eq!(open(&key("sealing.key"), &first).unwrap(), b"{\"synthetic\":true}");
    assert_eq!(open(&key("sealing.key"), &second).unwrap(), photo);

    admin::rotate_key(&config, KeyKind::Sealing).unwrap();
    let third = seal("signature.svg.age", b"<svg/>");
    assert_eq!(open(&key("sealing.key"), &third).unwrap(), b"<svg/>");
    assert_eq!(open(&key("sealing.key"), &first), None, "sealed to the key before");
    assert_eq!(open(&key("sealing.key.1"), &first).unwrap(), b"{\"synthetic\":true}");
    assert_eq!(open(&key("sealing.key.1"), &third), None);
}
