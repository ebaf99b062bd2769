//! `/ws/booth`.

use super::Shared;
use super::error::ApiError;
use super::guard::Booth;
use super::socket::{Frames, MAX_MALFORMED, Next, bounded, farewell, first_frame, pump};
use crate::ledger::BoothRow;
use crate::listener::Peer;
use crate::metrics::Counter;
use crate::office::{CloseReason, Connection};
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bilik_claim::ids::BoothId;
use bilik_claim::wire::{BoothToHub, PROTOCOL, decode};

pub async fn open(
    State(hub): State<Shared>,
    Booth(booth): Booth,
    Extension(peer): Extension<Peer>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    Ok(bounded(upgrade).on_upgrade(move |socket| async move {
        serve(hub, booth, socket).await;
        drop(peer);
    }))
}

async fn serve(hub: Shared, booth: BoothRow, mut socket: WebSocket) {
    let id = booth.booth;
    let hello = first_frame(&mut socket).await.and_then(|text| decode::<BoothToHub>(&text).ok());
    let Some(BoothToHub::Hello { protocol: PROTOCOL, software }) = hello else {
        tracing::warn!(booth = %id, "a booth speaks another protocol, or none");
        return farewell(socket, CloseReason::Protocol).await;
    };
    let (connection, outbox) = hub.office.booth_up(id, booth.name).await;
    tracing::info!(booth = %id, connection = connection.0, software = %software.escape_debug(), "booth is online");
    let mut frames = BoothFrames { hub: hub.clone(), booth: id, connection, malformed: 0 };
    let heard = pump(socket, outbox, &mut frames, &hub.metrics).await;
    hub.office.lost(connection, heard).await;
}

struct BoothFrames {
    hub: Shared,
    booth: BoothId,
    connection: Connection,
    malformed: u32,
}

impl Frames for BoothFrames {
    async fn frame(&mut self, text: &str) -> Next {
        match decode::<BoothToHub>(text) {
            Ok(message) => {
                self.hub.office.booth_said(self.booth, self.connection, message).await;
                Next::Continue
            }
            Err(error) => {
                tracing::warn!(booth = %self.booth, %error, "frame refused");
                self.hub.metrics.count(Counter::FramesRefused);
                self.malformed += 1;
                if self.malformed >= MAX_MALFORMED { Next::Close(CloseReason::Malformed) } else { Next::Continue }
            }
        }
    }

    async fn too_fast(&mut self) {
        self.hub.metrics.count(Counter::FramesRefused);
    }

    fn may_stay(&self) -> bool {
        // The office is told who is revoked, and closes the connection itself.
        true
    }
}
