//! `/ws/console`.

use super::Shared;
use super::error::ApiError;
use super::guard::{Serving, check_origin};
use super::socket::{Frames, MAX_MALFORMED, Next, bounded, farewell, first_frame, pump, send};
use crate::listener::Peer;
use crate::metrics::Counter;
use crate::office::{CloseReason, Connection, OfficerCard};
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use bilik_claim::ids::{Digest, OfficerId};
use bilik_claim::wire::{ConsoleToHub, HubToConsole, PROTOCOL, Refusal, decode, encode};

pub async fn open(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    // A browser sends the cookie to whoever asks; only our own page may.
    check_origin(&headers)?;
    let card = OfficerCard {
        officer: officer.row.officer,
        name: officer.row.name,
        role: officer.row.role,
        languages: officer.row.languages,
        login: officer.cookie,
    };
    Ok(bounded(upgrade).on_upgrade(move |socket| async move {
        serve(hub, card, officer.cookie, socket).await;
        drop(peer);
    }))
}

async fn serve(hub: Shared, card: OfficerCard, cookie: Digest, mut socket: WebSocket) {
    let id = card.officer;
    let hello = first_frame(&mut socket).await.and_then(|text| decode::<ConsoleToHub>(&text).ok());
    let Some(ConsoleToHub::Hello { protocol: PROTOCOL }) = hello else {
        let refused = encode(&HubToConsole::Refused { reason: Refusal::Protocol });
        send(&mut socket, Message::Text(refused.into())).await;
        return farewell(socket, CloseReason::Protocol).await;
    };
    let (connection, outbox) = hub.office.console_up(card).await;
    tracing::info!(officer = %id, connection = connection.0, "console is open");
    let mut frames = ConsoleFrames { hub: hub.clone(), officer: id, cookie, connection, malformed: 0 };
    let heard = pump(socket, outbox, &mut frames, &hub.metrics).await;
    hub.office.lost(connection, heard).await;
}

struct ConsoleFrames {
    hub: Shared,
    officer: OfficerId,
    cookie: Digest,
    connection: Connection,
    malformed: u32,
}

impl Frames for ConsoleFrames {
    async fn frame(&mut self, text: &str) -> Next {
        let message = match decode::<ConsoleToHub>(text) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(officer = %self.officer, %error, "frame refused");
                self.refuse(Refusal::Malformed).await;
                self.malformed += 1;
                let enough = self.malformed >= MAX_MALFORMED;
                return if enough { Next::Close(CloseReason::Malformed) } else { Next::Continue };
            }
        };
        // What the page does by itself does not keep the login alive; what the officer does, does.
        let logged_in = match message {
            ConsoleToHub::Ping
            | ConsoleToHub::Hello { .. }
            | ConsoleToHub::Signal { .. }
            | ConsoleToHub::CallFailed { .. } => self.hub.is_logged_in(self.cookie),
            ConsoleToHub::Capacity { .. }
            | ConsoleToHub::EndShift { .. }
            | ConsoleToHub::Focus { .. }
            | ConsoleToHub::Hold { .. }
            | ConsoleToHub::Check { .. }
            | ConsoleToHub::Message { .. }
            | ConsoleToHub::Decide { .. }
            | ConsoleToHub::Transfer { .. }
            | ConsoleToHub::Ask { .. }
            | ConsoleToHub::CloseQuestion { .. }
            | ConsoleToHub::Answer { .. }
            | ConsoleToHub::Watch { .. }
            | ConsoleToHub::CloseBooth { .. }
            | ConsoleToHub::EndSession { .. } => self.hub.touch(self.cookie).is_some(),
        };
        if !logged_in {
            return Next::Close(CloseReason::LoggedOut);
        }
        self.hub.office.console_said(self.officer, self.connection, message).await;
        Next::Continue
    }

    async fn too_fast(&mut self) {
        self.refuse(Refusal::TooFast).await;
    }

    fn may_stay(&self) -> bool {
        self.hub.is_logged_in(self.cookie)
    }
}

impl ConsoleFrames {
    async fn refuse(&self, reason: Refusal) {
        self.hub.metrics.count(Counter::FramesRefused);
        self.hub.office.refuse(self.connection, reason).await;
    }
}
