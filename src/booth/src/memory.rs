//! What the program leaves behind in memory, so that nothing of a person is there when the next one comes.
//!
//! Three promises, none of which a later crash can undo: no page of this process is written to a core dump, none to swap,
//! and what is freed is overwritten first. [`protect`] makes the first two. The third needs no call: every program linked
//! with this crate gets its `free` and `realloc` from here, and so do the C libraries that it loads. A Rust
//! `#[global_allocator]` would not reach the cameras' pictures, the encoder's, nor the glyphs of what was on the glass: those
//! are allocated by GStreamer, x264 and FreeType.
//!
//! The allocator is also told to keep little of what is freed: see [`give_back`].
//!
//! Not reached: blocks that a library keeps for reuse instead of freeing them (they go when the pipeline goes), copies on a
//! thread's stack, and what the kernel and the display hold (socket buffers, the frame on the glass). `make residue` searches
//! what the process can see of these.

use std::io;
use tracing::warn;

/// Forbids core dumps and swap for this process, and sets its allocator. Before any thread is started, as locking concerns what
/// is mapped later.
///
/// What is not permitted is logged with the way to permit it: a booth without it still serves.
pub fn protect() {
    #[cfg(target_env = "gnu")]
    give_back();
    if let Err(error) = forbid_dumps() {
        warn!(%error, "memory may end up in a core dump");
    }
    if let Err(error) = forbid_swap() {
        warn!(
            %error,
            "memory may be swapped to disk: give the service LimitMEMLOCK=infinity, or the machine no swap"
        );
    }
}

/// What calls free goes back to the system. By itself glibc gives threads heaps of their own, up to eight for each core, and learns
/// from the first picture that is freed to keep blocks of its size: each call has new threads and pictures, and a booth's memory
/// grew by 42 MiB in 24 calls. With two heaps, and pictures mapped on their own, by 3.
#[cfg(target_env = "gnu")]
fn give_back() {
    // Safe: it sets numbers of the allocator. Refused ones leave it as it was.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 * 1024);
    }
}

fn forbid_dumps() -> io::Result<()> {
    // The limit alone would not do: the kernel ignores it when a program such as systemd-coredump collects the dumps.
    // Not dumpable means also that no other process of the same user can read this memory.
    // Safe: both calls only change flags of this process.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })?;
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    check(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) })
}

fn forbid_swap() -> io::Result<()> {
    // Under a limit, locking now would succeed and the first thread beyond it would fail to start: all or nothing.
    let unlimited = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // Safe: both calls only change flags of this process.
    check(unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &unlimited) })?;
    // On fault: what is never touched, such as most of each thread's stack, takes no memory.
    check(unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(target_env = "gnu")]
mod freed {
    use libc::{c_void, explicit_bzero, malloc_usable_size, size_t};

    /// Larger blocks are always mapped on their own (mallopt(3), `DEFAULT_MMAP_THRESHOLD_MAX`) and go back to the kernel,
    /// which clears pages before it gives them to anybody.
    const MAPPED_ALONE: size_t = 32 * 1024 * 1024;

    // glibc's own, under the names that it keeps for replacements such as these.
    unsafe extern "C" {
        fn __libc_free(block: *mut c_void);
        fn __libc_malloc(size: size_t) -> *mut c_void;
        fn __libc_realloc(block: *mut c_void, size: size_t) -> *mut c_void;
    }

    /// As free(3), but the block is overwritten.
    ///
    /// # Safety
    ///
    /// That of free(3): `block` is null or was allocated and not freed yet.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn free(block: *mut c_void) {
        if block.is_null() {
            return;
        }
        // Safe: all of a block's usable size belongs to its owner until it is freed, which happens here.
        unsafe {
            let size = malloc_usable_size(block);
            if size <= MAPPED_ALONE {
                explicit_bzero(block, size);
            }
            __libc_free(block);
        }
    }

    /// As realloc(3), but what the block leaves is overwritten: its end when it shrinks, all of it when it moves.
    ///
    /// # Safety
    ///
    /// That of realloc(3): `block` is null or was allocated and not freed yet.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn realloc(block: *mut c_void, size: size_t) -> *mut c_void {
        // Safe: the block's usable size bounds every access; see `free`.
        unsafe {
            if block.is_null() {
                return __libc_malloc(size);
            }
            if size == 0 {
                free(block);
                return std::ptr::null_mut();
            }
            let old = malloc_usable_size(block);
            if size <= old {
                explicit_bzero(block.byte_add(size), old - size);
                return __libc_realloc(block, size);
            }
            if old > MAPPED_ALONE {
                // The kernel moves its pages; nothing is copied.
                return __libc_realloc(block, size);
            }
            let moved = __libc_malloc(size);
            if !moved.is_null() {
                block.copy_to_nonoverlapping(moved, old);
                free(block);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    /// The block's bytes after it was given back. Reading them is what an attacker would do, and why it must be done by way
    /// of the kernel: to the compiler it is undefined.
    fn bytes_at(address: usize, length: usize) -> Vec<u8> {
        use std::os::unix::fs::FileExt as _;
        let mut bytes = vec![0; length];
        let memory = std::fs::File::open("/proc/self/mem").unwrap();
        // What was given back to the kernel cannot be read at all.
        let read = memory.read_at(&mut bytes, address as u64).unwrap_or(0);
        bytes.truncate(read);
        bytes
    }

    const CANARY: &[u8] = b"3171 0117 0845 0001 SPECIMEN ";

    fn block(length: usize) -> Vec<u8> {
        CANARY.iter().copied().cycle().take(length).collect()
    }

    /// The allocator's own links stand in a freed block's first words.
    fn is_gone(address: usize, length: usize) -> bool {
        !bytes_at(address, length).windows(8).any(|window| CANARY.windows(8).any(|canary| window == canary))
    }

    #[test]
    fn freed_blocks_are_overwritten() {
        for length in [24, 100, 1_000, 5_000, 60_000] {
            let bytes = block(length);
            let address = bytes.as_ptr() as usize;
            assert!(!is_gone(address, length), "the test sees what is there");
            drop(bytes);
            assert!(is_gone(address, length), "{length} bytes");
        }
    }

    #[test]
    fn blocks_that_grow_or_shrink_leave_nothing() {
        for length in [64, 1_000, 5_000, 60_000] {
            let mut bytes = block(length);
            let before = bytes.as_ptr() as usize;
            // Something behind it, so that it cannot grow in its place.
            let wall = block(64);
            bytes.reserve_exact(length * 4);
            assert_eq!(bytes, block(length));
            assert!(bytes.as_ptr() as usize == before || is_gone(before, length), "{length} bytes have moved");
            let address = bytes.as_ptr() as usize;
            bytes.truncate(32);
            bytes.shrink_to_fit();
            assert!(is_gone(address + 32, length - 32), "{length} bytes have shrunk");
            drop(wall);
        }
    }
}
