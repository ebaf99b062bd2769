//! Whether a file looks like a RAUC bundle, and which version it says it is.
//!
//! ```text
//! squashfs ("hsqs" …) │ hash tree │ CMS signature, with the manifest in it │ its length, 8 bytes, big endian
//! ```
//!
//! That is the layout of the bundle format `verity`, in which the manifest is what the signature encloses: text, such as
//! `[update]`, `compatible=bilik`, `version=0.2.0` (RAUC reference, "Bundle Formats" and "Manifest").

use super::UpdateError;
use bilik_claim::machine::MAX_UPDATE;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

const SQUASHFS: &[u8; 4] = b"hsqs";
/// What RAUC itself allows, in bytes.
const MAX_SIGNATURE: u64 = 64 << 10;
/// 1.2.840.113549.1.7.2, signed data of CMS (RFC 5652), in DER.
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// The object identifier stands right behind the head of the outermost sequence.
const NEAR: usize = 32;

/// The version in the manifest; none if it tells none. The file is at its beginning again afterwards.
pub(super) fn version(file: &mut File, path: &Path) -> Result<Option<String>, UpdateError> {
    let refused = |why| UpdateError::NoBundle { path: path.to_owned(), why };
    let failed = |source| UpdateError::File { operation: "read", path: path.to_owned(), source };
    let signature = match signature(file).map_err(failed)? {
        Ok(signature) => signature,
        Err(why) => return Err(refused(why)),
    };
    file.rewind().map_err(failed)?;
    let head = signature.get(..NEAR.min(signature.len())).unwrap_or_default();
    if !head.windows(SIGNED_DATA.len()).any(|window| window == SIGNED_DATA) {
        return Err(refused("it does not end in a signature"));
    }
    Ok(told(&String::from_utf8_lossy(&signature)))
}

/// Digits and dots, and perhaps letters behind a dash: what may stand in a name of a file or on a screen.
pub(super) fn is_version(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~');
    (1..=64).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(fits)
}

fn signature(file: &mut File) -> io::Result<Result<Vec<u8>, &'static str>> {
    let length = file.metadata()?.len();
    if length > MAX_UPDATE {
        return Ok(Err("it is larger than 1 GiB"));
    }
    let mut magic = [0; 4];
    if length < 12 || file.read_exact(&mut magic).is_err() || &magic != SQUASHFS {
        return Ok(Err("it does not begin as a bundle does"));
    }
    let mut size = [0; 8];
    file.seek(SeekFrom::Start(length - 8))?;
    file.read_exact(&mut size)?;
    let size = u64::from_be_bytes(size);
    if size == 0 || size > MAX_SIGNATURE || size > length - 12 {
        return Ok(Err("it does not end in a signature: was it copied whole?"));
    }
    file.seek(SeekFrom::Start(length - 8 - size))?;
    let mut signature = Vec::new();
    file.take(size).read_to_end(&mut signature)?;
    Ok(Ok(signature))
}

/// `version` in the section `[update]`.
fn told(text: &str) -> Option<String> {
    let (_, manifest) = text.split_once("[update]\n")?;
    let section = manifest.lines().take_while(|line| !line.starts_with('['));
    let version = section.filter_map(|line| line.strip_prefix("version=")).next()?.trim();
    is_version(version).then(|| version.to_owned())
}

#[cfg(test)]
pub(in crate::update) mod tests {
    use super::*;

    /// The outside of a bundle; nothing in it is signed.
    pub fn made(version: Option<&str>) -> Vec<u8> {
        let version = version.map(|version| format!("version={version}\n")).unwrap_or_default();
        let manifest = format!("[update]\ncompatible=specimen\n{version}\n[bundle]\nformat=verity\nversion=9.9.9\n");
        let signature = [&[0x30, 0x82, 0x01, 0x00], SIGNED_DATA, &[0xa0, 0x04], manifest.as_bytes()].concat();
        let size = (signature.len() as u64).to_be_bytes();
        [b"hsqs".as_slice(), &[7; 5000], &signature, &size].concat()
    }

    #[test]
    fn a_bundle_is_known_by_its_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.raucb");
        let check = |bytes: Vec<u8>, expect: Result<Option<&str>, &str>| {
            std::fs::write(&path, &bytes).unwrap();
            let mut file = File::open(&path).unwrap();
            match (version(&mut file, &path), expect) {
                (Ok(found), Ok(expect)) => {
                    assert_eq!(found.as_deref(), expect);
                    let mut again = Vec::new();
                    file.read_to_end(&mut again).unwrap();
                    assert_eq!(again.len(), bytes.len(), "it is at its beginning");
                }
                (Err(UpdateError::NoBundle { why, .. }), Err(expect)) => assert!(why.contains(expect), "{why}"),
                (found, expect) => panic!("{found:?} instead of {expect:?}"),
            }
        };
        check(made(Some("0.2.0")), Ok(Some("0.2.0")));
        check(made(Some("0.2.0-rc1")), Ok(Some("0.2.0-rc1")));
        check(made(None), Ok(None));
        check(made(Some("\x1b[2J")), Ok(None));
        check(made(Some("")), Ok(None));
        check(Vec::new(), Err("begin"));
        check(b"hsqs".to_vec(), Err("begin"));
        check([vec![0x7f], made(Some("0.2.0"))].concat(), Err("begin"));
        let whole = made(Some("0.2.0"));
        check(whole[..whole.len() - 1].to_vec(), Err("whole"));
        check(whole[..3000].to_vec(), Err("whole"));
        let mut other = whole.clone();
        let place = whole.len() - 8 - usize::from(whole[whole.len() - 1]);
        other[place + 6] ^= 1;
        check(other, Err("signature"));
        let mut endless = whole;
        let end = endless.len() - 8;
        endless[end..].copy_from_slice(&u64::MAX.to_be_bytes());
        check(endless, Err("whole"));
    }
}
