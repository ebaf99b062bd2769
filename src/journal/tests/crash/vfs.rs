//! SQLite on simulated disks: a VFS whose files are [`crate::sim`]'s. Unsafe code stays in this file, which is part of a
//! test: SQLite speaks C. It does what SQLite's own VFS for Linux does, also where that decides what is durable: the first sync of
//! a new log syncs the directory, the index of the log is shared memory that no power cut survives, writing one byte
//! leaves its neighbours whole (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`). The hub's tests use it too, by `#[path]`: it is of no use
//! but in tests, and a crate of its own would be one more that everything is built with.

use super::locks::{Held, Mine};
use super::mount::{Drive, locate};
use super::sim::{Dice, Fault, Inode, lock};
use rusqlite::ffi;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::{Mutex, Once, PoisonError};

const NAME: &CStr = c"simulated";
const SECTOR: c_int = 4096;
/// Milliseconds from the start of the Julian period to some day.
const SOME_DAY: ffi::sqlite3_int64 = 212_600_000_000_000;

static CHANCE: Mutex<Option<Dice>> = Mutex::new(None);

/// What SQLite takes for a file. It allots the bytes; `open` is ours from `xOpen` to `xClose`.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    open: *mut Open,
}

struct Open {
    drive: Drive,
    inode: Inode,
    /// The first sync makes the name durable too.
    names_due: bool,
    mine: Mine,
}

/// The VFS to name; registered once.
pub fn name() -> &'static str {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // Else every allocation of every thread is counted under one lock.
        // SAFETY: nothing of SQLite is in use yet; if it is after all, this is refused and changes nothing.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0) };
        let vfs = ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: size_of::<Handle>() as c_int,
            mxPathname: 512,
            pNext: ptr::null_mut(),
            zName: NAME.as_ptr(),
            pAppData: ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: None,
            xGetLastError: Some(last_error),
            xCurrentTimeInt64: Some(current_time),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        };
        // SAFETY: the structure is complete, and is never freed, as SQLite asks.
        let result = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) };
        assert_eq!(result, ffi::SQLITE_OK);
    });
    NAME.to_str().unwrap_or_default()
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock_file),
    xUnlock: Some(unlock_file),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn code(result: Result<(), Fault>, io: c_int) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        // A sync that finds no room is an I/O error to SQLite, as any that fails.
        Err(Fault::Full) if io != ffi::SQLITE_IOERR_FSYNC => ffi::SQLITE_FULL,
        Err(_) => io,
    }
}

/// # Safety
///
/// `name` is null or a C string.
unsafe fn on_disk(name: *const c_char) -> Option<(Drive, String)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: see above.
    let name = unsafe { CStr::from_ptr(name) };
    locate(Path::new(name.to_str().ok()?))
}

/// # Safety
///
/// `file` is one that [`open`] opened and [`close`] has not closed; no other reference to it is alive.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Open {
    // SAFETY: `Handle` begins with the structure that SQLite knows, and `open` points to a box of ours.
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for a `Handle`, and a name or null. Without methods it does not close the file.
    unsafe {
        (*file).pMethods = ptr::null();
        let Some((drive, name)) = on_disk(name) else { return ffi::SQLITE_CANTOPEN };
        let found = lock(&drive.sim).find(&name);
        let inode = match found {
            Some(inode) => inode,
            None if flags & ffi::SQLITE_OPEN_CREATE == 0 => return ffi::SQLITE_CANTOPEN,
            None => match lock(&drive.sim).make(&name) {
                Ok(inode) => inode,
                Err(_) => return ffi::SQLITE_CANTOPEN,
            },
        };
        let is_log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
        let names_due = is_log && flags & ffi::SQLITE_OPEN_CREATE != 0;
        let open = Open { drive, inode, names_due, mine: Mine::default() };
        (*file.cast::<Handle>()).open = Box::into_raw(Box::new(open));
        (*file).pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once, and does not use it after.
    let mut open = unsafe { Box::from_raw((*file.cast::<Handle>()).open) };
    if let Some(held) = open.drive.open().get_mut(&open.inode) {
        held.unlock(&mut open.mine, 0);
        held.unmap(&mut open.mine);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: SQLite gives a name.
    let Some((drive, name)) = (unsafe { on_disk(name) }) else { return ffi::SQLITE_IOERR_DELETE };
    let mut disk = lock(&drive.sim);
    if disk.find(&name).is_none() {
        return ffi::SQLITE_IOERR_DELETE_NOENT;
    }
    let mut result = disk.remove(&name).map(drop);
    if result.is_ok() && sync_directory != 0 {
        result = disk.sync_names();
    }
    code(result, ffi::SQLITE_IOERR_DELETE)
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives a name and a place for the answer.
    unsafe {
        let there = on_disk(name).is_some_and(|(drive, name)| {
            let disk = lock(&drive.sim);
            // As for Linux: an empty file is as good as none.
            disk.find(&name).is_some_and(|inode| !disk.contents(inode).is_empty())
        });
        *out = c_int::from(there);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a name and `room` bytes for the answer.
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if bytes.len() > usize::try_from(room).unwrap_or(0) {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, amount: c_int, at: i64) -> c_int {
    let (Ok(amount), Ok(at)) = (usize::try_from(amount), usize::try_from(at)) else { return ffi::SQLITE_MISUSE };
    // SAFETY: the file is open; SQLite gives room for `amount` bytes.
    let (open, into) = unsafe { (opened(file), std::slice::from_raw_parts_mut(into.cast::<u8>(), amount)) };
    let disk = lock(&open.drive.sim);
    let rest = disk.contents(open.inode).get(at..).unwrap_or(&[]);
    let there = rest.len().min(amount);
    into[..there].copy_from_slice(&rest[..there]);
    into[there..].fill(0);
    if there == amount { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, amount: c_int, at: i64) -> c_int {
    let (Ok(amount), Ok(at)) = (usize::try_from(amount), usize::try_from(at)) else { return ffi::SQLITE_MISUSE };
    // SAFETY: the file is open; SQLite gives `amount` bytes.
    let (open, bytes) = unsafe { (opened(file), std::slice::from_raw_parts(from.cast::<u8>(), amount)) };
    code(lock(&open.drive.sim).write(open.inode, at, bytes), ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { opened(file) };
    let size = usize::try_from(size).unwrap_or(0);
    code(lock(&open.drive.sim).resize(open.inode, size), ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { opened(file) };
    let mut disk = lock(&open.drive.sim);
    let mut result = disk.sync(open.inode);
    if result.is_ok() && open.names_due {
        result = disk.sync_names();
        open.names_due = result.is_err();
    }
    code(result, ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: the file is open, and there is a place for the answer.
    unsafe {
        let open = opened(file);
        let length = lock(&open.drive.sim).contents(open.inode).len();
        *out = i64::try_from(length).unwrap_or(i64::MAX);
    }
    ffi::SQLITE_OK
}

/// Does something with what is held of an open file.
///
/// # Safety
///
/// As for [`opened`].
unsafe fn held<T>(file: *mut ffi::sqlite3_file, work: impl FnOnce(&mut Held, &mut Mine) -> T) -> T {
    // SAFETY: see above.
    let Open { drive, inode, mine, .. } = unsafe { opened(file) };
    work(drive.open().entry(*inode).or_default(), mine)
}

fn or_busy(got: bool) -> c_int {
    if got { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
}

unsafe extern "C" fn lock_file(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: the file is open.
    or_busy(unsafe { held(file, |held, mine| held.lock(mine, level)) })
}

unsafe extern "C" fn unlock_file(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: the file is open.
    unsafe { held(file, |held, mine| held.unlock(mine, level)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn is_reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the file is open, and there is a place for the answer.
    unsafe { *out = held(file, |held, _| c_int::from(held.is_reserved())) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    SECTOR
}

unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let (Ok(region), Ok(size)) = (usize::try_from(region), usize::try_from(size)) else { return ffi::SQLITE_MISUSE };
    // SAFETY: the file is open, and there is a place for the answer.
    unsafe { *out = held(file, |held, mine| held.region(mine, region, size, extend != 0)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, from: c_int, count: c_int, flags: c_int) -> c_int {
    let (Ok(from), Ok(count)) = (usize::try_from(from), usize::try_from(count)) else { return ffi::SQLITE_MISUSE };
    let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    // SAFETY: the file is open.
    let got = unsafe {
        held(file, |held, mine| {
            if flags & ffi::SQLITE_SHM_LOCK != 0 {
                return held.lock_slots(mine, from, count, exclusive);
            }
            held.unlock_slots(mine, from, count);
            true
        })
    };
    or_busy(got)
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open, and its connection no longer uses the regions.
    unsafe { held(file, |held, mine| held.unmap(mine)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, amount: c_int, out: *mut c_char) -> c_int {
    let mut chance = CHANCE.lock().unwrap_or_else(PoisonError::into_inner);
    let dice = chance.get_or_insert_with(|| Dice::new(1));
    // SAFETY: SQLite gives room for so many bytes.
    let out = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), usize::try_from(amount).unwrap_or(0)) };
    out.iter_mut().for_each(|byte| *byte = (dice.next() >> 32) as u8);
    amount
}

/// Nothing that SQLite could wait for would change meanwhile.
unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *out = SOME_DAY };
    ffi::SQLITE_OK
}
