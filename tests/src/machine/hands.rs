//! Fingers on the glass and on keyboards, and cards at the reader.

use super::{Machine, PATIENCE};
use anyhow::Context as _;
use serde_json::json;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long a finger stays, and a key is held.
const TOUCH: Duration = Duration::from_millis(200);
/// Of the touch device, in both directions.
const TOUCH_RANGE: u32 = 32767;

impl Machine {
    /// Presses keys together, named as QEMU does: `ctrl`, `alt`, `f1`, `sysrq`.
    pub fn chord(&mut self, keys: &[&str]) -> anyhow::Result<()> {
        let keys: Vec<_> = keys.iter().map(|key| json!({ "type": "qcode", "data": key })).collect();
        self.qmp("send-key", json!({ "keys": keys, "hold-time": TOUCH.as_millis() }))?;
        // It goes on for as long.
        std::thread::sleep(2 * TOUCH);
        Ok(())
    }

    /// Touches the glass here, in pixels.
    pub fn tap(&mut self, (x, y): (u32, u32)) -> anyhow::Result<()> {
        self.hold((x, y), TOUCH)
    }

    /// Leaves a finger there for some time.
    pub fn hold(&mut self, at: (u32, u32), time: Duration) -> anyhow::Result<()> {
        self.draw(&[at], time)
    }

    /// Draws a line with a finger.
    pub fn draw(&mut self, points: &[(u32, u32)], stay: Duration) -> anyhow::Result<()> {
        let (width, height) = self.seen.as_ref().map_or((1280, 800), |(_, screen)| (screen.width, screen.height));
        let event = |kind: &str, id: i32, axis: &str, value: u32| {
            let data = json!({ "type": kind, "slot": 0, "tracking-id": id, "axis": axis, "value": value });
            json!({ "type": "mtt", "data": data })
        };
        // The finger comes down where it is to be, not where the last one was.
        let mut comes = vec![event("begin", 1, "x", 0)];
        for (x, y) in points {
            let (x, y) = (x * TOUCH_RANGE / width.max(1), y * TOUCH_RANGE / height.max(1));
            let there = [event("data", 1, "x", x), event("data", 1, "y", y)];
            let events: Vec<_> = comes.drain(..).chain(there).collect();
            self.qmp("input-send-event", json!({ "events": events }))?;
            std::thread::sleep(stay);
        }
        self.qmp("input-send-event", json!({ "events": [event("end", -1, "x", 0)] }))?;
        Ok(())
    }

    /// Plugs the card reader in.
    pub fn plug_in_reader(&mut self) -> anyhow::Result<()> {
        let socket = self.drives.folder.join("reader");
        let running = self.running.as_mut().context("the machine is off")?;
        let reader = UnixStream::connect(&socket).with_context(|| format!("failed to reach {}", socket.display()))?;
        running.reader = Some(reader);
        let reader = json!({ "driver": "usb-serial", "id": "reader", "chardev": "reader", "bus": "usb.0" });
        self.qmp("device_add", reader.clone())?;
        let (deadline, mut looks) = (Instant::now() + PATIENCE, 0);
        while !self.is_reader_addressed()? {
            anyhow::ensure!(Instant::now() < deadline, "the system gives the card reader no address");
            looks += 1;
            // An emulated machine that has just been woken may miss it; people would plug it in again.
            if looks % 20 == 0 {
                self.unplug("reader")?;
                self.pause();
                self.qmp("device_add", reader.clone())?;
            }
            self.pause();
        }
        Ok(())
    }

    /// Whether the system has seen it at USB.
    fn is_reader_addressed(&mut self) -> anyhow::Result<bool> {
        let said = self.qmp("human-monitor-command", json!({ "command-line": "info usb" }))?;
        let said = said.as_str().unwrap_or_default();
        Ok(said.lines().any(|line| line.contains("ID: reader") && !line.contains("Device 0.0,")))
    }

    pub fn unplug_reader(&mut self) -> anyhow::Result<()> {
        self.unplug("reader")?;
        self.running.as_mut().context("the machine is off")?.reader = None;
        Ok(())
    }

    /// Holds a card to the reader: the line that a reader sends for it.
    pub fn present(&mut self, digits: &str) -> anyhow::Result<()> {
        let running = self.running.as_mut().context("the machine is off")?;
        let reader = running.reader.as_mut().context("no card reader is plugged in")?;
        std::io::Write::write_all(reader, format!("{digits}\r\n").as_bytes()).context("the card reader is gone")
    }
}
