//! Fingers on the glass and on keyboards.

use super::Machine;
use serde_json::json;
use std::time::Duration;

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
}
