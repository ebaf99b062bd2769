//! An officer at the console, in Chromium.

use crate::browser::{Browser, Page};
use crate::hub::{Account, Hub};
use crate::process::until;
use anyhow::Context as _;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Counts broken rules of the content security policy, and keeps every peer connection of the page where a test can ask
/// it what it hears. The console itself exposes nothing.
pub(crate) const LISTEN_IN: &str = "window.__violations = 0; document.addEventListener('securitypolicyviolation', () => window.__violations++); \
    window.__calls = []; const Real = RTCPeerConnection; \
    window.RTCPeerConnection = class extends Real { constructor(...a) { super(...a); window.__calls.push(this); } };";

pub struct Officer {
    pub page: Page,
}

impl Officer {
    pub fn log_in(browser: &mut Browser, hub: &Hub, account: &Account) -> anyhow::Result<Self> {
        Self::log_in_sized(browser, hub, account, 1600, 900)
    }

    pub fn log_in_sized(
        browser: &mut Browser,
        hub: &Hub,
        account: &Account,
        width: u32,
        height: u32,
    ) -> anyhow::Result<Self> {
        Self::log_in_watched(browser, hub, account, (width, height), "")
    }

    /// With a script of the caller's in the page before its own.
    pub fn log_in_watched(
        browser: &mut Browser,
        hub: &Hub,
        account: &Account,
        (width, height): (u32, u32),
        script: &str,
    ) -> anyhow::Result<Self> {
        let mut page = browser.page(width, height)?;
        page.before_load(&format!("{LISTEN_IN}\n{script}"))?;
        page.open(&format!("https://{}/", hub.console_address))?;
        page.fill("Nama pengguna", &account.login)?;
        page.fill("Kata sandi", &account.password)?;
        page.fill("Kode 6 angka", &totp(&account.totp_secret)?)?;
        page.click("button", "Masuk")?;
        // The bar says so once the hub has welcomed the console; before that, keys do nothing.
        page.sees("Menerima")?;
        Ok(Self { page })
    }

    /// Waits until the tile shows somebody.
    pub fn tile_is_taken(&mut self, slot: u8) -> anyhow::Result<()> {
        self.page.wait_for(&format!("document.querySelector('[data-testid=tile-{slot}]')?.tagName === 'BUTTON'"))
    }

    pub fn focus(&mut self, slot: u8) -> anyhow::Result<()> {
        self.page.key(&slot.to_string())?;
        self.page.wait_for(&format!("document.querySelector('[data-testid=tile-{slot}]')?.dataset.chosen === 'true'"))
    }

    /// Takes on so many booths at a time.
    pub fn take_on(&mut self, capacity: u8) -> anyhow::Result<()> {
        let offered = "document.querySelectorAll('[role=menuitemradio]')";
        self.page.evaluate("document.querySelector('[data-testid=capacity]').click()")?;
        self.page.wait_for(&format!("{offered}.length === 7"))?;
        // Six comes first, pause last.
        self.page.evaluate(&format!("{offered}[{}].click()", 6 - capacity))?;
        self.page.sees(&format!("dari {capacity}"))
    }

    /// Waits until every given item stands in the checklist.
    pub fn items(&mut self) -> anyhow::Result<Vec<(String, String)>> {
        let rows = self.page.evaluate(
            "[...document.querySelectorAll('[data-testid^=item-]')].map(row => [row.dataset.testid.slice(5), row.dataset.check])",
        )?;
        Ok(serde_json::from_value(rows)?)
    }

    /// Goes down the list with Enter until all is correct.
    pub fn correct_all(&mut self) -> anyhow::Result<()> {
        until("every item is correct", || {
            let items = self.items()?;
            if !items.is_empty() && items.iter().all(|(_, check)| check == "correct") {
                return Ok(Some(()));
            }
            let open = items
                .iter()
                .find(|(_, check)| check == "pending" || check == "corrected")
                .map(|(code, _)| code.clone());
            if let Some(code) = open {
                self.correct(&code)?;
            }
            Ok(None)
        })
    }

    pub fn correct(&mut self, item: &str) -> anyhow::Result<()> {
        self.choose(item)?;
        self.page.key("Enter")?;
        self.page.wait_for(&format!("document.querySelector('[data-testid=item-{item}]')?.dataset.check === 'correct'"))
    }

    /// Asks for an item again with the first ready sentence.
    pub fn ask_again(&mut self, item: &str) -> anyhow::Result<()> {
        self.choose(item)?;
        self.page.key("r")?;
        self.page.wait_for("document.querySelector('[role=dialog] [data-autofocus]') === document.activeElement")?;
        self.page.key("1")?;
        self.page
            .wait_for(&format!("document.querySelector('[data-testid=item-{item}]')?.dataset.check === 'asked_again'"))
    }

    /// Puts the cursor on a row.
    fn choose(&mut self, item: &str) -> anyhow::Result<()> {
        let row = format!("document.querySelector('[data-testid=item-{item}]')");
        self.page.wait_for(&format!("{row} !== null"))?;
        self.page.evaluate(&format!("{row}.click()"))?;
        self.page.wait_for(&format!(
            "{row}.getAttribute('aria-current') === 'true' && {row}.querySelector('button') !== null"
        ))
    }

    pub fn approve(&mut self) -> anyhow::Result<()> {
        self.page.wait_for("[...document.querySelectorAll('[data-testid=decision] button')].some(b => b.innerText.startsWith('Setujui') && !b.disabled)")?;
        self.page.chord("Enter", 2)
    }

    /// How many pictures this video element has decoded.
    pub fn frames(&mut self, video: &str) -> anyhow::Result<u64> {
        frames(&mut self.page, video)
    }

    /// Waits until the picture moves: its count of decoded frames grows.
    pub fn sees_moving(&mut self, video: &str) -> anyhow::Result<()> {
        sees_moving(&mut self.page, video)
    }

    /// How many pictures `often` shows while `seldom` shows three.
    pub fn shows_beside(&mut self, often: &str, seldom: &str) -> anyhow::Result<u64> {
        let script = format!(
            "(() => {{ const shown = window.__shown = [0, 0]; [{}, {}].forEach((video, index) => {{ \
             const next = () => {{ shown[index] += 1; video.requestVideoFrameCallback(next); }}; \
             video.requestVideoFrameCallback(next); }}); }})()",
            element(often),
            element(seldom)
        );
        self.page.evaluate(&script)?;
        until(&format!("{seldom} shows three pictures"), || {
            let shown: [u64; 2] = serde_json::from_value(self.page.evaluate("window.__shown")?)?;
            Ok((shown[1] >= 3).then_some(shown[0]))
        })
    }

    /// The newest picture of a video element as RGB, `width` pixels wide.
    pub fn picture(&mut self, video: &str, width: u32, height: u32) -> anyhow::Result<Vec<u8>> {
        let script = format!(
            "(() => {{ const v = {}; const c = document.createElement('canvas'); \
             c.width = {width}; c.height = {height}; const x = c.getContext('2d'); x.drawImage(v, 0, 0, {width}, {height}); \
             const d = x.getImageData(0, 0, {width}, {height}).data; const o = []; \
             for (let i = 0; i < d.length; i += 4) o.push(d[i], d[i + 1], d[i + 2]); return o.join(','); }})()",
            element(video)
        );
        let text = self.page.evaluate(&script)?;
        let text = text.as_str().context("no picture")?;
        text.split(',').map(|number| number.parse().context("not a colour")).collect()
    }

    /// Energy of the sound that arrived so far, over all calls of the page.
    pub fn sound_energy(&mut self) -> anyhow::Result<f64> {
        let script = "(async () => { let sum = 0; for (const call of window.__calls) { if (call.connectionState === 'closed') continue; \
             for (const s of (await call.getStats()).values()) if (s.type === 'inbound-rtp' && s.kind === 'audio') sum += s.totalAudioEnergy ?? 0; } return sum; })()";
        Ok(self.page.evaluate(script)?.as_f64().unwrap_or(0.0))
    }

    /// RTP packets of one kind received so far over the open calls.
    pub fn packets(&mut self, kind: &str) -> anyhow::Result<u64> {
        let script = format!(
            "(async () => {{ let sum = 0; for (const call of window.__calls) {{ if (call.connectionState === 'closed') continue; \
             for (const s of (await call.getStats()).values()) if (s.type === 'inbound-rtp' && s.kind === '{kind}') sum += s.packetsReceived ?? 0; }} return sum; }})()"
        );
        Ok(self.page.evaluate(&script)?.as_u64().unwrap_or(0))
    }

    /// Fetches from the hub with the officer's cookie.
    pub fn fetch_json(&mut self, path: &str) -> anyhow::Result<Value> {
        self.page.evaluate(&format!("fetch({}).then(r => r.json())", json!(path)))
    }
}

/// The page's video element of this name, or the one inside of what has it.
fn element(video: &str) -> String {
    format!("document.querySelector('video[data-testid={video}], [data-testid={video}] video')")
}

pub(crate) fn frames(page: &mut Page, video: &str) -> anyhow::Result<u64> {
    let count = page.evaluate(&format!("{}?.getVideoPlaybackQuality().totalVideoFrames ?? 0", element(video)))?;
    Ok(count.as_u64().unwrap_or(0))
}

pub(crate) fn sees_moving(page: &mut Page, video: &str) -> anyhow::Result<()> {
    let before =
        until(&format!("{video} shows a picture"), || Ok(Some(frames(page, video)?).filter(|count| *count > 0)))?;
    until(&format!("{video} moves"), || Ok((frames(page, video)? > before + 3).then_some(())))
}

/// The code that the officer's phone shows now (RFC 6238). One step is good for one login.
pub fn totp(secret: &str) -> anyhow::Result<String> {
    let secret =
        totp_rs::Secret::Encoded(secret.to_owned()).to_bytes().map_err(|e| anyhow::anyhow!("secret: {e:?}"))?;
    let totp = totp_rs::TOTP::new_unchecked(totp_rs::Algorithm::SHA1, 6, 1, 30, secret, None, String::new());
    Ok(totp.generate(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()))
}

/// Colour of the officer's jacket in the film: what the booth must see.
pub const JACKET: [u8; 3] = [11, 92, 77];

/// One picture of the film: drawn head and shoulders, and a light that wanders.
pub fn drawing(frame: u32) -> RgbImage {
    const WIDTH: u32 = 640;
    const HEIGHT: u32 = 360;
    let light = (f64::from(frame) / 30.0 * std::f64::consts::TAU).sin();
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let (fx, fy) = (f64::from(x), f64::from(y));
        let inside = |cx: f64, cy: f64, rx: f64, ry: f64| ((fx - cx) / rx).powi(2) + ((fy - cy) / ry).powi(2) < 1.0;
        if inside(320.0 + light * 4.0, 150.0, 62.0, 74.0) {
            let hair = fy < 128.0 + ((fx - 320.0) / 60.0).powi(2) * 10.0;
            Rgb(if hair { [42, 33, 29] } else { [226, 190, 160] })
        } else if inside(320.0, 390.0, 170.0, 160.0) {
            Rgb(JACKET)
        } else if inside(560.0 + light * 40.0, 60.0, 14.0, 14.0) {
            Rgb([255, 216, 77])
        } else {
            let shade = fy / f64::from(HEIGHT);
            Rgb([(205.0 - 30.0 * shade) as u8, (216.0 - 26.0 * shade) as u8, (210.0 - 30.0 * shade) as u8])
        }
    })
}

/// A film of an officer for Chromium's camera.
pub fn film(path: &Path) -> anyhow::Result<()> {
    let mut film = Vec::new();
    for frame in 0..30 {
        JpegEncoder::new_with_quality(&mut film, 90).encode_image(&drawing(frame))?;
    }
    std::fs::write(path, film).with_context(|| format!("failed to write {}", path.display()))
}
