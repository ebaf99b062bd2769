//! Puts the parts together and runs them until told to stop.

use crate::admin::{self, AdminError};
use crate::clock::{day_start, local_day, wall_now};
use crate::config::Config;
use crate::http::{self, Hub};
use crate::keys::Keys;
use crate::ledger::{Health, Ledger, LedgerError, ORPHAN_MS};
use crate::listener;
use crate::metrics::Metrics;
use crate::office::{self, Office, Settings};
use crate::picture::Decoder;
use crate::scribe;
use crate::tls::{self, TlsError};
use bilik_claim::ids::WallTime;
use rustls::ServerConfig;
use serde::Serialize;
use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, sleep};

/// Where the addresses are written once both listeners are bound, for whoever configured port 0.
pub const ADDRESSES: &str = "addresses.json";
/// How often counts, accounts and booths are read from the ledger: other processes change them too.
const REFRESH: Duration = Duration::from_secs(15);
/// How often at most, however many claims come in: it means counting the whole day.
const REFRESH_AT_MOST: Duration = Duration::from_secs(1);
/// For the last entries of the audit trail, when the hub stops and its disk is full.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How often parts that no claim needs are looked for.
const SWEEP: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Error)]
pub enum ServeError {
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Console(#[from] TlsError),
    #[error("{key}: failed to listen on {address}")]
    Listen { key: &'static str, address: SocketAddr, source: std::io::Error },
    #[error("failed to write {}", path.display())]
    Addresses { path: PathBuf, source: std::io::Error },
    #[error("failed to watch for signals")]
    Signals(#[source] std::io::Error),
    #[error("the office has ended before it was told to")]
    Office,
    #[error("the scribe has ended before it was told to: nothing would be in the audit trail any more")]
    Scribe,
}

/// The content of [`ADDRESSES`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Addresses {
    pub console: SocketAddr,
    pub booths: SocketAddr,
}

/// Completes on SIGTERM or SIGINT.
pub fn termination() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// A hub that has its keys, its ledger and its ports, and answers nobody yet.
pub struct Server {
    config: Config,
    keys: Keys,
    ledger: Arc<dyn Ledger>,
    console: (TcpListener, ServerConfig),
    booths: (TcpListener, ServerConfig),
    addresses: Addresses,
    pictures: Decoder,
}

/// Runs the hub until `shutdown` completes, then stops it in order.
pub async fn serve(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    Server::bind(config).await?.run(shutdown).await
}

impl Server {
    /// Loads, checks and binds everything, and writes [`ADDRESSES`].
    pub async fn bind(config: Config) -> Result<Self, ServeError> {
        let keys = Keys::load(&config, wall_now().0 / 1000).map_err(AdminError::from)?;
        let (console_tls, booths_tls) = (tls::console(&config, &keys)?, tls::booths(&keys)?);
        let ledger: Arc<dyn Ledger> = Arc::new(admin::open(&config)?);
        let (console, console_address) = listen("listen_console", config.listen_console).await?;
        let (booths, booths_address) = listen("listen_booths", config.listen_booths).await?;
        let addresses = Addresses { console: console_address, booths: booths_address };
        write_addresses(&config, &addresses)?;
        let pictures = Decoder::default();
        let (console, booths) = ((console, console_tls), (booths, booths_tls));
        Ok(Self { config, keys, ledger, console, booths, addresses, pictures })
    }

    /// Decodes photographs with this program, where the running one is not `bilik-hub` itself.
    pub fn decoding_with(self, program: PathBuf) -> Self {
        Self { pictures: Decoder::new(program), ..self }
    }

    /// Where the listeners really are.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves until `shutdown` completes, then stops in order.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Self { config, keys, ledger, console, booths, addresses, pictures } = self;
        let (stopper, stop) = watch::channel(false);
        let metrics = Arc::new(Metrics::default());
        let (scribe, mut writer) = scribe::spawn(Arc::clone(&ledger), Arc::clone(&metrics));
        let settings = Settings {
            branch_name: config.branch_name.clone(),
            default_capacity: config.default_capacity,
            utc_offset_hours: config.time_zone.utc_offset_hours(),
        };
        // Calls of this run are numbered from the seconds of its start: above those of every earlier run.
        let first_call = u32::try_from(wall_now().0 / 1000).unwrap_or(0);
        let mut office = Office::new(settings, first_call);
        let reports = ledger.reports().map_err(AdminError::from)?;
        office.remember(reports);
        tell_operator(ledger.as_ref()).map_err(AdminError::from)?;
        let sealer = keys.claims.identities.sealer();
        let (switchboard, mut office) =
            office::spawn(office, scribe.clone(), Arc::clone(&metrics), sealer, stop.clone());
        let most = config.max_connections;
        let booths_port = addresses.booths.port();
        let mut hub = Hub::new(config, keys, ledger, switchboard, scribe.clone(), metrics, booths_port);
        hub.pictures = pictures;
        let hub = Arc::new(hub);
        let keeper = tokio::spawn(keep(Arc::clone(&hub), stop.clone()));
        let for_consoles = http::console_router(Arc::clone(&hub));
        let for_booths = http::booths_router(hub);
        let console = tokio::spawn(listener::serve(console.0, console.1, for_consoles, most, stop.clone()));
        let booths = tokio::spawn(listener::serve(booths.0, booths.1, for_booths, most, stop));
        tracing::info!(console = %addresses.console, booths = %addresses.booths, "hub is up");

        let early = tokio::select! {
            () = shutdown => None,
            _ = &mut office => Some(ServeError::Office),
            _ = &mut writer => Some(ServeError::Scribe),
        };
        tracing::info!("hub stops");
        let _ = stopper.send(true);
        // Each ends by itself; a task that panicked has nothing more to stop.
        if !matches!(early, Some(ServeError::Office)) {
            let _ = office.await;
        }
        let _ = tokio::join!(console, booths, keeper);
        let _ = tokio::time::timeout(LAST_WORDS, scribe.flush()).await;
        early.map_or(Ok(()), Err)
    }
}

/// What has to be known when the hub starts.
fn tell_operator(ledger: &dyn Ledger) -> Result<(), LedgerError> {
    let (missing, backups) = (ledger.count_missing()?, ledger.backups()?);
    if missing > 0 {
        tracing::warn!(missing, "claims that booths have receipts of are missing: `bilik-hub claims --missing`");
    }
    if backups.last_begun.is_some() && !backups.finished {
        tracing::warn!("the last backup was never finished, or this is the backup itself: make a new one");
    }
    Ok(())
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |source| ServeError::Listen { key, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    Ok((listener, real))
}

/// Written beside and renamed, so a reader sees all of it or nothing.
fn write_addresses(config: &Config, addresses: &Addresses) -> Result<(), ServeError> {
    let path = config.state_dir.join(ADDRESSES);
    let new = path.with_extension("new");
    let text = serde_json::to_string(addresses).unwrap_or_default();
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, &path))
        .map_err(|source| ServeError::Addresses { path, source })
}

/// What has to be looked after from time to time.
async fn keep(hub: Arc<Hub>, mut stop: watch::Receiver<bool>) {
    let (mut refresh, mut sweep) = (tokio::time::interval(REFRESH), tokio::time::interval(SWEEP));
    refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut follow = pin!(follow(hub.changed(), || look(&hub)));
    loop {
        tokio::select! {
            () = &mut follow => {}
            _ = refresh.tick() => {
                look(&hub).await;
                if hub.health() == Health::Full
                    && let Err(error) = hub.blocking(|ledger| ledger.look_for_room()).await
                {
                    tracing::warn!(%error, "no room in the ledger yet");
                }
            }
            _ = sweep.tick() => {
                let before = WallTime(wall_now().0 - ORPHAN_MS);
                match hub.blocking(move |ledger| ledger.drop_orphans(before)).await {
                    Ok(parts) => tracing::info!(parts, "dropped parts that no claim needs"),
                    Err(error) => tracing::error!(%error, "failed to drop parts that no claim needs"),
                }
            }
            () = listener::stopped(&mut stop) => return,
        }
    }
}

/// Looks when something has changed: at once, then at most once in [`REFRESH_AT_MOST`], but never for nothing and always
/// after the last change.
async fn follow<F: Future<Output = ()>>(changed: &Notify, mut look: impl FnMut() -> F) {
    loop {
        changed.notified().await;
        look().await;
        sleep(REFRESH_AT_MOST).await;
    }
}

async fn look(hub: &Hub) {
    if let Err(error) = tell_office(hub).await {
        tracing::error!(%error, "failed to read counts and accounts");
    }
}

/// Brings the office up to what the ledger says now.
async fn tell_office(hub: &Hub) -> Result<(), LedgerError> {
    let offset = hub.config.time_zone.utc_offset_hours();
    let today = day_start(local_day(wall_now(), offset), offset);
    let (figures, booths, officers, missing) = hub
        .blocking(move |ledger| {
            Ok((ledger.figures(today)?, ledger.booths()?, ledger.officers()?, ledger.count_missing()?))
        })
        .await?;
    hub.metrics.set_claims_missing(missing);
    hub.office.set_figures(figures).await;
    let booths = booths.into_iter().filter(|booth| booth.revoked).map(|booth| booth.booth).collect();
    let officers = officers.into_iter().filter(|officer| officer.disabled).map(|officer| officer.officer).collect();
    hub.office.shut_out(booths, officers).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test(start_paused = true)]
    async fn a_thousand_claims_are_counted_a_few_times() {
        let (changed, looks) = (Notify::new(), Cell::new(0));
        let check = async |changes: u32, apart: Duration, expect: std::ops::RangeInclusive<u32>| {
            looks.set(0);
            for _ in 0..changes {
                changed.notify_one();
                sleep(apart).await;
            }
            // What came during the last pause is looked at after it.
            sleep(REFRESH_AT_MOST * 2).await;
            assert!(expect.contains(&looks.get()), "{changes}: {} looks", looks.get());
        };
        let checks = async {
            check(0, Duration::ZERO, 0..=0).await;
            check(1, Duration::ZERO, 1..=1).await;
            check(1000, Duration::from_millis(3), 3..=5).await;
            check(3, REFRESH_AT_MOST * 3, 3..=3).await;
        };
        tokio::select! {
            () = checks => {}
            () = follow(&changed, async || looks.set(looks.get() + 1)) => {}
        }
    }
}
