//! The hub's updates and its time, carried to and from what decides about them: [`Updates`].

use super::facts::disk_free;
use super::{App, Incoming, Post};
use crate::device::MachineEvent;
use crate::updates::fetch::{self, Fetch};
use crate::updates::{Around, Command, News, Updates};
use bilik_claim::machine::{MachineReport, Offer, Progress};
use bilik_journal::courier::Trouble;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tracing::{debug, info, warn};

/// What keeps the machine's system up to date.
pub(super) struct Upkeep {
    updates: Updates,
    fetch: Option<Fetch>,
    folder: PathBuf,
}

impl Upkeep {
    pub(super) fn new(state_dir: &Path) -> Self {
        Self { updates: Updates::new(Instant::now()), fetch: None, folder: state_dir.join(fetch::FOLDER) }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.updates.deadline(Instant::now())
    }

    pub(super) fn hub_is_there(&mut self) {
        self.updates.hub_is_there(Instant::now());
    }

    pub(super) fn machine(&mut self, event: &MachineEvent) {
        self.updates.machine(event, Instant::now());
    }
}

impl App {
    /// Claims that are not confirmed; none while that is not known. A booth that is not enrolled has none.
    pub(super) fn unsent(&self) -> Option<u32> {
        match self.queue {
            _ if !self.enrolled => Some(0),
            Some(Ok(()) | Err(Trouble::Full)) => Some(self.state.queued),
            Some(Err(Trouble::Failed)) | None => None,
        }
    }

    pub(super) fn update_news(&mut self, news: News) {
        let around = self.around_updates();
        let commands = self.upkeep.updates.hear(news, self.care.service.status(), &around, Instant::now());
        self.carry_updates(commands);
    }

    pub(super) fn keep_up(&mut self) {
        if self.services.is_none() {
            return;
        }
        let around = self.around_updates();
        let software = env!("CARGO_PKG_VERSION");
        let commands = self.upkeep.updates.tick(software, self.care.service.status(), &around, Instant::now());
        self.carry_updates(commands);
    }

    /// What has become of the update that the hub offers.
    pub(super) fn update_progress(&self) -> Progress {
        self.upkeep.updates.progress(self.care.service.status(), &self.around_updates(), Instant::now())
    }

    fn around_updates(&self) -> Around {
        Around {
            session: self.session.visit().is_some(),
            technician: self.care.service.page().is_some() || self.care.service.running().is_some(),
            queued: self.unsent(),
            hour: jiff::Zoned::now().hour(),
        }
    }

    fn carry_updates(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Report(report) => self.report_machine(report),
                Command::Fetch(offer) => self.fetch_update(offer),
                Command::StopFetching => self.upkeep.fetch = None,
                Command::Clear => {
                    self.upkeep.fetch = None;
                    fetch::clear(&self.upkeep.folder);
                }
                Command::Ask(request) => self.care.ask(request),
                Command::AskTime => self.ask_time(),
            }
        }
    }

    fn ask_time(&self) {
        let Some(services) = &self.services else { return };
        let http = services.http.clone();
        services.http.spawn(async move {
            let told = http.time().await;
            if let Err(error) = &told {
                warn!(%error, "the hub's certificate is out of date by this machine's clock, and the hub does not tell the time");
            }
            Post.send(Incoming::Update(News::Time(told.ok())));
        });
    }

    fn report_machine(&self, report: MachineReport) {
        let Some(services) = &self.services else { return };
        let http = services.http.clone();
        services.http.spawn(async move {
            let answer = http.machine(report).await;
            if let Err(error) = &answer {
                // The link says so already, where there is none.
                debug!(%error, "the hub does not hear how the machine is");
            }
            Post.send(Incoming::Update(News::Answered(answer.ok())));
        });
    }

    fn fetch_update(&mut self, offer: Offer) {
        let Some(services) = &self.services else { return };
        info!(version = %offer.version.escape_debug(), digest = %offer.digest, bytes = offer.bytes, "fetches an update");
        let digest = offer.digest;
        let tell = move |bytes| Post.send(Incoming::Update(News::Fetched(digest, bytes)));
        let end = move |end| Post.send(Incoming::Update(News::FetchEnded(digest, end)));
        let folder = self.upkeep.folder.clone();
        self.upkeep.fetch = Some(fetch::start(services.http.clone(), offer, folder, disk_free, tell, end));
    }
}
