//! Decoded pictures on their way to the screen.
//!
//! The screen draws at its own pace, so a picture is handed over in a mailbox with one place: a newer picture replaces one that
//! nobody fetched. Nothing queues, nothing grows, and a slow screen shows the newest picture instead of an old one.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One picture: `height` rows of `width` pixels of three bytes red, green, blue (sRGB), top row first, without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct VideoFrame {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// A mailbox for one picture. See the module's head.
#[derive(Default)]
pub struct FrameSlot {
    picture: Mutex<Held>,
    notify: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
}

#[derive(Default)]
struct Held {
    current: Option<VideoFrame>,
    /// A closed slot drops what still comes from a streaming thread after the last wipe.
    closed: bool,
}

/// The mailboxes of one booth.
#[derive(Clone, Default)]
pub struct FrameSlots {
    /// The participant, mirrored as people know themselves from a mirror; 480x270.
    pub self_view: Arc<FrameSlot>,
    /// The officer, in the size the console sends.
    pub officer: Arc<FrameSlot>,
    /// What the document camera sees; 960x540.
    pub documents: Arc<FrameSlot>,
}

impl FrameSlot {
    /// Takes the newest picture out. `None` if there is none since the last call.
    pub fn take(&self) -> Option<VideoFrame> {
        self.held().current.take()
    }

    /// Sets what is called, on a streaming thread, after a picture was put in. It must return quickly and must not call back
    /// into the engine; waking the screen's event loop is what it is for.
    pub fn on_frame(&self, notify: impl Fn() + Send + Sync + 'static) {
        *self.notify.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(notify));
    }

    /// Puts a picture in, unless the slot is closed. The replaced one is overwritten before its memory is given back.
    pub(crate) fn put(&self, frame: VideoFrame) {
        {
            let mut held = self.held();
            if held.closed {
                return;
            }
            held.current = Some(frame);
        }
        let notify = self.notify.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(notify) = notify {
            notify();
        }
    }

    /// Drops the picture and takes no more until [`FrameSlot::open`].
    pub(crate) fn close(&self) {
        let mut held = self.held();
        held.closed = true;
        held.current = None;
    }

    /// Takes pictures again.
    pub(crate) fn open(&self) {
        self.held().closed = false;
    }

    /// Drops the picture.
    pub(crate) fn wipe(&self) {
        self.held().current = None;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FrameSlots {
    /// Drops the pictures of all slots.
    pub(crate) fn wipe(&self) {
        self.self_view.wipe();
        self.officer.wipe();
        self.documents.wipe();
    }
}

impl Drop for VideoFrame {
    /// A picture shows a person: its pixels do not stay behind in freed memory.
    fn drop(&mut self) {
        self.rgb.fill(0);
        // Keeps the compiler from dropping a write that nobody reads.
        std::hint::black_box(&self.rgb);
    }
}

impl fmt::Debug for VideoFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VideoFrame({}x{})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn grey(value: u8) -> VideoFrame {
        VideoFrame { width: 2, height: 1, rgb: vec![value; 6] }
    }

    #[test]
    fn a_newer_picture_replaces_the_older_and_is_taken_once() {
        let slot = FrameSlot::default();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        slot.on_frame(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        slot.put(grey(1));
        slot.put(grey(2));
        assert_eq!(slot.take(), Some(grey(2)));
        assert_eq!(slot.take(), None);
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_closed_slot_keeps_nothing() {
        let slot = FrameSlot::default();
        slot.put(grey(1));
        slot.close();
        slot.put(grey(2));
        assert_eq!(slot.take(), None);
        slot.open();
        slot.put(grey(3));
        slot.wipe();
        assert_eq!(slot.take(), None);
    }
}
