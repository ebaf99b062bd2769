//! The data partition as a start sees it: its LUKS header, the file system inside, mended as the booth does, and the claims
//! in the booth's queue.

use super::super::replay::{Drive, SECTOR};
use super::super::tools::{script, tests};
use super::super::writes::{Entry, What};
use super::Data;
use crate::process::output;
use aes::Aes256;
use aes::cipher::consts::{U32, U64};
use aes::cipher::{Array, KeyInit as _};
use anyhow::Context as _;
use bilik_journal::JournalView;
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use std::collections::HashMap;
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::process::Command;
use xts_mode::{Xts128, get_tweak_default};

/// Of the LUKS header, as `cryptsetup` makes it, in bytes; then comes what is encrypted, in sectors of 512.
const HEADER: u64 = 16 << 20;
const ZEROS: [u8; 512] = [0; 512];
const BLOCK: [u8; 4096] = [0; 4096];
const CHUNK: u64 = 1 << 20;
/// The label of a partition that is being made. See `bilik-device`.
const MAKING: &str = "bilik-making";

/// Label and volume key, with the empty passphrase of a booth without a TPM. Nothing if there is no header.
const OPEN: &str = r#"
	: >none
	cryptsetup luksDump header.img 2>/dev/null | sed -n 's/^Label:[[:space:]]*/label /p'
	cryptsetup luksDump --batch-mode --dump-volume-key --key-file none header.img 2>/dev/null |
		sed -n '/^MK dump:/,$p' | tr -d '\n' | tr -cd '0-9a-f \t' | tr -d ' \t' | sed 's/^d//; s/^/key /'
"#;
/// What `bilik-device` does before it mounts. Then, what it does not ask: whether everything is in order now.
const MEND: &str = r#"
	try() { code=0; "$@" >said 2>&1 || code=$?; [ $code -le 1 ]; }
	try e2fsck -p data.img || { echo mended; try e2fsck -f -y data.img || { echo "closed $(tail -1 said)"; exit 0; }; }
	try e2fsck -f -n data.img && [ $code = 0 ] || echo mended
	rm -rf found && mkdir found
	debugfs -R 'rdump /lib/bilik found' data.img >/dev/null 2>&1 || true
"#;

/// What was asked of the partition before.
pub struct DataJudge {
    folder: String,
    headers: HashMap<u64, Header>,
    found: HashMap<(u64, u64), Data>,
    /// The key that `before.img` and `clear.log` were opened with: what lay there before the first write, and what was written,
    /// at the places where the log has it.
    opened_with: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Header {
    /// Blank, or being made.
    NotMade,
    Damaged,
    Key(Vec<u8>),
}

impl DataJudge {
    pub fn new(folder: &str) -> Self {
        Self { folder: folder.to_owned(), headers: HashMap::new(), found: HashMap::new(), opened_with: None }
    }

    /// `log` is all that was ever written to this drive.
    pub fn judge(&mut self, drive: &Drive<'_>, log: &[Entry], part: Range<u64>) -> anyhow::Result<Data> {
        let head = drive.changes.fingerprint(part.start..part.start + HEADER);
        let header = match self.headers.get(&head) {
            Some(known) => known.clone(),
            None => {
                let found = self.header(drive, part.start)?;
                self.headers.insert(head, found.clone());
                found
            }
        };
        let key = match header {
            Header::NotMade => return Ok(Data::NotMade),
            Header::Damaged => return Ok(Data::Closed("its header is damaged".into())),
            Header::Key(key) => key,
        };
        let inside = part.start + HEADER..part.end;
        let seen = (head, drive.changes.fingerprint(inside.clone()));
        if let Some(known) = self.found.get(&seen) {
            return Ok(known.clone());
        }
        if self.opened_with.as_ref() != Some(&key) {
            self.open(drive, log, &inside, &key)?;
            self.opened_with = Some(key);
        }
        self.lay_out(drive, inside)?;
        let found = self.files()?;
        self.found.insert(seen, found.clone());
        Ok(found)
    }

    fn header(&self, drive: &Drive<'_>, start: u64) -> anyhow::Result<Header> {
        let bytes = drive.read(start..start + HEADER)?;
        let file = File::create(tests().join(&self.folder).join("header.img"))?;
        file.set_len(2 * HEADER)?;
        file.write_all_at(&bytes, 0)?;
        let said = script(&self.folder, OPEN, &[])?;
        let word = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let key = word("key ").filter(|key| !key.is_empty()).map(hex::decode).transpose();
        Ok(match (word("label "), key.context("cryptsetup named a key that is none")?) {
            (Some(MAKING), _) => Header::NotMade,
            (Some(_), Some(key)) => Header::Key(key),
            (Some(_), None) => Header::Damaged,
            (None, _) if bytes[..4096] == BLOCK => Header::NotMade,
            (None, _) => Header::Damaged,
        })
    }

    fn open(&self, drive: &Drive<'_>, log: &[Entry], part: &Range<u64>, key: &[u8]) -> anyhow::Result<()> {
        let halves = Array::<u8, U64>::try_from(key).context("the volume key is not one of AES-256 in XTS")?;
        let (one, two) = halves.split::<U32>();
        let cipher = Xts128::<Aes256>::new(Aes256::new(&one), Aes256::new(&two));
        let decrypt = |at: u64, bytes: &mut [u8]| {
            for (index, sector) in bytes.chunks_mut(ZEROS.len()).enumerate() {
                if *sector != ZEROS {
                    let number = (at - part.start) / SECTOR + index as u64;
                    cipher.decrypt_area(sector, ZEROS.len(), number.into(), get_tweak_default);
                }
            }
        };
        let folder = tests().join(&self.folder);
        let clear = File::create(folder.join("before.img"))?;
        clear.set_len(part.end - part.start)?;
        for piece in pieces(drive.before, part)? {
            let mut bytes = vec![0; usize::try_from(piece.end - piece.start)?];
            drive.before.read_exact_at(&mut bytes, piece.start)?;
            decrypt(piece.start, &mut bytes);
            write_sparse(&clear, piece.start - part.start, &bytes)?;
        }
        let clear = File::create(folder.join("clear.log"))?;
        clear.set_len(drive.log.metadata()?.len())?;
        for entry in log {
            if let What::Write { at, length, data, .. } = entry.what
                && part.contains(&at)
            {
                let mut bytes = vec![0; usize::try_from(length)?];
                drive.log.read_exact_at(&mut bytes, data)?;
                decrypt(at, &mut bytes);
                write_sparse(&clear, data, &bytes)?;
            }
        }
        Ok(())
    }

    /// Makes `data.img`, what is inside.
    fn lay_out(&self, drive: &Drive<'_>, part: Range<u64>) -> anyhow::Result<()> {
        let folder = tests().join(&self.folder);
        let mut copy = Command::new("cp");
        output(copy.args(["--sparse=always", "--"]).args([folder.join("before.img"), folder.join("data.img")]))?;
        let file = File::options().write(true).open(folder.join("data.img"))?;
        let log = File::open(folder.join("clear.log"))?;
        for (at, length, data) in drive.changes.within(part.clone()) {
            let mut bytes = vec![0; usize::try_from(length)?];
            if let Some(data) = data {
                log.read_exact_at(&mut bytes, data)?;
            }
            write_sparse(&file, at - part.start, &bytes)?;
        }
        Ok(())
    }

    fn files(&self) -> anyhow::Result<Data> {
        let said = script(&self.folder, MEND, &[])?;
        if let Some(why) = said.lines().find_map(|line| line.strip_prefix("closed ")) {
            return Ok(Data::Closed(why.to_owned()));
        }
        let queue = tests().join(&self.folder).join("found/bilik").join(bilik_journal::DATABASE);
        let claims = match fs::exists(&queue)? {
            true => JournalView::open(&queue)?.list()?.rows.len(),
            false => 0,
        };
        Ok(Data::Open { claims, mended: said.contains("mended") })
    }
}

/// What takes room in this part of a sparse file, in pieces of at most [`CHUNK`].
fn pieces(file: &File, part: &Range<u64>) -> std::io::Result<Vec<Range<u64>>> {
    let (mut found, mut at) = (Vec::new(), part.start);
    while at < part.end {
        at = match seek(file, SeekFrom::Data(at)) {
            Ok(data) if data < part.end => data,
            Ok(_) | Err(rustix::io::Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let end = seek(file, SeekFrom::Hole(at))?.min(part.end).min(at + CHUNK);
        found.push(at..end);
        at = end;
    }
    Ok(found)
}

/// Without taking room for zeros.
fn write_sparse(file: &File, at: u64, bytes: &[u8]) -> std::io::Result<()> {
    let mut at = at;
    for block in bytes.chunks(BLOCK.len()) {
        let length = block.len() as u64;
        if *block == BLOCK[..block.len()] {
            fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, at, length)?;
        } else {
            file.write_all_at(block, at)?;
        }
        at += length;
    }
    Ok(())
}
