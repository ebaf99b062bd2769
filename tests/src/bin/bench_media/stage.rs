//! The real parts: hub and officer's console at the office, booths behind the cable.

use crate::net::Net;
use crate::relay::Relay;
use crate::seen;
use bilik_tests::booth::{Booth, Setup};
use bilik_tests::browser::Browser;
use bilik_tests::display::Display;
use bilik_tests::hub::Hub;
use bilik_tests::officer::{Officer, film};
use bilik_tests::process::until;
use bilik_tests::story;
use std::net::SocketAddr;
use std::time::Duration;

// Dropped from the top: booths and browser before hub, all before the network.
pub struct Stage {
    pub booths: Vec<Booth>,
    pub officer: Officer,
    pub browser: Browser,
    pub hub: Hub,
    pub relay: Option<Relay>,
    _display: Display,
    folder: tempfile::TempDir,
    pub net: Net,
}

impl Stage {
    /// `seed`: through a relay, which makes its chances from it.
    pub fn set(booths: usize, seed: Option<u64>) -> anyhow::Result<Self> {
        let net = Net::make()?;
        let folder = tempfile::tempdir()?;
        let hub = Hub::start_on(folder.path(), net.office)?;
        let display = Display::start(folder.path())?;
        let camera = folder.path().join("officer.mjpeg");
        film(&camera)?;
        let mut browser = Browser::start_with(folder.path(), &hub.authority_pin()?, &camera, &[])?;
        let account = hub.add_officer("sari", "Sari")?;
        let relay = seed.map(|seed| Relay::start(net.office, seed)).transpose()?;
        let script = seen::script(relay.as_ref().map(|relay| (relay.address, net.booth)));
        let officer = Officer::log_in_watched(&mut browser, &hub, &account, (1600, 900), &script)?;
        let mut stage = Self { booths: Vec::new(), officer, browser, hub, relay, _display: display, folder, net };
        for number in 1..=booths {
            stage.add_booth(number)?;
        }
        Ok(stage)
    }

    fn add_booth(&mut self, number: usize) -> anyhow::Result<()> {
        let Self { net, hub, folder, _display: display, .. } = self;
        let setup = Setup { camera: "test:clock", address: net.booth, ..Setup::default() };
        let name = format!("Bilik {number}");
        let mut booth = net.inside(|| Booth::start(folder.path(), &name, hub, display, setup))?;
        booth.sees("1 petugas siap")?;
        self.booths.push(booth);
        Ok(())
    }

    /// Everybody comes to where the officer is needed: nobody is asked whether they are still there.
    pub fn serve_all(&mut self) -> anyhow::Result<()> {
        for (index, booth) in self.booths.iter_mut().enumerate() {
            story::consent(booth, &mut |_, _| Ok(()))?;
            self.officer.tile_is_taken(index as u8 + 1)?;
            if let Some(relay) = &self.relay {
                let found = until("the call's far end is known", || {
                    let at = self.officer.page.evaluate("__watch.candidates.at(-1) ?? null")?;
                    Ok(at.as_str().and_then(|at| at.parse::<SocketAddr>().ok()))
                })?;
                relay.towards(found);
            }
            story::fill_in(booth, &mut |_, _| Ok(()))?;
            story::photograph(booth, &mut |_, _| Ok(()))?;
        }
        Ok(())
    }

    pub fn focus(&mut self, slot: u8) -> anyhow::Result<()> {
        self.officer.focus(slot)?;
        seen::shows(&mut self.officer.page, "focus-video", 1280)
    }

    /// A participant goes, and the officer's tile is free again.
    pub fn leave(&mut self, index: usize) -> anyhow::Result<()> {
        let booth = &mut self.booths[index];
        // Who talks with the officer ends the talk, anybody else goes back. On a slow machine the booth has begun to ask
        // whether anybody is there, which leads out as well. What lies on top comes first.
        let ways = ["Hapus dan keluar", "Selesai, hapus data saya", "Akhiri", "Kembali"];
        until("the participant is gone", || {
            let seen = booth.look()?;
            if seen.iter().any(|element| element.label.contains("Selamat datang.")) {
                return Ok(Some(()));
            }
            if let Some(way) = ways.iter().find(|way| seen.iter().any(|element| element.label == **way)) {
                booth.press(way)?;
            }
            Ok(None)
        })?;
        let gone = format!("document.querySelector('[data-testid=tile-{}]')?.tagName !== 'BUTTON'", index + 1);
        self.officer.page.wait_for(&gone)
    }

    /// Notes anew, for so long.
    pub fn watch(&mut self, while_: Duration) -> anyhow::Result<seen::Seen> {
        seen::clear(&mut self.officer.page)?;
        std::thread::sleep(while_);
        seen::read(&mut self.officer.page)
    }

    /// The officer loads the page anew: their cookie holds, and all calls are taken up again.
    pub fn reload(&mut self) -> anyhow::Result<()> {
        self.officer.page.open(&format!("https://{}/", self.hub.console_address))?;
        self.officer.tile_is_taken(1)
    }
}
