//! Between a booth and the hub: what is sent may get lost, come twice, late, or in another order.
//!
//! Requests and answers are in the form in which they travel: sealed bytes, JSON, status codes. A request that hears nothing
//! is given up after [`PATIENCE`]; its answer may come all the same, even when the booth has been started anew since, where a
//! real connection would be gone: the courier must not rest on that.

use super::scheduler::{Happening, Scene};
use crate::sim::Dice;
use bilik_claim::filing::CommitAnswer;
use bilik_claim::ids::{ClaimId, Digest};
use bilik_claim::reconcile::Reconciled;
use bilik_journal::courier::Answer;
use std::time::Duration;

/// How long a booth waits for an answer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How bad the line is, in percent of what is sent.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub lost: usize,
    pub doubled: usize,
    pub slow: usize,
}

/// Something sent, and by which request of which booth.
#[derive(Clone)]
pub struct Letter<T> {
    pub booth: usize,
    pub life: u32,
    pub request: u64,
    /// None where it is about receipts.
    pub claim: Option<ClaimId>,
    pub content: T,
}

#[derive(Clone)]
pub enum Ask {
    Part {
        digest: Digest,
        sealed: Vec<u8>,
    },
    /// A signed manifest.
    Commit {
        json: String,
    },
    /// A [`bilik_claim::reconcile::Reconcile`].
    Reconcile {
        json: String,
    },
}

#[derive(Clone)]
pub enum Reply {
    PartAccepted(Digest),
    /// A [`CommitAnswer`].
    Commit {
        json: String,
    },
    /// A [`Reconciled`].
    Reconciled {
        json: String,
    },
    Status(u16),
    NoConnection,
}

impl Weather {
    pub fn by_chance(dice: &mut Dice) -> Self {
        let mut choose = |from: [usize; 4]| from[dice.below(4)];
        Self { lost: choose([0, 1, 10, 45]), doubled: choose([0, 1, 5, 25]), slow: choose([0, 1, 5, 20]) }
    }
}

impl<T: Clone> Letter<T> {
    pub fn answer<R>(&self, content: R) -> Letter<R> {
        Letter { booth: self.booth, life: self.life, request: self.request, claim: self.claim, content }
    }

    /// Sends it, as the weather is.
    pub fn send(self, scene: &mut Scene, arrive: fn(Self) -> Happening) {
        let Weather { lost, doubled, slow } = scene.weather;
        if scene.dice.percent(lost) {
            scene.count.lost += 1;
            return;
        }
        if scene.dice.percent(doubled) {
            scene.count.doubled += 1;
            let pause = delay(scene, slow.max(20));
            scene.after(pause, arrive(self.clone()));
        }
        let pause = delay(scene, slow);
        scene.after(pause, arrive(self));
    }
}

fn delay(scene: &mut Scene, slow: usize) -> Duration {
    if scene.dice.percent(slow) { scene.pause(1_000, 240_000) } else { scene.pause(1, 300) }
}

impl Reply {
    /// As the booth's client reads it.
    pub fn read(self) -> Answer {
        match self {
            Self::PartAccepted(digest) => Answer::PartAccepted(digest),
            Self::Commit { json } => match serde_json::from_str::<CommitAnswer>(&json) {
                Ok(answer) => Answer::Commit(answer),
                Err(_) => Answer::Failed("answer to a commit is not readable".into()),
            },
            Self::Reconciled { json } => match serde_json::from_str::<Reconciled>(&json) {
                Ok(answer) => Answer::Reconciled(Box::new(answer)),
                Err(_) => Answer::Failed("answer about receipts is not readable".into()),
            },
            Self::Status(status) => Answer::from_status(status),
            Self::NoConnection => Answer::Unreachable("no connection".into()),
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::PartAccepted(_) => "part accepted",
            Self::Commit { json } if json.contains("\"received\"") => "received",
            Self::Commit { json } if json.contains("\"missing\"") => "missing",
            Self::Commit { .. } => "refused",
            Self::Reconciled { .. } => "reconciled",
            Self::Status(_) => "status",
            Self::NoConnection => "no connection",
        }
    }
}
