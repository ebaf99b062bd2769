//! What comes from the hub and from the courier.

use super::App;
use super::standing::Standing;
use crate::hub_link::LinkEvent;
use crate::service::Machine;
use crate::updates::News;
use bilik_claim::document::DocumentKind;
use bilik_claim::ids::SessionId;
use bilik_claim::personal::PersonalBytes;
use bilik_claim::session::{CallNews, Event, HubNews};
use bilik_claim::wire::{BoothToHub, CallMode, HubToBooth, Signal};
use bilik_journal::courier::CourierEvent;
use bilik_media::Tier;
use std::time::Duration;
use tracing::{error, warn};

impl App {
    pub(super) fn link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Connected { booth_name, branch_name } => {
                self.presenter.name(&booth_name, &branch_name);
                self.wrong_hub = false;
                self.follow_service();
                self.send(BoothToHub::State { state: self.state.clone() });
                self.feed(Event::Hub(HubNews::Connected));
                self.resend();
                self.tell_courier(true);
                self.upkeep.hub_is_there();
            }
            LinkEvent::Disconnected => {
                self.stop_uploads();
                // Nobody is at the desk now, so nobody may see or hear this booth; the hub starts a new call when it is back.
                self.suspend_call();
                if self.session.visit().is_some() {
                    self.set_tier(Tier::Tile);
                }
                self.feed(Event::Call(CallNews::Ended));
                self.feed(Event::Hub(HubNews::Disconnected));
                self.tell_courier(false);
            }
            LinkEvent::WrongCertificate => {
                if !self.wrong_hub {
                    error!(
                        "the hub's certificate is not from the authority this booth was enrolled with; no connection"
                    );
                }
                self.wrong_hub = true;
                self.follow_service();
            }
            LinkEvent::OutOfDate => self.update_news(News::OutOfDate),
            LinkEvent::Heartbeat => {
                self.state.call = self.call_quality();
                self.send(BoothToHub::State { state: self.state.clone() });
            }
            LinkEvent::Message(message) => self.message(*message),
        }
    }

    /// After a reconnect the hub gets the running session and its photographs anew.
    pub(super) fn resend(&mut self) {
        let (Some(services), Some(visit)) = (&self.services, self.session.visit()) else { return };
        if let Some(snapshot) = self.session.published() {
            services.link.send(BoothToHub::Session { snapshot: Box::new(snapshot.clone()) });
            let session = visit.id;
            let photos: Vec<_> =
                visit.draft.photos.iter().map(|(kind, photo)| (*kind, photo.number, photo.jpeg.clone())).collect();
            for (kind, number, jpeg) in photos {
                self.show_photo(session, kind, number, jpeg, true);
            }
        }
    }

    /// Puts a photograph on the officer's screen, in place of an earlier one of the same document. `again`: it may be there.
    pub(super) fn show_photo(
        &mut self,
        session: SessionId,
        kind: DocumentKind,
        photo: u32,
        jpeg: PersonalBytes,
        again: bool,
    ) {
        if let Some(services) = &self.services {
            let upload = services.http.show_photo(session, kind, photo, jpeg, again);
            if let Some(earlier) = self.uploads.insert(kind, upload) {
                earlier.abort();
            }
        }
    }

    pub(super) fn stop_uploads(&mut self) {
        for (_, upload) in std::mem::take(&mut self.uploads) {
            upload.abort();
        }
    }

    pub(super) fn message(&mut self, message: HubToBooth) {
        let wait = |seconds| Duration::from_secs(u64::from(seconds));
        let news = match message {
            HubToBooth::Welcome { .. } => return,
            HubToBooth::Office { officers_ready, expected_wait_s } => {
                HubNews::Office { officers_ready, expected_wait: wait(expected_wait_s) }
            }
            HubToBooth::Assignment { session, assignment } => HubNews::Assignment { session, assignment },
            HubToBooth::Call { session, call } => {
                if self.session.visit().is_some_and(|visit| visit.id == session) {
                    self.call = Some(call);
                    self.interrupted = None;
                    self.with_media(|media| media.start_call(bilik_media::CallId(u64::from(call.0))));
                }
                return;
            }
            HubToBooth::Attention { session, mode, place, expected_wait_s } => {
                if self.session.visit().is_some_and(|visit| visit.id == session) {
                    self.set_tier(match mode {
                        CallMode::Focus => Tier::Focus,
                        CallMode::Tile => Tier::Tile,
                        CallMode::Hold => Tier::Hold,
                    });
                }
                HubNews::Attention { session, mode, place, expected_wait: wait(expected_wait_s) }
            }
            HubToBooth::Signal { call, signal } => {
                if self.call == Some(call) {
                    let media_call = bilik_media::CallId(u64::from(call.0));
                    self.with_media(|media| match signal {
                        Signal::Answer { sdp } => media.accept_answer(media_call, &sdp),
                        Signal::Candidate { candidate } => media.add_candidate(media_call, &candidate),
                        Signal::Offer { .. } => warn!("offer from the console ignored: the booth offers"),
                    });
                }
                return;
            }
            HubToBooth::EndCall { call } => {
                if self.call == Some(call) {
                    self.suspend_call();
                    self.feed(Event::Call(CallNews::Ended));
                }
                return;
            }
            HubToBooth::Check { session, item, verdict, seen } => HubNews::Check { session, item, verdict, seen },
            HubToBooth::Message { session, text } => HubNews::Message { session, text },
            HubToBooth::Decision { session, decision } => HubNews::Decision { session, decision },
            HubToBooth::Watched { session, watched } => HubNews::Watched { session, watched },
            HubToBooth::Closed { why } => {
                self.state.closed = why;
                self.follow_service();
                // Also where nothing follows from it: the hub counts on the booth's memory.
                self.send(BoothToHub::State { state: self.state.clone() });
                return;
            }
            HubToBooth::EndSession { session } => HubNews::EndSession { session },
        };
        self.feed(Event::Hub(news));
    }

    pub(super) fn courier(&mut self, event: CourierEvent) {
        match event {
            CourierEvent::Kept { claim, tracking } => self.feed(Event::Kept { claim, tracking }),
            CourierEvent::KeepFailed { claim } => self.feed(Event::KeepFailed { claim }),
            CourierEvent::Confirmed { claim } => self.feed(Event::Confirmed { claim }),
            CourierEvent::Queue { queued, refused } => {
                (self.state.queued, self.state.refused) = (queued, refused);
                self.send(BoothToHub::State { state: self.state.clone() });
            }
            CourierEvent::Damaged { taken_over, missing } => {
                error!(taken_over, missing, "queue was damaged; see bilik-booth queue list");
                let missing = u32::try_from(missing).unwrap_or(u32::MAX);
                self.state.lost = self.state.lost.saturating_add(missing);
                self.send(BoothToHub::State { state: self.state.clone() });
            }
            // The next heartbeat carries it.
            CourierEvent::Audited(head) => self.state.audit = Some(head),
            CourierEvent::Ready(ready) => {
                self.queue = Some(ready);
                self.follow_service();
            }
        }
    }

    /// Says whether anybody can be served, and if not, why.
    pub(super) fn follow_service(&mut self) {
        let standing = Standing {
            enrolled: self.enrolled,
            machine_unknown: *self.care.service.machine() == Machine::Unknown,
            queue: self.queue,
            on_trial: self.is_on_trial(),
            wrong_hub: self.wrong_hub,
            closed: self.state.closed,
        };
        let reason = standing.out_of_service();
        let told = reason.map(|reason| reason.to_string());
        if self.state.out_of_service != told {
            self.state.out_of_service = told;
            self.send(BoothToHub::State { state: self.state.clone() });
        }
        self.feed(Event::OutOfService(reason));
    }

    pub(super) fn tell_courier(&self, reachable: bool) {
        if let Some(services) = &self.services {
            services.courier.hub_reachable(reachable);
        }
    }
}
