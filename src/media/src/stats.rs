//! Counters that every thread of the engine adds to and anybody may read, without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::event::CallStats;

/// What counts as silence, in dB relative to full scale.
const SILENCE_DB: f32 = -120.0;

/// See [`CallStats`] for what each means.
#[derive(Debug)]
pub(crate) struct Counters {
    pub frames_decoded: AtomicU64,
    pub frames_sent: AtomicU64,
    packets_sent: AtomicU64,
    bytes_sent: AtomicU64,
    packets_received: AtomicU64,
    bytes_received: AtomicU64,
    packets_dropped: AtomicU64,
    pub keyframes_sent: AtomicU64,
    audio_level_db: AtomicU32,
    pub estimate_bps: AtomicU64,
    pub video_bps: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            frames_decoded: AtomicU64::default(),
            frames_sent: AtomicU64::default(),
            packets_sent: AtomicU64::default(),
            bytes_sent: AtomicU64::default(),
            packets_received: AtomicU64::default(),
            bytes_received: AtomicU64::default(),
            packets_dropped: AtomicU64::default(),
            keyframes_sent: AtomicU64::default(),
            audio_level_db: AtomicU32::new(SILENCE_DB.to_bits()),
            estimate_bps: AtomicU64::default(),
            video_bps: AtomicU64::default(),
        }
    }
}

impl Counters {
    pub fn sent(&self, payload_bytes: usize) {
        self.packets_sent.fetch_add(1, Relaxed);
        self.bytes_sent.fetch_add(payload_bytes as u64, Relaxed);
    }

    pub fn received(&self, payload_bytes: usize) {
        self.packets_received.fetch_add(1, Relaxed);
        self.bytes_received.fetch_add(payload_bytes as u64, Relaxed);
    }

    pub fn dropped(&self, packets: usize) {
        self.packets_dropped.fetch_add(packets as u64, Relaxed);
    }

    /// Sets the officer's level; `None` when there is no voice at all.
    pub fn set_audio_level(&self, db: Option<f32>) {
        self.audio_level_db.store(db.unwrap_or(SILENCE_DB).to_bits(), Relaxed);
    }

    pub fn snapshot(&self) -> CallStats {
        CallStats {
            frames_decoded: self.frames_decoded.load(Relaxed),
            frames_sent: self.frames_sent.load(Relaxed),
            packets_sent: self.packets_sent.load(Relaxed),
            bytes_sent: self.bytes_sent.load(Relaxed),
            packets_received: self.packets_received.load(Relaxed),
            bytes_received: self.bytes_received.load(Relaxed),
            packets_dropped: self.packets_dropped.load(Relaxed),
            keyframes_sent: self.keyframes_sent.load(Relaxed),
            audio_level_db: f32::from_bits(self.audio_level_db.load(Relaxed)),
            estimate_bps: self.estimate_bps.load(Relaxed),
            video_bps: self.video_bps.load(Relaxed),
        }
    }
}
