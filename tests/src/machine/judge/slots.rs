//! A slot as a start sees it: the kernel image in its FAT, with its signature, and its root, by the hash that the kernel names.

use super::super::replay::Drive;
use super::super::tools::{script, tests};
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Cursor, Read as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

/// A FAT, of which `make image` fills the beginning of the partition, and a root may take, in bytes.
const MOST: u64 = 512 << 20;
const LOADER: &str = "EFI/BOOT/BOOTX64.EFI";
const CHUNK: u64 = 1 << 20;
/// In the superblock of erofs: its magic number, and how many blocks it has.
const EROFS: (u64, [u8; 4], u64, u64) = (1024, [0xe2, 0xe1, 0xf5, 0xe0], 1060, 4096);

/// The firmware's question; prints the root's hash if it would start this.
const SIGNED: &str = r#"
	sbverify --cert /opt/keys/secure-boot.crt kernel.efi >/dev/null 2>&1 || exit 0
	tr -d '\0' <kernel.efi | grep -ao 'roothash=[0-9a-f]*' | head -1 | cut -d= -f2
"#;
/// The first program's question.
const WHOLE: &str =
    r#"veritysetup verify root.img root.img "$1" --hash-offset="$2" >/dev/null 2>&1 && echo whole || true"#;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loader {
    None,
    /// There is one, and the firmware does not start it.
    Refused,
    /// It names the root of this hash.
    Signed {
        root: String,
    },
}

/// What was asked of slots before.
pub struct Slots {
    folder: String,
    loaders: HashMap<(u64, u64), Loader>,
    kernels: HashMap<[u8; 32], Loader>,
    roots: HashMap<(u64, u64, String), bool>,
    /// Roots that were found whole: by their hash, their bytes.
    whole: HashMap<String, Vec<u8>>,
}

impl Slots {
    pub fn new(folder: &str) -> Self {
        let (loaders, kernels, roots, whole) = Default::default();
        Self { folder: folder.to_owned(), loaders, kernels, roots, whole }
    }

    pub fn loader(&mut self, drive: &Drive<'_>, part: Range<u64>) -> anyhow::Result<Loader> {
        let key = (part.start, drive.changes.fingerprint(part.clone()));
        if let Some(known) = self.loaders.get(&key) {
            return Ok(known.clone());
        }
        let found = match kernel(drive, part)? {
            Some(kernel) => self.kernel(&kernel)?,
            None => Loader::None,
        };
        self.loaders.insert(key, found.clone());
        Ok(found)
    }

    fn kernel(&mut self, kernel: &[u8]) -> anyhow::Result<Loader> {
        let digest = Sha256::digest(kernel).into();
        if let Some(known) = self.kernels.get(&digest) {
            return Ok(known.clone());
        }
        fs::write(tests().join(&self.folder).join("kernel.efi"), kernel)?;
        let said = script(&self.folder, SIGNED, &[])?;
        let found = match said.trim() {
            "" => Loader::Refused,
            hash => Loader::Signed { root: hash.to_owned() },
        };
        self.kernels.insert(digest, found.clone());
        Ok(found)
    }

    pub fn root(&mut self, drive: &Drive<'_>, part: Range<u64>, hash: &str) -> anyhow::Result<bool> {
        let key = (part.start, drive.changes.fingerprint(part.clone()), hash.to_owned());
        if let Some(known) = self.roots.get(&key) {
            return Ok(*known);
        }
        let whole = self.look(drive, part, hash)?;
        self.roots.insert(key, whole);
        Ok(whole)
    }

    /// Bytes that were whole once are whole again, and what differs from them is not: that is what the hash is for. So the
    /// tool is asked only about the first of each hash.
    fn look(&mut self, drive: &Drive<'_>, part: Range<u64>, hash: &str) -> anyhow::Result<bool> {
        if let Some(whole) = self.whole.get(hash) {
            let mut at = part.start;
            for piece in whole.chunks(usize::try_from(CHUNK)?) {
                let end = at + piece.len() as u64;
                if drive.read(at..end)? != piece {
                    return Ok(false);
                }
                at = end;
            }
            return Ok(true);
        }
        let (magic, expect, blocks, size) = EROFS;
        if drive.read(part.start + magic..part.start + magic + 4)? != expect {
            return Ok(false);
        }
        let count: [u8; 4] = drive.read(part.start + blocks..part.start + blocks + 4)?.try_into().unwrap_or_default();
        let offset = u64::from(u32::from_le_bytes(count)) * size;
        // The tree has less than a hundredth of that.
        let end = part.end.min(part.start + (offset + offset / 64 + CHUNK).min(MOST));
        let bytes = drive.read(part.start..end)?;
        let file = File::create(tests().join(&self.folder).join("root.img"))?;
        file.write_all_at(&bytes, 0)?;
        let whole = !script(&self.folder, WHOLE, &[hash, &offset.to_string()])?.trim().is_empty();
        if whole {
            self.whole
                .insert(hash.to_owned(), tree_end(&bytes, offset).map_or(bytes.clone(), |end| bytes[..end].to_vec()));
        }
        Ok(whole)
    }
}

/// The kernel image of a FAT, as far as the FAT can be read.
fn kernel(drive: &Drive<'_>, part: Range<u64>) -> anyhow::Result<Option<Vec<u8>>> {
    let head = drive.read(part.start..part.start + 512)?;
    // Sectors of the file system, each of 512 bytes; nothing starts from a partition without this sign.
    let sectors: [u8; 4] = head[32..36].try_into().context("a sector is longer than that")?;
    if head[510..] != [0x55, 0xaa] {
        return Ok(None);
    }
    let end = part.end.min(part.start + u64::from(u32::from_le_bytes(sectors)) * 512);
    let fat = drive.read(part.start..end)?;
    let read = || {
        let system = fatfs::FileSystem::new(Cursor::new(fat), fatfs::FsOptions::new())?;
        let mut kernel = Vec::new();
        system.root_dir().open_file(LOADER)?.read_to_end(&mut kernel)?;
        std::io::Result::Ok(kernel)
    };
    Ok(read().ok())
}

/// Where the hash tree behind the file system ends, by its own superblock: what follows belongs to nobody.
fn tree_end(root: &[u8], offset: u64) -> Option<usize> {
    let offset = usize::try_from(offset).ok()?;
    let superblock = root.get(offset..offset + 512).filter(|block| block.starts_with(b"verity\0\0"))?;
    let number = |at: usize| Some(u32::from_le_bytes(superblock.get(at..at + 4)?.try_into().ok()?) as usize);
    let (block, blocks) =
        (number(68)?, usize::try_from(u64::from_le_bytes(superblock.get(72..80)?.try_into().ok()?)).ok()?);
    let each = block.checked_div(32).filter(|each| *each > 1)?;
    let (mut level, mut tree) = (blocks, 1);
    while level > 1 {
        level = level.div_ceil(each);
        tree += level;
    }
    (offset + tree * block <= root.len()).then_some(offset + tree * block)
}
