//! Reads rows of the queue from the pages of a database file, past its roots, its schema and its indices, any of which may
//! be gone. SQLite's file format, <https://sqlite.org/fileformat2.html>, sections 1.6 (b-tree pages), 2.1 (records) and 4.1
//! (the write-ahead log).
//!
//! Only for salvage: what comes out has to be checked against digests. So checksums of the log are not looked at.

use crate::disk::Disk;
use crate::files::with_suffix;
use bilik_claim::audit::AuditEntry;
use bilik_claim::filing::MAX_PART;
use bilik_claim::ids::{Digest, WallTime};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's own header comes first on page 1: what it begins with, and where the page size stands in it.
const FILE_HEADER: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";
const SIZE_AT: usize = 16;
/// Page sizes that we gave to databases: tried if the header can't tell.
const SIZES: [usize; 2] = [crate::schema::PAGE as usize, 4096];
/// The largest page size there is.
const MAX_PAGE: usize = 1 << 16;
/// The log's header, with its salts at 16; then frames: a header with page number, commit mark and salts, and a page.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const LEAF: u8 = 0x0d;
/// No row of ours is longer: a part with its filler and its header.
const MAX_PAYLOAD: usize = MAX_PART + 2 * MAX_PAGE;
/// Columns of our tables.
const CLAIM: usize = 13;
const PART: usize = 5;
const AUDIT: usize = 4;

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
    /// A floating-point number, or text that is none: we store neither.
    Other,
}

/// Where a row starts: its page, and its place on it.
type Cell = (u64, usize);

/// The rows that look like ours in a file.
pub(crate) struct Pages {
    disk: Disk,
    path: PathBuf,
    log: PathBuf,
    /// Bytes of a page.
    size: usize,
    /// Where the newest form of a page starts in the log, if it is there.
    frames: BTreeMap<u64, u64>,
    claims: BTreeMap<u64, Cell>,
    parts: BTreeMap<Digest, Cell>,
    audit: BTreeMap<u64, Cell>,
}

impl Pages {
    /// Looks at every page; one that can't be read counts as empty.
    pub fn scan(disk: &Disk, path: &Path) -> Self {
        match page_size(disk, path) {
            Some(size) => Self::scan_as(disk, path, size),
            // Hardly anything looks like a row if the size is wrong.
            None => {
                let [new, old] = SIZES.map(|size| Self::scan_as(disk, path, size));
                if old.rows() > new.rows() { old } else { new }
            }
        }
    }

    fn scan_as(disk: &Disk, path: &Path, size: usize) -> Self {
        let log = with_suffix(path, "-wal");
        let (disk, path) = (disk.clone(), path.to_owned());
        let (frames, claims, parts, audit) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut pages = Self { disk, path, log, size, frames, claims, parts, audit };
        pages.look_at_log();
        let count = pages.disk.files.length(&pages.path).unwrap_or(0) / size as u64;
        let beyond: Vec<u64> = pages.frames.keys().copied().filter(|number| *number > count).collect();
        for number in (1..=count).chain(beyond) {
            if let Some(page) = pages.page(number) {
                pages.look(number, &page);
            }
        }
        pages
    }

    fn rows(&self) -> usize {
        self.claims.len() + self.parts.len() + self.audit.len()
    }

    /// The highest number of a claim.
    pub fn last(&self) -> u64 {
        self.claims.last_key_value().map_or(0, |(sequence, _)| *sequence)
    }

    /// The columns of a claim's row after its number.
    pub fn claim(&self, sequence: u64) -> Option<Vec<Value>> {
        let (_, mut values) = self.row(*self.claims.get(&sequence)?)?;
        values.remove(0);
        Some(values)
    }

    /// An entry of the audit trail, if it looks like one.
    pub fn audit(&self, sequence: u64) -> Option<AuditEntry> {
        let (key, values) = self.row(*self.audit.get(&sequence)?)?;
        let [Value::Null, Value::Integer(at), Value::Text(text), Value::Blob(hash)] = values.as_slice() else {
            return None;
        };
        let hash = Digest(hash.as_slice().try_into().ok()?);
        Some(AuditEntry { sequence: i64::try_from(key).ok()?, at: WallTime(*at), text: text.clone(), hash })
    }

    /// Bytes that were stored under a digest, unless they have changed.
    pub fn part(&self, digest: Digest) -> Option<Vec<u8>> {
        let (_, values) = self.row(*self.parts.get(&digest)?)?;
        match values.into_iter().next_back()? {
            Value::Blob(sealed) if Digest::of(&sealed) == digest => Some(sealed),
            Value::Blob(_) | Value::Null | Value::Integer(_) | Value::Text(_) | Value::Other => None,
        }
    }

    /// Notes the frames of committed transactions.
    fn look_at_log(&mut self) {
        let mut header = [0; LOG_HEADER];
        if self.disk.files.read_at(&self.log, 0, &mut header).is_err() {
            return;
        }
        let (mut at, mut open) = (LOG_HEADER as u64, BTreeMap::new());
        let mut frame = [0; FRAME_HEADER];
        // The salts of a log that was begun anew differ from those of what is left of the old one.
        while self.disk.files.read_at(&self.log, at, &mut frame).is_ok() && frame[8..16] == header[16..24] {
            let page = u64::from(u32_at(&frame, 0).unwrap_or(0));
            open.insert(page, at + FRAME_HEADER as u64);
            if frame[4..8] != [0; 4] {
                self.frames.append(&mut open);
            }
            at += (FRAME_HEADER + self.size) as u64;
        }
    }

    fn page(&self, number: u64) -> Option<Vec<u8>> {
        let mut page = vec![0; self.size];
        if let Some(at) = self.frames.get(&number) {
            self.disk.files.read_at(&self.log, *at, &mut page).ok()?;
            return Some(page);
        }
        let at = number.checked_sub(1)?.checked_mul(self.size as u64)?;
        self.disk.files.read_at(&self.path, at, &mut page).ok()?;
        Some(page)
    }

    fn look(&mut self, number: u64, page: &[u8]) {
        let head = if number == 1 { FILE_HEADER } else { 0 };
        if page[head] != LEAF {
            return;
        }
        let cells = usize::from(u16::from_be_bytes([page[head + 3], page[head + 4]]));
        for pointer in page[head + 8..].chunks_exact(2).take(cells) {
            let cell = (number, usize::from(u16::from_be_bytes([pointer[0], pointer[1]])));
            let Some((length, key, payload)) = open_cell(page, cell.1) else { continue };
            // What tells the tables apart lies at the start of a row.
            let Some(columns) = columns(payload, length) else { continue };
            if columns.len() == CLAIM {
                self.claims.insert(key, cell);
            } else if columns.len() == AUDIT {
                self.audit.insert(key, cell);
            } else if columns.len() == PART
                && let Some((at, 32)) = columns.get(2).map(|c| (c.start, c.length))
                && let Some(digest) = payload.get(at..at + 32).and_then(|bytes| bytes.try_into().ok())
            {
                self.parts.insert(Digest(digest), cell);
            }
        }
    }

    fn row(&self, (number, at): Cell) -> Option<(u64, Vec<Value>)> {
        let page = self.page(number)?;
        let (length, key, local) = open_cell(&page, at)?;
        let mut payload = Vec::with_capacity(length);
        payload.extend_from_slice(local);
        if local.len() < length {
            let end = local.as_ptr_range().end as usize - page.as_ptr() as usize;
            let mut next = u32_at(&page, end)?;
            // Each page adds something, so a chain that bites its own tail ends as well.
            while payload.len() < length {
                let page = self.page(u64::from(next))?;
                next = u32_at(&page, 0)?;
                payload.extend_from_slice(&page[4..self.size.min(4 + length - payload.len())]);
            }
        }
        let columns = columns(&payload, length)?;
        Some((key, columns.iter().map(|c| c.value(&payload)).collect()))
    }
}

/// As the header tells it. None if there is no header that can be believed.
fn page_size(disk: &Disk, path: &Path) -> Option<usize> {
    let mut header = [0; SIZE_AT + 2];
    disk.files.read_at(path, 0, &mut header).ok()?;
    let size = match u16::from_be_bytes([header[SIZE_AT], header[SIZE_AT + 1]]) {
        1 => MAX_PAGE,
        size => usize::from(size),
    };
    (header.starts_with(MAGIC) && size >= 512 && size.is_power_of_two()).then_some(size)
}

/// Length of the whole payload, row number, and the part of the payload that lies on this page.
fn open_cell(page: &[u8], at: usize) -> Option<(usize, u64, &[u8])> {
    let (length, at) = varint(page, at)?;
    let (key, at) = varint(page, at)?;
    let length = usize::try_from(length).ok().filter(|length| *length <= MAX_PAYLOAD)?;
    // The largest payload that stays in a leaf's cell, and the least that does when the rest overflows.
    let (max, min) = (page.len() - 35, (page.len() - 12) * 32 / 255 - 23);
    let local = if length <= max {
        length
    } else {
        let local = min + (length - min) % (page.len() - 4);
        if local <= max { local } else { min }
    };
    Some((length, key, page.get(at..at + local)?))
}

struct Column {
    kind: u64,
    start: usize,
    length: usize,
}

/// The columns of a record of this length, of which the start is at hand. None if they do not fill it.
fn columns(record: &[u8], length: usize) -> Option<Vec<Column>> {
    let (header, mut at) = varint(record, 0)?;
    let header = usize::try_from(header).ok().filter(|header| *header <= record.len())?;
    let (mut start, mut columns) = (header, Vec::new());
    while at < header {
        let (kind, next) = varint(record, at)?;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((kind - 12) / 2).ok().filter(|length| *length <= MAX_PAYLOAD)?,
        };
        columns.push(Column { kind, start, length });
        (at, start) = (next, start + length);
        if columns.len() > CLAIM {
            return None;
        }
    }
    (start == length).then_some(columns)
}

impl Column {
    fn value(&self, record: &[u8]) -> Value {
        let Some(bytes) = record.get(self.start..self.start + self.length) else { return Value::Other };
        match self.kind {
            0 => Value::Null,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => {
                let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
                Value::Integer(bytes.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
            }
            7 => Value::Other,
            kind if kind % 2 == 0 => Value::Blob(bytes.to_vec()),
            _ => String::from_utf8(bytes.to_vec()).map_or(Value::Other, Value::Text),
        }
    }
}

/// A number of one to nine bytes, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number = 0;
    for (place, byte) in bytes.get(at..)?.iter().take(9).enumerate() {
        if place == 8 {
            return Some((number << 8 | u64::from(*byte), at + 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, at + place + 1));
        }
    }
    None
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{KEPT_AT, Office, database, queue, specimen};
    use bilik_claim::audit::AuditHead;
    use proptest::prelude::*;

    #[test]
    fn every_row_of_a_whole_file_is_found() {
        let office = Office::new();
        let mut journal = office.open();
        for number in 1..=9 {
            journal.keep(&specimen(number), KEPT_AT).unwrap();
        }
        let claims = queue(&journal);
        let pages = Pages::scan(&Disk::real(), &database(&office));
        assert_eq!(pages.last(), 9);
        let entry = pages.audit(1).unwrap();
        assert_eq!(AuditHead::default().after(entry.at, &entry.text).hash, entry.hash);
        assert_eq!(pages.audit(10).unwrap().hash, journal.audit_head().unwrap().hash);
        for claim in claims {
            let values = pages.claim(claim.sequence).unwrap();
            assert_eq!(values[0], Value::Blob(claim.claim.0.as_bytes().to_vec()));
            assert_eq!(values[1], Value::Integer(KEPT_AT.0));
            assert_eq!(values[7], Value::Text(claim.manifest.body.clone()));
            for part in claim.parts {
                assert_eq!(pages.part(part.digest).unwrap(), journal.part(part.digest).unwrap());
            }
        }
    }

    /// Larger than the pages of an older database, which are looked for too.
    const PAGE: usize = SIZES[0];

    proptest! {
        #[test]
        fn nothing_on_a_page_is_trusted(
            bytes in proptest::collection::vec(any::<u8>(), PAGE),
            cells in proptest::collection::vec((0usize..PAGE, any::<[u8; 12]>()), 0..20),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("specimen");
            let mut page = bytes;
            page[0] = LEAF;
            for (place, (at, cell)) in cells.into_iter().enumerate() {
                page[8 + 2 * place..10 + 2 * place].copy_from_slice(&(at as u16).to_be_bytes());
                let end = PAGE.min(at + cell.len());
                page[at..end].copy_from_slice(&cell[..end - at]);
            }
            // Small lengths, so that some of it looks like rows.
            std::fs::write(&path, [vec![0; PAGE], page].concat()).unwrap();
            let pages = Pages::scan(&Disk::real(), &path);
            for sequence in pages.claims.keys() {
                let _ = pages.claim(*sequence);
            }
            for sequence in pages.audit.keys() {
                let _ = pages.audit(*sequence);
            }
            for digest in pages.parts.keys() {
                let _ = pages.part(*digest);
            }
        }
    }
}
