//! What the receiving page has noted (`watch.js`).

use anyhow::Context as _;
use bilik_tests::browser::Page;
use bilik_tests::process::until;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

/// One picture that was shown.
#[derive(Clone, Debug, Deserialize)]
pub struct Frame {
    /// When, by the wall clock in ms.
    pub at: f64,
    pub width: u32,
    /// How long ago it was painted, in ms; none if its time code cannot be read.
    pub age: Option<f64>,
    /// Variance of the Laplacian where the booth's name is written, if it was asked for.
    pub sharpness: Option<f64>,
    /// Of which stream: an element shows the last picture of one until the next one has its first.
    pub stream: String,
}

/// Everything since the last [`clear`].
#[derive(Debug, Default, Deserialize)]
pub struct Seen {
    /// By the name of the element that shows them.
    pub frames: BTreeMap<String, Vec<Frame>>,
    /// When each answer was ready.
    pub answers: Vec<f64>,
    pub keys: Vec<(f64, String)>,
    /// Each change of the console's word that what is seen in focus is live.
    pub lives: Vec<(f64, bool)>,
}

impl Seen {
    pub fn of(&self, name: &str) -> &[Frame] {
        self.frames.get(name).map_or(&[], Vec::as_slice)
    }

    /// Ages of the pictures, in ms.
    pub fn ages(&self, name: &str) -> Vec<f64> {
        self.of(name).iter().filter_map(|frame| frame.age).collect()
    }

    /// The first picture after a moment, on any element.
    pub fn first_after(&self, at: f64) -> Option<f64> {
        self.frames.values().flatten().map(|frame| frame.at).filter(|shown| *shown > at).min_by(f64::total_cmp)
    }
}

/// The script for the page; with a relay, calls go through it to the end at `of`.
pub fn script(relay: Option<(std::net::SocketAddr, Ipv4Addr)>) -> String {
    let relay = relay.map_or(Value::Null, |(relay, of)| json!({ "host": relay.ip(), "port": relay.port(), "of": of }));
    include_str!("watch.js").replace("= RELAY;", &format!("= {relay};"))
}

pub fn read(page: &mut Page) -> anyhow::Result<Seen> {
    let value = page.evaluate("(({ frames, answers, keys, lives }) => ({ frames, answers, keys, lives }))(__watch)")?;
    serde_json::from_value(value).context("the page's notes")
}

pub fn clear(page: &mut Page) -> anyhow::Result<()> {
    page.evaluate("__watch.clear()").map(drop)
}

/// Waits until pictures of this width are shown, and a few more.
pub fn shows(page: &mut Page, name: &str, width: u32) -> anyhow::Result<()> {
    let count = format!("(__watch.frames['{name}'] ?? []).filter(frame => frame[1] >= {width}).length");
    until(&format!("{name} shows pictures {width} wide"), || {
        Ok(page.evaluate(&count)?.as_u64().filter(|count| *count > 5).map(drop))
    })
}

/// Seconds that the pictures stood still, and how many came, so far.
pub fn frozen(page: &mut Page) -> anyhow::Result<(f64, f64)> {
    Ok(serde_json::from_value(page.evaluate("__watch.frozen()")?)?)
}

/// Milliseconds that pictures and sound wait in the browser's buffers, on average.
pub fn buffered(page: &mut Page) -> anyhow::Result<[f64; 2]> {
    Ok(serde_json::from_value(page.evaluate("__watch.buffered()")?)?)
}

/// Milliseconds that sound is heard later than its picture is seen; none if the browser cannot tell.
pub fn sound_behind(page: &mut Page) -> anyhow::Result<Option<f64>> {
    Ok(serde_json::from_value(page.evaluate("__watch.soundBehind()")?)?)
}

/// Now, by the wall clock in ms.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}
