//! The booth's program: the participant's screens, the card reader, the cameras, the queue of claims and the hub.
//!
//! [`run`] is the whole of it; `main.rs` only reads the command line. What decides lives elsewhere, without I/O: the
//! session in `bilik-claim`, delivery in `bilik-journal`. Here events are carried to them and effects from them
//! ([`app`] has the picture).

pub mod app;
pub mod cards;
mod clock;
pub mod config;
mod courier;
pub mod device;
mod durable;
pub mod enrol;
pub mod health;
mod hub_http;
mod hub_link;
mod hub_time;
pub mod identity;
mod keyboard;
pub mod memory;
pub mod presenter;
pub mod queue;
pub mod scan;
pub mod service;
mod tls;
mod touchscreen;
pub mod updates;
mod watchdog;

use anyhow::Context as _;
use app::App;
use bilik_ui::AppWindow;
use config::Config;
use identity::Identity;
use slint::ComponentHandle as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub use courier::chain;

/// Opens the booth and serves until the window is closed or a signal asks to stop.
///
/// `on_window` gets the window before the loop starts: a test drives the booth through it.
///
/// # Errors
///
/// What keeps the booth from starting: the window, the identity, its state directory. Later trouble is logged and shown.
pub fn run(config: &Config, on_window: impl FnOnce(&AppWindow)) -> anyhow::Result<()> {
    memory::protect();
    std::fs::create_dir_all(&config.state_dir)
        .with_context(|| format!("failed to create {}", config.state_dir.display()))?;
    let identity = Identity::load(&config.state_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("failed to start the network's thread")?;
    // From here on a signal is heard, however long the start takes.
    let signals = {
        let _guard = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let window = open_window(config)?;
    App::install(config, identity.as_ref(), &window, runtime.handle())?;
    runtime.spawn(stop_on(signals));
    on_window(&window);
    window.show().context("failed to show the window")?;
    slint::run_event_loop().context("event loop failed")?;
    window.hide().context("failed to hide the window")?;
    App::uninstall();
    // Tasks that still wait for the network have nothing to lose: claims lie in the journal.
    runtime.shutdown_background();
    tracing::info!("stopped");
    Ok(())
}

fn open_window(config: &Config) -> anyhow::Result<AppWindow> {
    let screen = config.screen;
    keyboard::filter().context("failed to open the screen")?;
    let window = AppWindow::new().context("failed to open the window")?;
    window.window().set_size(slint::PhysicalSize::new(screen.width, screen.height));
    window.window().set_fullscreen(screen.fullscreen);
    Ok(window)
}

async fn stop_on((mut terminate, mut interrupt): (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // Fails only when the loop has ended already.
    let _ = slint::invoke_from_event_loop(|| {
        let _ = slint::quit_event_loop();
    });
}
