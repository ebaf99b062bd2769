//! What the kernel knows of a file that several connections have open: who holds which lock, and the index of the log, which
//! they share in memory. No power cut survives it.

use std::ffi::c_void;
use std::ptr;

/// SQLite's levels of a lock on a file, as numbers that it gives.
const SHARED: i32 = 1;
const RESERVED: i32 = 2;
/// Locks on the index of a log (`SQLITE_SHM_NLOCK`).
const SLOTS: usize = 8;

#[derive(Default)]
pub struct Held {
    regions: Vec<Box<[u64]>>,
    mappers: usize,
    slots: [Slot; SLOTS],
    readers: usize,
    reserved: bool,
    exclusive: bool,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    shared: usize,
    exclusive: bool,
}

/// What one connection holds.
#[derive(Default)]
pub struct Mine {
    level: i32,
    shared: [bool; SLOTS],
    exclusive: [bool; SLOTS],
    mapped: bool,
}

impl Held {
    /// False if another has what stands against it.
    pub fn lock(&mut self, mine: &mut Mine, level: i32) -> bool {
        if level <= mine.level {
            return true;
        }
        let others = self.readers > usize::from(mine.level >= SHARED);
        let reserved = self.reserved && mine.level < RESERVED;
        if self.exclusive || (level >= RESERVED && reserved) || (level > RESERVED && others) {
            return false;
        }
        self.readers += usize::from(mine.level < SHARED);
        self.reserved |= level >= RESERVED;
        self.exclusive = level > RESERVED;
        mine.level = level;
        true
    }

    pub fn unlock(&mut self, mine: &mut Mine, level: i32) {
        if level >= mine.level {
            return;
        }
        self.reserved &= mine.level < RESERVED;
        self.exclusive = false;
        self.readers -= usize::from(level < SHARED);
        mine.level = level;
    }

    pub fn is_reserved(&self) -> bool {
        self.reserved
    }

    /// Locks some slots of the index, all or none.
    pub fn lock_slots(&mut self, mine: &mut Mine, from: usize, count: usize, exclusive: bool) -> bool {
        let free = |slot: &Slot| !slot.exclusive && (!exclusive || slot.shared == 0);
        if !self.slots[from..from + count].iter().all(free) {
            return false;
        }
        for number in from..from + count {
            if exclusive {
                (self.slots[number].exclusive, mine.exclusive[number]) = (true, true);
            } else {
                self.slots[number].shared += usize::from(!mine.shared[number]);
                mine.shared[number] = true;
            }
        }
        true
    }

    pub fn unlock_slots(&mut self, mine: &mut Mine, from: usize, count: usize) {
        for number in from..from + count {
            if std::mem::take(&mut mine.exclusive[number]) {
                self.slots[number].exclusive = false;
            }
            self.slots[number].shared -= usize::from(std::mem::take(&mut mine.shared[number]));
        }
    }

    /// A region of the index, which stays where it is until all have unmapped it. Null if it is not there.
    pub fn region(&mut self, mine: &mut Mine, number: usize, size: usize, extend: bool) -> *mut c_void {
        self.mappers += usize::from(!mine.mapped);
        mine.mapped = true;
        while extend && self.regions.len() <= number {
            self.regions.push(vec![0; size.div_ceil(8)].into_boxed_slice());
        }
        self.regions.get_mut(number).map_or(ptr::null_mut(), |bytes| bytes.as_mut_ptr().cast())
    }

    pub fn unmap(&mut self, mine: &mut Mine) {
        self.unlock_slots(mine, 0, SLOTS);
        if std::mem::take(&mut mine.mapped) {
            self.mappers -= 1;
        }
        if self.mappers == 0 {
            self.regions.clear();
        }
    }
}
