//! Booths' machines: `POST /api/v1/machine` and `GET /api/v1/update/DIGEST`; see [`bilik_claim::machine`].
//!
//! An update is two hundred megabytes over the lines that calls use. So one booth is served at a time, and at most
//! [`BYTES_PER_SECOND`]; the others hear 503 and come again. A booth itself stops reading when somebody comes to it.

use super::Shared;
use super::error::ApiError;
use super::guard::Booth;
use crate::clock::wall_now;
use crate::ledger::LedgerError;
use crate::update;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bilik_claim::ids::{BoothId, Digest, WallTime};
use bilik_claim::machine::{MachineAnswer, MachineReport};
use bilik_claim::wire;
use futures_util::stream;
use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// For all booths together: 8 Mbit/s, under a tenth of an office's 100 Mbit/s. An update of 210 MiB takes three and a half
/// minutes.
const BYTES_PER_SECOND: usize = 1 << 20;
/// Sent at a time.
const PIECE: usize = 64 << 10;
/// A booth that takes nothing for so long gives its turn away; it goes on later, where it stopped.
const SILENCE: Duration = Duration::from_secs(30);
/// What a booth repeats is written down so often, to tell that it still says so.
const REPEAT_MS: i64 = 10 * 60_000;

/// What the running hub has about machines beside the ledger.
pub struct Machines {
    turn: Arc<Semaphore>,
    /// What each booth told last, and when that was written.
    told: Mutex<BTreeMap<BoothId, (WallTime, MachineReport)>>,
}

impl Default for Machines {
    fn default() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), told: Mutex::default() }
    }
}

impl Machines {
    /// Whether this has to be written.
    fn is_news(&self, booth: BoothId, report: &MachineReport, now: WallTime) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let again = told
            .get(&booth)
            .is_some_and(|(at, before)| before == report && (0..REPEAT_MS).contains(&(now.0.saturating_sub(at.0))));
        if !again {
            told.insert(booth, (now, report.clone()));
        }
        !again
    }

    fn forget(&self, booth: BoothId) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&booth);
    }
}

/// 200, also for a report that this version does not understand: the booth may need the update for that very reason.
pub async fn machine(
    State(hub): State<Shared>,
    Booth(booth): Booth,
    body: Bytes,
) -> Result<Json<MachineAnswer>, ApiError> {
    let (id, now) = (booth.booth, wall_now());
    let report = str::from_utf8(&body).ok().and_then(|text| wire::decode::<MachineReport>(text).ok());
    match report {
        Some(report) if hub.machines.is_news(id, &report, now) => {
            let (version, state) =
                (report.image.as_ref().map(|image| image.version.escape_debug().to_string()), &report.update);
            tracing::info!(booth = %id, version, update = ?state, "a booth's machine");
            let noted = hub.blocking(move |ledger| ledger.note_machine(id, &report, now)).await;
            if let Err::<(), LedgerError>(error) = noted {
                // It is told again; the answer does not depend on it.
                tracing::warn!(booth = %id, %error, "what a booth tells of its machine is not noted");
                hub.machines.forget(id);
            }
        }
        Some(_) => {}
        None => tracing::warn!(booth = %id, "a booth tells something of its machine that this hub does not understand"),
    }
    let shared = Arc::clone(&hub);
    let offer = hub.blocking(move |_| Ok::<_, LedgerError>(update::offered(&shared.config.state_dir))).await?;
    let offer = offer.unwrap_or_else(|error| {
        tracing::error!(%error, "no update is offered");
        None
    });
    // The clock is read last: the booth may set its own by it.
    Ok(Json(MachineAnswer { time: wall_now(), offer }))
}

/// 200 with all of the offered update; 206 with what comes from a byte on (`Range: bytes=N-`); 416 if that is beyond its
/// end; 404 if another update is offered, or none; 503 while another booth is served.
pub async fn update(
    State(hub): State<Shared>,
    Booth(booth): Booth,
    Path(digest): Path<Digest>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shared = Arc::clone(&hub);
    let offer = hub.blocking(move |_| Ok::<_, LedgerError>(update::offered(&shared.config.state_dir))).await?;
    let offer = offer.ok().flatten().filter(|offer| offer.digest == digest).ok_or(ApiError::NotFound)?;
    let from = match headers.get(header::RANGE) {
        Some(range) => Some(range.to_str().ok().and_then(start).ok_or(ApiError::Malformed)?),
        None => None,
    };
    let beyond = [(header::CONTENT_RANGE, format!("bytes */{}", offer.bytes))];
    if from.is_some_and(|from| from >= offer.bytes) {
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, beyond).into_response());
    }
    let wait = Duration::from_secs(60);
    let turn = Arc::clone(&hub.machines.turn).try_acquire_owned().map_err(|_| ApiError::Occupied { wait })?;
    let path = update::path_of(&hub.config.state_dir, digest);
    let first = from.unwrap_or(0);
    let file = match open(&path, first).await {
        Ok(file) => file,
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "an update cannot be read");
            return Err(ApiError::NotFound);
        }
    };
    tracing::info!(booth = %booth.booth, from = first, bytes = offer.bytes, "sends an update");
    let left = offer.bytes - first;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, left.to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
    ];
    let body = body(file, left, turn);
    Ok(match from {
        Some(from) => {
            let range = [(header::CONTENT_RANGE, format!("bytes {from}-{}/{}", offer.bytes - 1, offer.bytes))];
            (StatusCode::PARTIAL_CONTENT, headers, range, body).into_response()
        }
        None => (headers, body).into_response(),
    })
}

async fn open(path: &std::path::Path, from: u64) -> std::io::Result<File> {
    let mut file = File::open(path).await?;
    file.seek(SeekFrom::Start(from)).await?;
    Ok(file)
}

/// `bytes=N-`, the one form that booths use.
fn start(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// Reads in a task of its own, so that the turn ends also for a booth that takes nothing any more. A body that ends too early
/// breaks the connection, and the booth comes again.
fn body(mut file: File, mut left: u64, turn: OwnedSemaphorePermit) -> Body {
    let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(1);
    tokio::spawn(async move {
        let _turn = turn;
        let mut pace = interval(
            Duration::from_secs(1) * u32::try_from(PIECE).unwrap_or(1) / u32::try_from(BYTES_PER_SECOND).unwrap_or(1),
        );
        // What a slow line did not take is not made up for in a burst.
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while left > 0 {
            pace.tick().await;
            let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
            let read = file.read_exact(&mut piece).await;
            left -= piece.len() as u64;
            let ended = read.is_err();
            let piece = read.map(|_| Bytes::from(piece));
            match timeout(SILENCE, sender.send(piece)).await {
                Ok(Ok(())) if !ended => {}
                Ok(Ok(()) | Err(_)) | Err(_) => break,
            }
        }
    });
    Body::from_stream(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;
    use std::io::Write as _;
    use uuid::Uuid;

    #[test]
    fn a_range_is_from_a_byte_to_the_end() {
        let check = |range: &str, expect| assert_eq!(start(range), expect, "{range}");
        check("bytes=0-", Some(0));
        check("bytes=1048576-", Some(1 << 20));
        check("bytes=5-9", None);
        check("bytes=-5", None);
        check("bytes=5-,7-", None);
        check("items=5-", None);
        check("bytes=99999999999999999999-", None);
    }

    #[test]
    fn what_is_repeated_is_written_now_and_then() {
        let machines = Machines::default();
        let booth = BoothId(Uuid::from_u128(1));
        let report = |software: &str| MachineReport { software: software.into(), ..MachineReport::default() };
        let check = |software: &str, at: i64, expect: bool| {
            assert_eq!(machines.is_news(booth, &report(software), WallTime(at)), expect, "{software} at {at}");
        };
        check("1", 1000, true);
        check("1", 61_000, false);
        check("2", 62_000, true);
        check("2", 62_000 + REPEAT_MS - 1, false);
        check("2", 62_000 + REPEAT_MS, true);
        check("2", 5, true);
        machines.forget(booth);
        check("2", 6, true);
    }

    async fn file_of(bytes: usize) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; bytes]).unwrap();
        let mut file = File::from_std(file);
        file.rewind().await.unwrap();
        file
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_come_no_faster_than_calls_allow() {
        let turns = Arc::new(Semaphore::new(1));
        let bytes = 3 * BYTES_PER_SECOND;
        let body = body(file_of(bytes).await, bytes as u64, Arc::clone(&turns).try_acquire_owned().unwrap());
        let began = tokio::time::Instant::now();
        let sent: usize =
            body.into_data_stream().map(|piece| piece.unwrap().len()).collect::<Vec<_>>().await.iter().sum();
        assert_eq!(sent, bytes);
        let took = began.elapsed().as_secs_f32();
        assert!((2.9..3.2).contains(&took), "{took}");
        tokio::task::yield_now().await;
        assert_eq!(turns.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_booth_that_takes_nothing_gives_its_turn_away() {
        let turns = Arc::new(Semaphore::new(1));
        let bytes = 10 * PIECE;
        let body = body(file_of(bytes).await, bytes as u64, Arc::clone(&turns).try_acquire_owned().unwrap());
        let began = tokio::time::Instant::now();
        drop(turns.acquire().await.unwrap());
        assert!((SILENCE..SILENCE * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
        let pieces: Vec<_> = body.into_data_stream().collect().await;
        assert!(pieces.len() < 10, "the rest does not come");
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_shorter_than_promised_breaks_off() {
        let turns = Arc::new(Semaphore::new(1));
        let body = body(file_of(PIECE + 5).await, 3 * PIECE as u64, turns.try_acquire_owned().unwrap());
        let pieces: Vec<_> = body.into_data_stream().collect().await;
        assert_eq!((pieces.len(), pieces.last().is_some_and(Result::is_err)), (2, true));
    }
}
