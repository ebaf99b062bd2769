//! A booth on a simulated disk: the production courier, and the hub that answers it when a test says so. After each step it
//! has the places where power could have been cut, each with what had been promised by then.

use crate::files::disk_of;
use crate::hub::{AT, specimen};
use crate::mount::Mounted;
use crate::promises::{Promises, courier};
use crate::sim::{Dice, Plan, Sim, lock};
use bilik_claim::filing::CommitAnswer;
use bilik_claim::ids::ClaimId;
use bilik_journal::courier::{Answer, Courier, CourierEvent, Input, LOOK, Moment, Output};
use bilik_journal::outbox::MAX_RETRY;
use std::time::{Duration, Instant};

/// What a booth does, and what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Somebody signs a claim.
    Keep,
    /// The hub gets a claim; its receipt is under way.
    Deliver,
    /// The receipt arrives. If none is under way, an answer is lost and asked for again.
    Erase,
    /// The last receipt arrives once more.
    Again,
    /// The program ends properly and starts again.
    Restart,
    /// The hub asks to hold claims after their receipt.
    Hold,
    /// The hub has all in a backup: nothing need be held any more.
    BackUp,
    /// The hub comes back without what the booth holds.
    Restore,
}

/// A place where power could be cut.
#[derive(Clone)]
pub struct Cut {
    pub disk: Sim,
    pub promises: Promises,
}

pub struct Booth {
    pub mounted: Mounted,
    /// None only while one takes the place of another.
    courier: Option<Courier>,
    pub promises: Promises,
    pub cuts: Vec<Cut>,
    /// What went wrong while it worked.
    pub problem: Option<String>,
    /// A request that the hub has not answered.
    request: Option<Output>,
    receipt: Option<(u64, ClaimId, CommitAnswer)>,
    now: Instant,
    next: u128,
    /// A claim that was not kept: whoever signed it tries again.
    again: Option<u128>,
    dice: Dice,
}

impl Booth {
    /// Starts on a disk with what was promised before.
    pub fn start(disk: Sim, promises: Promises, next: u128, seed: u64) -> Self {
        let mounted = Mounted::new(disk);
        lock(&mounted.sim).cuts = Some(Vec::new());
        let mut booth = Self {
            courier: Some(courier(&disk_of(&mounted), &mounted.directory)),
            mounted,
            promises,
            cuts: Vec::new(),
            problem: None,
            request: None,
            receipt: None,
            now: Instant::now(),
            next,
            again: None,
            dice: Dice::new(seed),
        };
        booth.handle(Input::Tick);
        booth
    }

    pub fn plan(&self, plan: Option<Plan>) {
        lock(&self.mounted.sim).plan = plan;
    }

    pub fn points(&self) -> u64 {
        lock(&self.mounted.sim).points
    }

    /// The number that the next claim is made of.
    pub fn next(&self) -> u128 {
        self.next
    }

    pub fn act(&mut self, act: Act) {
        match act {
            Act::Keep => self.keep(),
            Act::Deliver => self.deliver(),
            Act::Erase => match self.receipt.take() {
                Some((request, claim, answer)) => self.answer(request, claim, Answer::Commit(answer)),
                None => self.lose_an_answer(),
            },
            Act::Again => {
                if let Some((request, claim, answer)) = self.receipt.clone() {
                    self.answer(request, claim, Answer::Commit(answer));
                }
            }
            Act::Hold => {
                self.promises.hub.hold = true;
                self.reconcile();
            }
            Act::BackUp => {
                self.promises.hub.back_up();
                self.reconcile();
                self.wait();
            }
            Act::Restore => {
                self.reconcile();
                self.promises.hub.restore();
                self.reconcile();
            }
            Act::Restart => {
                self.courier = None;
                self.note_cuts();
                (self.request, self.receipt) = (None, None);
                self.courier = Some(courier(&disk_of(&self.mounted), &self.mounted.directory));
                self.handle(Input::Tick);
            }
        }
    }

    /// Long enough for whatever waits.
    pub fn wait(&mut self) {
        self.now += LOOK + MAX_RETRY;
        self.handle(Input::Tick);
    }

    fn keep(&mut self) {
        let number = self.again.take().unwrap_or_else(|| {
            self.promises.unsaid += 1;
            self.next += 1;
            self.next - 1
        });
        let claim = specimen(number);
        let id = claim.record.claim;
        let told = self.handle(Input::Keep(Box::new(claim)));
        if told != [id] {
            self.problem = Some(format!("to {id} the answers are {told:?}"));
        }
        self.again = (!self.promises.kept.contains(&id)).then_some(number);
    }

    fn deliver(&mut self) {
        if self.request.is_none() {
            self.handle(Input::Hub(true));
        }
        while let Some(request) = self.request.take() {
            match request {
                Output::Put { request, claim, digest, sealed } => {
                    self.promises.hub.put(digest, &sealed);
                    self.answer(request, claim, Answer::PartAccepted(digest));
                }
                Output::Commit { request, claim, manifest } => match self.promises.hub.commit(&manifest) {
                    answer @ CommitAnswer::Received { .. } => self.receipt = Some((request, claim, answer)),
                    answer @ (CommitAnswer::Missing { .. } | CommitAnswer::Refused { .. }) => {
                        self.answer(request, claim, Answer::Commit(answer));
                    }
                },
                Output::Reconcile { request, note } => {
                    let answer = Answer::Reconciled(Box::new(self.promises.hub.reconcile(&note)));
                    self.handle(Input::Reconciled { request, answer });
                }
                Output::Told(_) => {}
            }
        }
    }

    /// The link comes up anew; the request under way is lost with the old one.
    fn reconcile(&mut self) {
        self.handle(Input::Hub(true));
        self.lose_the_request();
        while let Some(Output::Reconcile { request, note }) =
            self.request.take_if(|r| matches!(r, Output::Reconcile { .. }))
        {
            let answer = Answer::Reconciled(Box::new(self.promises.hub.reconcile(&note)));
            self.handle(Input::Reconciled { request, answer });
        }
    }

    fn lose_the_request(&mut self) {
        self.receipt = None;
        if let Some(Output::Put { request, claim, .. } | Output::Commit { request, claim, .. }) =
            self.request.take_if(|r| !matches!(r, Output::Reconcile { .. }))
        {
            self.answer(request, claim, Answer::Unreachable("lost".into()));
        }
    }

    fn lose_an_answer(&mut self) {
        self.lose_the_request();
        self.wait();
    }

    fn answer(&mut self, request: u64, claim: ClaimId, answer: Answer) {
        self.handle(Input::Answered { request, claim, answer });
    }

    /// Gives out the claims of which it was said whether they are kept.
    fn handle(&mut self, input: Input) -> Vec<ClaimId> {
        self.now += Duration::from_millis(1);
        let now = Moment { instant: self.now, wall: AT };
        let dice = &mut self.dice;
        let mut random = || (dice.next() >> 11) as f64 / (1u64 << 53) as f64;
        let Some(courier) = &mut self.courier else { return Vec::new() };
        let outputs = courier.handle(input, now, &mut random);
        self.note_cuts();
        let mut told = Vec::new();
        for output in outputs {
            match output {
                Output::Put { .. } | Output::Commit { .. } | Output::Reconcile { .. } => self.request = Some(output),
                Output::Told(CourierEvent::Kept { claim, .. }) => {
                    told.push(claim);
                    self.promises.unsaid -= 1;
                    self.promises.kept.insert(claim);
                }
                Output::Told(CourierEvent::KeepFailed { claim }) => told.push(claim),
                Output::Told(CourierEvent::Confirmed { claim }) => drop(self.promises.confirmed.insert(claim)),
                Output::Told(CourierEvent::Damaged { taken_over, missing }) => {
                    self.problem = Some(format!("damaged: {taken_over} taken over, {missing} missing"));
                }
                Output::Told(CourierEvent::Queue { .. } | CourierEvent::Audited(_) | CourierEvent::Ready(_)) => {}
            }
        }
        if let Some(disk) = self.changed() {
            self.cuts.push(Cut { disk, promises: self.promises.clone() });
        }
        told
    }

    /// What happened up to here happened under the promises that stand now.
    fn note_cuts(&mut self) {
        let cuts = lock(&self.mounted.sim).cuts.replace(Vec::new()).unwrap_or_default();
        self.cuts.extend(cuts.into_iter().map(|disk| Cut { disk, promises: self.promises.clone() }));
    }

    /// The disk now, if there is anything since the last sync, or promised since.
    fn changed(&self) -> Option<Sim> {
        let mut disk = lock(&self.mounted.sim).clone();
        (disk.cuts, disk.plan) = (None, None);
        let last = self.cuts.last();
        let news = |last: &Cut| last.disk.points != disk.points || last.promises.kept.len() != self.promises.kept.len();
        last.is_none_or(news).then_some(disk)
    }
}
