//! HTTP: translates between requests and what the rest of the hub says. Decides nothing but who may ask.
//!
//! | Listener | Paths |
//! |---|---|
//! | console | `/`, `/healthz`, `/metrics`, `/ws/console`, `/api/v1/{enrol,login,logout,me,claims…,sessions…,statistics…,fleet…,audit…}` |
//! | booths | `/healthz`, `/ws/booth`, `/api/v1/{parts,claims,reconcile,machine,update,sessions}…` |

mod assets;
mod booth_socket;
mod claims;
mod console_socket;
mod enrol;
mod error;
mod fleet;
mod guard;
mod headers;
mod health;
mod intake;
mod login;
mod machine;
mod photos;
mod reconcile;
mod socket;
mod statistics;
mod trail;
mod upload;

use crate::config::Config;
use crate::intake::OPENING;
use crate::keys::Keys;
use crate::ledger::{Health, Ledger, LedgerError};
use crate::login::sessions::Logins;
use crate::login::throttle::{PerMinute, Throttle};
use crate::metrics::Metrics;
use crate::office::Switchboard;
use crate::picture::Decoder;
use crate::scribe::Scribe;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post, put};
use axum::{Router, routing::MethodRouter};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore};
use tower_http::timeout::TimeoutLayer;

/// Body of a request that has no bound of its own, in bytes.
const MAX_JSON: usize = 64 << 10;
/// For a whole request, but those that bring a part or a photograph: see [`upload`].
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// Enrolments a minute from everybody together.
const ENROLMENTS_PER_MINUTE: u32 = 30;
/// Passwords hashed at a time: each takes 19 MiB and a core.
const HASHING: usize = 2;
/// Parts and photographs received at a time: each is held in memory, up to 8 MiB. Counted from the first byte on.
const UPLOADS: usize = 16;

/// What all requests share.
pub struct Hub {
    pub config: Config,
    pub keys: Keys,
    pub office: Switchboard,
    pub scribe: Scribe,
    pub metrics: Arc<Metrics>,
    pub pictures: Decoder,
    ledger: Arc<dyn Ledger>,
    logins: Mutex<Logins>,
    throttle: Mutex<Throttle>,
    enrolments: Mutex<PerMinute>,
    hashing: Semaphore,
    opening: Semaphore,
    /// The whole audit trail is walked for one at a time.
    verifying: Semaphore,
    uploads: Semaphore,
    machines: machine::Machines,
    /// The office's figures have to be read again.
    changed: Notify,
    booths_port: u16,
}

type Shared = Arc<Hub>;

impl Hub {
    pub fn new(
        config: Config,
        keys: Keys,
        ledger: Arc<dyn Ledger>,
        office: Switchboard,
        scribe: Scribe,
        metrics: Arc<Metrics>,
        booths_port: u16,
    ) -> Self {
        Self {
            config,
            keys,
            office,
            scribe,
            metrics,
            pictures: Decoder::default(),
            ledger,
            logins: Mutex::default(),
            throttle: Mutex::default(),
            enrolments: Mutex::new(PerMinute::new(ENROLMENTS_PER_MINUTE, Instant::now())),
            hashing: Semaphore::new(HASHING),
            opening: Semaphore::new(OPENING),
            verifying: Semaphore::new(1),
            uploads: Semaphore::new(UPLOADS),
            machines: machine::Machines::default(),
            changed: Notify::new(),
            booths_port,
        }
    }

    /// Says that counts, booths or accounts have changed. Returns at once; however often it is said, the ledger is asked
    /// once for all.
    pub fn tell_office(&self) {
        self.changed.notify_one();
    }

    /// Where [`Hub::tell_office`] says so.
    pub fn changed(&self) -> &Notify {
        &self.changed
    }

    pub fn health(&self) -> Health {
        self.ledger.health()
    }

    /// Runs ledger work where it may block.
    pub async fn blocking<T, E>(&self, work: impl FnOnce(&dyn Ledger) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<LedgerError> + Send + 'static,
    {
        let ledger = Arc::clone(&self.ledger);
        match tokio::task::spawn_blocking(move || work(ledger.as_ref())).await {
            Ok(result) => result,
            // The work panicked, or the runtime stops: either way it did not happen.
            Err(_) => Err(E::from(LedgerError::Failed)),
        }
    }
}

/// Everything for browsers, and enrolment.
pub fn console_router(hub: Shared) -> Router {
    let api = Router::new()
        .route("/enrol", post(enrol::enrol))
        .route("/login", post(login::login))
        .route("/logout", post(login::logout))
        .route("/me", get(login::me))
        .route("/claims", get(claims::list))
        .route("/claims/{claim}", get(claims::open))
        .route("/claims/{claim}/parts/{name}", get(claims::part))
        .route("/claims/{claim}/decision", post(claims::decide))
        .route("/claims/{claim}/reopen", post(claims::reopen))
        .route("/statistics", get(statistics::day))
        .route("/statistics/export", get(statistics::export))
        .route("/sessions/{session}/documents/{kind}/{photo}", get(photos::get))
        .route("/fleet", get(fleet::list))
        .route("/fleet/codes", post(fleet::make_code))
        .route("/fleet/codes/{id}/revoke", post(fleet::revoke_code))
        .route("/fleet/booths/{booth}/revoke", post(fleet::revoke_booth))
        .route("/audit", get(trail::read))
        .route("/audit/names", get(trail::names))
        .route("/audit/verify", post(trail::verify));
    let router = Router::new()
        .nest("/api/v1", api)
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
        .fallback(assets::serve)
        .layer(timeout())
        .route("/ws/console", get(console_socket::open));
    finish(router, hub)
}

/// Everything for enrolled booths.
pub fn booths_router(hub: Shared) -> Router {
    // Large bodies over slow lines: bounded by their own rules, not by the time of a whole request.
    let parts: MethodRouter<Shared> = put(intake::part).layer(DefaultBodyLimit::disable());
    let photos: MethodRouter<Shared> = put(photos::put).head(photos::head).layer(DefaultBodyLimit::disable());
    let bulk = Router::new()
        .route("/parts/{digest}", parts)
        .route("/sessions/{session}/documents/{kind}/{photo}", photos)
        .route("/update/{digest}", get(machine::update));
    let router = Router::new()
        .route("/api/v1/claims", post(intake::claim))
        .route("/api/v1/reconcile", post(reconcile::reconcile))
        .route("/api/v1/machine", post(machine::machine))
        .route("/healthz", get(health::healthz))
        .fallback(error::not_found)
        .layer(timeout())
        .nest("/api/v1", bulk)
        .route("/ws/booth", get(booth_socket::open));
    finish(router, hub)
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT)
}

fn finish(router: Router<Shared>, hub: Shared) -> Router {
    router
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_JSON))
        .layer(middleware::from_fn(headers::secure))
        .with_state(hub)
}
