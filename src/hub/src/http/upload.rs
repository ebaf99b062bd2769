//! Large bodies from booths: a part or a photograph of up to 8 MiB, over a line that calls fill as well.
//!
//! A slow line is no reason to give up, silence is. So a body may take [`WHOLE`] as long as it never pauses for [`SILENCE`].
//! How many are held in memory at a time is bounded ([`super::UPLOADS`]); a body counts from its first chunk on, so a
//! connection that sends nothing keeps nobody out. While it waits for its turn nothing is read from it, and that wait is
//! none of its own silence.

use super::error::ApiError;
use axum::body::{Body, Bytes};
use futures_util::{Stream, StreamExt as _};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// The longest pause within a body.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest time for a whole body: 8 MiB at 56 kbit/s.
const WHOLE: Duration = Duration::from_secs(20 * 60);

/// A whole body, and its place among those that are held in memory.
#[derive(Debug)]
pub struct Upload<'a> {
    pub bytes: Vec<u8>,
    pub _turn: SemaphorePermit<'a>,
}

/// Reads a body, as long as it is no longer than it may be and keeps coming.
pub async fn read(body: Body, max: usize, turns: &Semaphore) -> Result<Upload<'_>, ApiError> {
    timeout(WHOLE, read_on(body.into_data_stream(), max, turns)).await.map_err(|_| ApiError::TooSlow)?
}

async fn read_on<E>(
    mut stream: impl Stream<Item = Result<Bytes, E>> + Unpin,
    max: usize,
    turns: &Semaphore,
) -> Result<Upload<'_>, ApiError> {
    let mut next = async || match timeout(SILENCE, stream.next()).await {
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(_))) => Err(ApiError::Malformed),
        Ok(None) => Ok(None),
        Err(_) => Err(ApiError::TooSlow),
    };
    let mut chunk = next().await?;
    let turn = turns.acquire().await.map_err(|_| ApiError::Internal)?;
    let mut bytes = Vec::new();
    while let Some(more) = chunk {
        if bytes.len() + more.len() > max {
            return Err(ApiError::TooLarge);
        }
        bytes.extend_from_slice(&more);
        chunk = next().await?;
    }
    Ok(Upload { bytes, _turn: turn })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::convert::Infallible;
    use std::time::Duration;

    /// A body whose chunks come after these seconds each.
    fn body(pauses: Vec<u64>, chunk: usize) -> Body {
        Body::from_stream(stream::unfold(pauses.into_iter(), move |mut pauses| async move {
            tokio::time::sleep(Duration::from_secs(pauses.next()?)).await;
            Some((Ok::<_, Infallible>(vec![7; chunk]), pauses))
        }))
    }

    async fn read_len(body: Body) -> Result<usize, String> {
        let turns = Semaphore::new(1);
        read(body, 100, &turns).await.map(|upload| upload.bytes.len()).map_err(|error| format!("{error:?}"))
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_body_and_slowness_does_not() {
        let check = async |pauses: Vec<u64>, expect: Result<usize, &str>| {
            let told = format!("{} pauses", pauses.len());
            assert_eq!(read_len(body(pauses, 2)).await, expect.map_err(str::to_owned), "{told}");
        };
        check(vec![], Ok(0)).await;
        check(vec![29; 40], Ok(80)).await;
        check(vec![31], Err("TooSlow")).await;
        check(vec![1, 1, 31, 1], Err("TooSlow")).await;
        check(vec![29; 42], Err("TooSlow")).await;
        check(vec![1; 51], Err("TooLarge")).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_sends_nothing_keeps_nobody_out() {
        let turns = Semaphore::new(1);
        let silent = read(body(vec![29, 29], 1), 100, &turns);
        let (silent, quick) = tokio::join!(silent, async {
            let quick = read(body(vec![1, 1], 1), 100, &turns).await.unwrap();
            quick.bytes.len()
        });
        assert_eq!((silent.unwrap().bytes.len(), quick), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_turn_is_no_silence() {
        let turns = Semaphore::new(1);
        let held = turns.acquire().await.unwrap();
        let (upload, ()) = tokio::join!(read(body(vec![0, 1], 1), 100, &turns), async {
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(held);
        });
        assert_eq!(upload.unwrap().bytes.len(), 2);
    }
}
