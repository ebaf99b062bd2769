//! An officer without a mouse: what this officer can do is press keys and read the screen.
//!
//! That nothing is clicked is so by construction: the page is private here, and all that goes into it are keys.
//! `desk.js` counts pointers all the same, beside what came into focus and what went wrong.

use crate::browser::{Browser, Crashed, Page};
use crate::hub::{Account, Hub};
use crate::officer::{self, LISTEN_IN, totp};
use crate::process::until;
use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

const DESK: &str = include_str!("desk.js");

pub struct Keyboard {
    page: Page,
    presses: usize,
}

/// What `desk.js` has noted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Notes {
    /// Every key that the page heard.
    pub keys: Vec<String>,
    /// Which tile came into focus, and how many keys had been pressed by then.
    pub chosen: Vec<(Option<String>, usize)>,
    /// Where the keyboard went, and how many keys had been pressed by then.
    pub focus: Vec<(String, usize)>,
    pub pointers: usize,
    pub errors: Vec<String>,
    /// Of the content security policy.
    pub reports: Vec<String>,
    /// Scripts that came in with a text and ran.
    pub ran: Vec<String>,
}

/// Packets of RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Received {
    pub video: u64,
    pub audio: u64,
}

/// A tile with somebody in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Seat {
    pub slot: u8,
    pub booth: String,
    pub chosen: bool,
}

/// A row of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Row {
    pub code: String,
    pub check: String,
    /// The cursor stands here.
    pub current: bool,
    /// A verdict can be given by Enter.
    pub open: bool,
}

impl Keyboard {
    /// Logs in. `script` runs in the page before its own.
    pub fn log_in(browser: &mut Browser, hub: &Hub, account: &Account, script: &str) -> anyhow::Result<Self> {
        let mut page = browser.page(1600, 900)?;
        prepare(&mut page, hub, script)?;
        let mut officer = Self { page, presses: 0 };
        let fields = [("Nama pengguna", account.login.clone()), ("Kata sandi", account.password.clone())];
        for (label, text) in fields {
            officer.tab_to(&label_is(label))?;
            officer.type_text(&text)?;
        }
        officer.tab_to(&label_is("Kode 6 angka"))?;
        // One step is good for one login, and it may end while this is typed.
        officer.type_text(&totp(&account.totp_secret)?)?;
        officer.press("Enter")?;
        officer.is_at_work()?;
        Ok(officer)
    }

    /// In a new tab of the window of a page that crashed: its cookie holds.
    pub fn back(browser: &mut Browser, hub: &Hub, crashed: Crashed) -> anyhow::Result<Self> {
        let mut page = browser.reopen(crashed)?;
        prepare(&mut page, hub, "")?;
        let mut officer = Self { page, presses: 0 };
        officer.is_at_work()?;
        Ok(officer)
    }

    /// The tab ends as if it had crashed.
    pub fn crash(self, browser: &mut Browser) -> anyhow::Result<Crashed> {
        browser.crash(self.page)
    }

    /// The hub has welcomed this console; before that, keys do nothing.
    fn is_at_work(&mut self) -> anyhow::Result<()> {
        self.wait_for("document.querySelector('[data-testid=capacity]:not([disabled])') !== null")
    }

    pub fn press(&mut self, key: &str) -> anyhow::Result<()> {
        self.presses += 1;
        self.page.key(key)
    }

    pub fn press_control_enter(&mut self) -> anyhow::Result<()> {
        self.presses += 1;
        self.page.chord("Enter", 2)
    }

    /// One key for each character.
    pub fn type_text(&mut self, text: &str) -> anyhow::Result<()> {
        text.chars().try_for_each(|character| self.press(character.encode_utf8(&mut [0; 4])))
    }

    /// How many keys have been pressed so far.
    pub fn presses(&self) -> usize {
        self.presses
    }

    /// Presses Tab until the keyboard stands on an element of which this is true (`it`).
    pub fn tab_to(&mut self, condition: &str) -> anyhow::Result<()> {
        let there = format!("Boolean((it => {condition})(document.activeElement))");
        for _ in 0..60 {
            if self.read::<bool>(&there)? {
                return Ok(());
            }
            self.press("Tab")?;
        }
        anyhow::bail!("Tab does not lead to {condition}; the page shows: {}", self.page.text())
    }

    /// Takes on so many booths at a time, from the menu in the bar.
    pub fn take_on(&mut self, capacity: u8) -> anyhow::Result<()> {
        self.tab_to("it.dataset.testid === 'capacity'")?;
        self.press("Enter")?;
        self.wait_for("document.activeElement.closest('[role=menu]') !== null")?;
        // Six comes first, pause last.
        for at in (capacity..=6).rev() {
            self.press("ArrowDown")?;
            let label = if at == 1 { "1 bilik (".to_owned() } else { format!("{at} bilik") };
            self.wait_for(&format!("document.activeElement.innerText.startsWith('{label}')"))?;
        }
        self.press("Enter")?;
        self.sees(&format!("dari {capacity}"))?;
        // Back to where the desk listens.
        self.wait_for("document.querySelector('[role=menu]') === null")
    }

    /// Puts a booth into focus by the number on its tile.
    pub fn focus(&mut self, booth: &str) -> anyhow::Result<()> {
        let seat = until(&format!("{booth} sits at this desk"), || self.seat(booth))?;
        self.press(&seat.slot.to_string())?;
        until(&format!("{booth} is in focus"), || Ok(self.seat(booth)?.filter(|seat| seat.chosen)))?;
        Ok(())
    }

    pub fn seat(&mut self, booth: &str) -> anyhow::Result<Option<Seat>> {
        Ok(self.seats()?.into_iter().find(|seat| seat.booth == booth))
    }

    /// Who sits where.
    pub fn seats(&mut self) -> anyhow::Result<Vec<Seat>> {
        self.read(
            "[...document.querySelectorAll('button[data-testid^=tile-]')].map(tile => ({ slot: Number(tile.dataset.testid.slice(5)), \
             booth: tile.querySelector('b').textContent, chosen: tile.dataset.chosen === 'true' }))",
        )
    }

    /// Whether somebody waits for this officer.
    pub fn is_waited_for(&mut self) -> anyhow::Result<bool> {
        self.read("document.querySelector('[aria-keyshortcuts=Space]') !== null")
    }

    pub fn rows(&mut self) -> anyhow::Result<Vec<Row>> {
        self.read(
            "[...document.querySelectorAll('[data-testid^=item-]')].map(row => ({ code: row.dataset.testid.slice(5), \
             check: row.dataset.check, current: row.getAttribute('aria-current') === 'true', \
             open: row.querySelector('[aria-keyshortcuts=Enter]') !== null }))",
        )
    }

    /// Opens a dialogue and waits until it has the keyboard.
    pub fn open(&mut self, key: &str) -> anyhow::Result<()> {
        self.press(key)?;
        self.wait_for("document.activeElement?.closest('[role=dialog]') != null")
    }

    /// A dialogue has closed, and the desk listens again.
    pub fn closed(&mut self) -> anyhow::Result<()> {
        self.wait_for("document.querySelector('[role=dialog]') === null")
    }

    pub fn sees(&mut self, text: &str) -> anyhow::Result<()> {
        self.page.sees(text)
    }

    /// The words of the first element that a selector finds.
    pub fn words(&mut self, selector: &str) -> anyhow::Result<Option<String>> {
        self.read(&format!("document.querySelector({})?.innerText ?? null", json!(selector)))
    }

    pub fn text(&mut self) -> String {
        self.page.text()
    }

    pub fn wait_for(&mut self, condition: &str) -> anyhow::Result<()> {
        let waited = self.page.wait_for(condition);
        waited.with_context(|| format!("the page shows: {}", self.page.text()))
    }

    /// The value of an expression that changes nothing.
    pub fn read<T: DeserializeOwned>(&mut self, expression: &str) -> anyhow::Result<T> {
        Ok(serde_json::from_value(self.page.evaluate(expression)?)?)
    }

    /// Waits until a picture moves.
    pub fn sees_moving(&mut self, video: &str) -> anyhow::Result<()> {
        officer::sees_moving(&mut self.page, video)
    }

    /// Which of the page's calls shows its picture in this tile.
    pub fn call_in(&mut self, slot: u8) -> anyhow::Result<usize> {
        let script = format!(
            "(() => {{ const tracks = document.querySelector('[data-testid=tile-video-{slot}]')?.srcObject?.getTracks() ?? []; \
             return window.__calls.findIndex(call => call.getReceivers().some(one => tracks.includes(one.track))); }})()"
        );
        until(&format!("a call is in tile {slot}"), || Ok(usize::try_from(self.read::<i64>(&script)?).ok()))
    }

    /// RTP packets that one call has received so far.
    pub fn received(&mut self, call: usize) -> anyhow::Result<Received> {
        let of = |kind: &str| {
            format!(
                "[...stats.values()].filter(s => s.type === 'inbound-rtp' && s.kind === '{kind}').reduce((sum, s) => sum + s.packetsReceived, 0)"
            )
        };
        let (video, audio) = (of("video"), of("audio"));
        self.read(&format!("window.__calls[{call}].getStats().then(stats => ({{ video: {video}, audio: {audio} }}))"))
    }

    pub fn notes(&mut self) -> anyhow::Result<Notes> {
        self.read("window.__desk")
    }
}

fn prepare(page: &mut Page, hub: &Hub, script: &str) -> anyhow::Result<()> {
    page.before_load(&format!("{LISTEN_IN}\n{DESK}\n{script}"))?;
    page.open(&format!("https://{}/", hub.console_address))
}

fn label_is(label: &str) -> String {
    format!("[...(it?.labels ?? [])].some(label => label.innerText.startsWith({}))", json!(label))
}
