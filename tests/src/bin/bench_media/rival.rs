//! A browser where the booth is, and a browser where the officer is: the same network, sizes, rates and bounds.

use crate::net::Net;
use crate::relay::Relay;
use crate::seen;
use anyhow::Context as _;
use bilik_tests::browser::{Browser, Page};
use bilik_tests::officer::{drawing, film};
use bilik_tests::process::until;
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a browser can send that the other can show.
pub const CODECS: [&str; 2] = ["h264", "vp8"];

/// What it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Drawn by the page, with a time code.
    Painted,
    /// The browser's own camera: raw pictures out of a file, so that nothing is drawn or unpacked first.
    Camera,
}

pub struct Rival {
    far_page: Page,
    pub page: Page,
    far: Browser,
    _near: Browser,
    pub relay: Option<Relay>,
    _folder: tempfile::TempDir,
    pub net: Net,
}

impl Rival {
    pub fn set(picture: Picture, seed: Option<u64>) -> anyhow::Result<Self> {
        let net = Net::make()?;
        let folder = tempfile::tempdir()?;
        let (officers, booths) = (folder.path().join("officer.mjpeg"), folder.path().join("booth.y4m"));
        film(&officers)?;
        if picture == Picture::Camera {
            raw_film(&booths)?;
        }
        let relay = seed.map(|seed| Relay::start(net.office, seed)).transpose()?;
        // Otherwise addresses are hidden behind names that nobody resolves here.
        let plain = ["--disable-features=WebRtcHideLocalIpsWithMdns"];
        let place = |name: &str| -> anyhow::Result<PathBuf> {
            let place = folder.path().join(name);
            std::fs::create_dir_all(&place)?;
            Ok(place)
        };
        let mut near = Browser::start_with(&place("near")?, "", &officers, &plain)?;
        let far_place = place("far")?;
        let html = folder.path().join("rival.html");
        std::fs::write(&html, include_str!("rival.html"))?;
        let url = format!("file://{}", html.display());
        let (far, far_page) = net.inside(|| {
            let camera = if picture == Picture::Camera { &booths } else { &officers };
            let mut far = Browser::start_with(&far_place, "", camera, &plain)?;
            let mut page = far.page(1280, 800)?;
            page.open(&url)?;
            Ok((far, page))
        })?;
        let mut page = near.page(1600, 900)?;
        page.before_load(&seen::script(relay.as_ref().map(|relay| (relay.address, net.booth))))?;
        page.open(&url)?;
        let mut rival = Self { far_page, page, far, _near: near, relay, _folder: folder, net };
        let kind = if picture == Picture::Painted { "painted" } else { "camera" };
        rival.far_page.evaluate(&format!("open({}, 1280, 720)", json!(kind))).context("the far browser's camera")?;
        rival.page.evaluate("open('camera', 640, 360)").context("the near browser's camera")?;
        Ok(rival)
    }

    /// A new call; returns when its pictures are shown.
    pub fn call(&mut self, codec: &str) -> anyhow::Result<()> {
        seen::clear(&mut self.page)?;
        self.page.evaluate("__watch.candidates.length = 0")?;
        let offer = self.far_page.evaluate(&format!("offer({})", json!(codec)))?;
        let answer = self.page.evaluate(&format!("answer({offer})"))?;
        if let Some(relay) = &self.relay {
            let found = self.page.evaluate("__watch.candidates[0]")?;
            relay.towards(found.as_str().and_then(|at| at.parse().ok()).context("the far browser has no address")?);
        }
        self.far_page.evaluate(&format!("accept({answer})"))?;
        seen::shows(&mut self.page, "focus-video", 320)
    }

    /// Until the full size has come through, which a browser's estimate takes a while to allow.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        until("the far browser sends its full size", || {
            let width = self.page.evaluate("document.querySelector('video').videoWidth")?;
            Ok((width == 1280).then_some(()))
        })?;
        std::thread::sleep(Duration::from_secs(5));
        Ok(())
    }

    /// Small and slow, or large and fast, as a booth's tile and focus. Returns when that was said, by the wall clock in ms.
    pub fn tier(&mut self, focus: bool) -> anyhow::Result<f64> {
        let at = self.far_page.evaluate(if focus { "tier(FOCUS)" } else { "tier(TILE)" })?;
        at.as_f64().context("no time")
    }

    pub fn watch(&mut self, while_: Duration) -> anyhow::Result<seen::Seen> {
        seen::clear(&mut self.page)?;
        std::thread::sleep(while_);
        seen::read(&mut self.page)
    }

    /// The browser that stands where the booth is.
    pub fn pid(&self) -> u32 {
        self.far.pid()
    }
}

/// A second of 1280x720 at 30 frames/s, raw (YUV4MPEG2).
fn raw_film(path: &Path) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"YUV4MPEG2 W1280 H720 F30:1 Ip A1:1 C420jpeg\n")?;
    for frame in 0..30 {
        let small = drawing(frame);
        let [mut luma, mut blue, mut red] = [Vec::new(), Vec::new(), Vec::new()];
        for y in 0..720 {
            for x in 0..1280 {
                let [r, g, b] = small.get_pixel(x / 2, y / 2).0.map(f32::from);
                luma.push((0.299 * r + 0.587 * g + 0.114 * b) as u8);
                if (x | y) & 1 == 0 {
                    blue.push((128.0 - 0.169 * r - 0.331 * g + 0.5 * b) as u8);
                    red.push((128.0 + 0.5 * r - 0.419 * g - 0.081 * b) as u8);
                }
            }
        }
        file.write_all(b"FRAME\n")?;
        for plane in [luma, blue, red] {
            file.write_all(&plane)?;
        }
    }
    file.flush().with_context(|| format!("failed to write {}", path.display()))
}
