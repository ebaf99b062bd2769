//! Starts what works beside the loop.

use super::{Incoming, Post, Services};
use crate::config::Config;
use crate::courier::{Courier, CourierConfig};
use crate::hub_http::HubHttp;
use crate::hub_link::HubLink;
use crate::identity::Identity;
use crate::tls::{self, Dates};
use bilik_journal::{JournalConfig, RESERVE};
use bilik_scanner::profile::{Present, Trigger};
use bilik_scanner::{Profile, Reader, ReaderConfig, Watch};
use bilik_ui::Gesture;
use std::sync::Arc;
use tracing::error;

/// The profile of the configured reader.
fn profile(config: &Config) -> Option<Profile> {
    let reader = config.reader.as_ref()?;
    let found = match reader.profiles() {
        Ok(profiles) => profiles.by_name(&reader.profile).cloned(),
        Err(error) => {
            error!(error = %crate::courier::chain(&error), "reader profiles cannot be read");
            return None;
        }
    };
    if found.is_none() {
        // The configuration was checked for this; the folder has changed since.
        error!(profile = reader.profile, "there is no such reader profile any more");
    }
    found
}

/// How a card is shown to the reader.
pub(super) fn gesture(config: &Config) -> Gesture {
    match profile(config).map_or(Present::Lay, |profile| profile.present) {
        Present::Lay => Gesture::Lay,
        Present::Hold => Gesture::Hold,
        Present::Swipe => Gesture::Swipe,
    }
}

/// Whether the reader reads only when the booth tells it to.
pub(super) fn starts_reader(config: &Config) -> bool {
    profile(config).is_some_and(|profile| matches!(profile.trigger, Trigger::Host(_)))
}

/// `watch` sees the line; it is called on the reader's thread.
pub(super) fn reader(config: &Config, watch: impl FnMut(Watch<'_>) + Send + 'static) -> Option<Reader> {
    let profile = profile(config)?;
    let reader = config.reader.as_ref()?;
    let reader = ReaderConfig { port: reader.port.clone(), profile };
    match Reader::spawn_watched(reader, |event| Post.send(Incoming::Reader(event)), watch) {
        Ok(reader) => Some(reader),
        Err(error) => {
            error!(error = %crate::courier::chain(&error), "card reader cannot be started");
            None
        }
    }
}

pub(super) fn services(
    config: &Config,
    identity: &Identity,
    runtime: &tokio::runtime::Handle,
) -> anyhow::Result<Services> {
    let _guard = runtime.enter();
    let tls = tls::enrolled(identity, Dates::Checked)?;
    let undated = tls::enrolled(identity, Dates::Ignored)?;
    let http = HubHttp::new(&identity.hub.booth_address, &tls, undated, runtime.clone())?;
    let receipt_key =
        identity.receipt_key().ok_or_else(|| anyhow::anyhow!("identity has no receipt key; enrol the booth again"))?;
    let journal = JournalConfig {
        recipient: identity.hub.recipient.clone(),
        receipt_key,
        booth: identity.hub.booth,
        manifest_key: identity.manifest_key(),
        reserve: RESERVE,
    };
    let courier = CourierConfig { state_dir: config.state_dir.clone(), journal, http: http.clone() };
    let courier = Courier::start(courier, Arc::new(|event| Post.send(Incoming::Courier(event))))?;
    let link =
        HubLink::start(identity.hub.booth_address.clone(), Arc::new(tls), |event| Post.send(Incoming::Link(event)));
    Ok(Services { link, http, courier })
}
