//! Decoded pictures on their way to the screen.
//!
//! The screen draws at its own pace, so a picture is handed over in a mailbox with one place: a newer picture replaces one that
//! nobody fetched. Nothing queues, nothing grows, and a slow screen shows the newest picture instead of an old one.
//!
//! A picture that was shown or replaced leaves its memory to the next one: to ask the system for
//! it anew each time, here and on the way to the screen, took nearly a fifth of the processor time of a call.

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
    /// What the next picture is written over.
    spare: Option<VideoFrame>,
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

    /// Hands the newest picture to `shown`. False if there is none since the last call.
    pub fn show(&self, shown: impl FnOnce(&VideoFrame)) -> bool {
        let Some(frame) = self.take() else { return false };
        shown(&frame);
        let mut held = self.held();
        if !held.closed {
            held.spare = Some(frame);
        }
        true
    }

    /// Memory for a picture, with whatever is in it.
    pub(crate) fn spare(&self) -> Vec<u8> {
        self.held().spare.take().map(|mut frame| std::mem::take(&mut frame.rgb)).unwrap_or_default()
    }

    /// Sets what is called, on a streaming thread, after a picture was put in. It must return quickly and must not call back
    /// into the engine; waking the screen's event loop is what it is for.
    pub fn on_frame(&self, notify: impl Fn() + Send + Sync + 'static) {
        *self.notify.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(notify));
    }

    /// Puts a picture in, unless the slot is closed.
    pub(crate) fn put(&self, frame: VideoFrame) {
        {
            let mut held = self.held();
            if held.closed {
                return;
            }
            if let Some(replaced) = held.current.replace(frame) {
                held.spare = Some(replaced);
            }
        }
        let notify = self.notify.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(notify) = notify {
            notify();
        }
    }

    /// Drops the picture and takes no more until [`FrameSlot::open`].
    pub(crate) fn close(&self) {
        *self.held() = Held { closed: true, ..Held::default() };
    }

    /// Takes pictures again.
    pub(crate) fn open(&self) {
        self.held().closed = false;
    }

    /// Drops the picture, and what is left of the one before.
    pub(crate) fn wipe(&self) {
        let mut held = self.held();
        (held.current, held.spare) = (None, None);
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
    fn a_closed_or_wiped_slot_keeps_nothing() {
        let slot = FrameSlot::default();
        let nothing = |slot: &FrameSlot| slot.take().is_none() && slot.spare().is_empty();
        slot.put(grey(1));
        slot.close();
        slot.put(grey(2));
        assert!(nothing(&slot));
        slot.open();
        slot.put(grey(3));
        slot.put(grey(4));
        slot.wipe();
        assert!(nothing(&slot));
        slot.put(grey(5));
        assert!(slot.show(|_| slot.close()), "closed while it is shown");
        assert!(nothing(&slot));
    }

    #[test]
    fn a_picture_leaves_its_memory_to_the_next() {
        let slot = FrameSlot::default();
        assert_eq!(slot.spare(), []);
        slot.put(grey(1));
        slot.put(grey(2));
        assert_eq!((slot.spare(), slot.spare()), (vec![1; 6], vec![]), "replaced, and given once");
        let mut seen = None;
        assert!(slot.show(|frame| seen = Some(frame.clone())));
        assert_eq!((seen, slot.spare()), (Some(grey(2)), vec![2; 6]));
        assert!(!slot.show(|_| panic!("there is none")));
    }
}
