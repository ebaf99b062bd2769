//! Accepts TCP connections, does the TLS handshake, serves HTTP/1.1 on each: with a bound on how many there are and on
//! how long each step may take, so that a client that connects and says nothing costs a place for seconds only.

use crate::authority::booth_of;
use axum::{Extension, Router};
use bilik_claim::ids::BoothId;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// For the head of each request; also how long a connection may idle between two.
const HEADER_TIMEOUT: Duration = Duration::from_secs(20);
/// Head of a request, in bytes; a browser's is about 2 KB.
const MAX_HEAD: usize = 32 << 10;
/// After an error of `accept` (out of file descriptors), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a stopping listener waits for requests under way.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The other end of a connection. Whoever holds it keeps the connection's place, also after an upgrade.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: SocketAddr,
    /// From the client certificate, if the listener asks for one.
    pub booth: Option<BoothId>,
    _place: Arc<OwnedSemaphorePermit>,
}

/// Serves until `stop` turns true, then waits a little for what is under way.
pub async fn serve(
    listener: TcpListener,
    tls: ServerConfig,
    router: Router,
    max_connections: usize,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = stopped(&mut stop) => break,
        };
        let Some((stream, address, place)) = accepted else { continue };
        tokio::spawn(connection(stream, address, place, acceptor.clone(), router.clone(), stop.clone()));
    }
    drop(listener);
    let all = u32::try_from(max_connections).unwrap_or(u32::MAX);
    // When time is up, the process ends with what is left.
    let _ = tokio::time::timeout(STOP_TIMEOUT, places.acquire_many(all)).await;
}

/// Completes once the hub is told to stop.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the other end is gone: the same as a stop.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, address, place)),
        Err(error) => {
            tracing::warn!(%error, "failed to accept a connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    place: OwnedSemaphorePermit,
    acceptor: TlsAcceptor,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    // Small frames (candidates, checks) are not to wait for more.
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "TLS handshake failed");
            return;
        }
        Err(_) => return,
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let booth = certificate.and_then(|certificate| booth_of(certificate));
    let peer = Peer { address, booth, _place: Arc::new(place) };
    let service = TowerToHyperService::new(router.layer(Extension(peer)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%address, %error, "connection ended with an error");
    }
}
