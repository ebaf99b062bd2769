//! What the booth's courier wants done, and what it hears.

use super::super::disks::left;
use super::super::network::{Ask, Letter, PATIENCE, Reply};
use super::super::scheduler::{Happening, Scene};
use super::Booth;
use bilik_claim::ids::ClaimId;
use bilik_claim::session::Event;
use bilik_journal::courier::{CourierEvent, Input, Moment, Output};

impl Booth {
    /// Something for the courier.
    pub fn carry(&mut self, input: Input, scene: &mut Scene) -> Result<(), String> {
        let moment = Moment { instant: scene.instant(), wall: self.wall(scene) };
        let Some(running) = &mut self.running else { return Ok(()) };
        if self.doomed.is_some() {
            self.disk.note_cuts();
        }
        let asked = if let Input::Keep(claim) = &input { Some(claim.record.claim) } else { None };
        let dice = &mut scene.dice;
        let mut random = || (dice.next() >> 11) as f64 / (1u64 << 53) as f64;
        let outputs = running.courier.handle(input, moment, &mut random);
        self.disk.set_full(self.disk.is_full());
        if let Some(crash) = self.doomed {
            // Before one of the syncs that it took, or before it could say anything.
            let mut cuts = self.disk.cuts();
            cuts.push(self.disk.now());
            let place = scene.dice.below(cuts.len());
            scene.tell(format_args!("booth {} is cut at {place} of {}", self.number, cuts.len()));
            self.stop(left(cuts.swap_remove(place), crash), crash, scene);
            return Ok(());
        }
        let due = running.courier.deadline().map(|deadline| scene.time_of(deadline));
        if let Some(due) = due.filter(|due| running.courier_due.is_none_or(|known| known > *due || known <= scene.now))
        {
            running.courier_due = Some(due);
            scene.at(due, Happening::CourierDue { booth: self.number, life: self.life });
        }
        let told = |output: &Output, id: ClaimId| match output {
            Output::Told(CourierEvent::Kept { claim, .. } | CourierEvent::KeepFailed { claim }) => *claim == id,
            Output::Put { .. }
            | Output::Commit { .. }
            | Output::Reconcile { .. }
            | Output::Told(
                CourierEvent::Confirmed { .. }
                | CourierEvent::Queue { .. }
                | CourierEvent::Audited(_)
                | CourierEvent::Damaged { .. }
                | CourierEvent::Ready(_),
            ) => false,
        };
        if let Some(id) = asked
            && outputs.iter().filter(|output| told(output, id)).count() != 1
        {
            return Err(format!("to {id} the answers are {outputs:?}"));
        }
        outputs.into_iter().try_for_each(|output| self.carried(output, scene))
    }

    fn carried(&mut self, output: Output, scene: &mut Scene) -> Result<(), String> {
        match output {
            Output::Put { request, claim, digest, sealed } => {
                self.ask(request, Some(claim), Ask::Part { digest, sealed }, scene);
            }
            Output::Commit { request, claim, manifest } => {
                let json = serde_json::to_string(&manifest).map_err(|error| error.to_string())?;
                self.ask(request, Some(claim), Ask::Commit { json }, scene);
            }
            Output::Reconcile { request, note } => {
                let json = serde_json::to_string(&note).map_err(|error| error.to_string())?;
                self.ask(request, None, Ask::Reconcile { json }, scene);
            }
            Output::Told(CourierEvent::Kept { claim, tracking }) => {
                self.told(claim);
                scene.tell(format_args!("booth {} keeps {claim}", self.number));
                scene.count.kept += 1;
                scene.promises.kept(claim)?;
                self.feed(Event::Kept { claim, tracking }, scene)?;
            }
            Output::Told(CourierEvent::KeepFailed { claim }) => {
                self.told(claim);
                scene.tell(format_args!("booth {} does not keep {claim}", self.number));
                scene.count.not_kept += 1;
                self.feed(Event::KeepFailed { claim }, scene)?;
            }
            Output::Told(CourierEvent::Confirmed { claim }) => {
                scene.tell(format_args!("booth {} erases {claim}", self.number));
                scene.promises.confirmed(claim)?;
                self.feed(Event::Confirmed { claim }, scene)?;
            }
            Output::Told(CourierEvent::Audited(_)) => {}
            Output::Told(CourierEvent::Queue { queued, refused }) => {
                if refused > 0 {
                    return Err(format!("booth {}: {refused} claims are refused", self.number));
                }
                if let Some(running) = &mut self.running {
                    running.queued = queued;
                }
            }
            Output::Told(CourierEvent::Damaged { taken_over, missing }) => {
                return Err(format!("damaged: {taken_over} taken over, {missing} missing"));
            }
            Output::Told(CourierEvent::Ready(ready)) => {
                scene.tell(format_args!("booth {} is ready: {ready:?}", self.number));
                if let Some(running) = &mut self.running {
                    running.ready = Some(ready);
                }
                self.follow_service(scene)?;
            }
        }
        Ok(())
    }

    fn told(&mut self, claim: ClaimId) {
        if let Some(running) = &mut self.running {
            running.keeping = running.keeping.filter(|keeping| *keeping != claim);
        }
    }

    fn ask(&mut self, request: u64, claim: Option<ClaimId>, content: Ask, scene: &mut Scene) {
        let (booth, life) = (self.number, self.life);
        if let Some(running) = &mut self.running {
            running.asked.insert(request, claim);
        }
        Letter { booth, life, request, claim, content }.send(scene, Happening::Request);
        scene.after(PATIENCE, Happening::Timeout { booth, life, request });
    }

    /// An answer arrives, perhaps for an earlier life, perhaps not for the first time.
    pub fn answered(&mut self, letter: Letter<Reply>, scene: &mut Scene) -> Result<(), String> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let expected = letter.life == self.life && running.asked.remove(&letter.request).is_some();
        scene.count.late += u64::from(!expected);
        let Letter { request, claim, content, .. } = letter;
        self.carry(heard(request, claim, content), scene)
    }

    /// A request has heard nothing for too long.
    pub fn timeout(&mut self, request: u64, scene: &mut Scene) -> Result<(), String> {
        let Some(claim) = self.running.as_mut().and_then(|running| running.asked.remove(&request)) else {
            return Ok(());
        };
        self.carry(heard(request, claim, Reply::NoConnection), scene)
    }

    pub fn courier_due(&mut self, scene: &mut Scene) -> Result<(), String> {
        let due = self.running.as_ref().is_some_and(|running| running.courier_due == Some(scene.now));
        if due { self.carry(Input::Tick, scene) } else { Ok(()) }
    }
}

/// As the booth's program reports it: answers about receipts are about no claim in particular.
fn heard(request: u64, claim: Option<ClaimId>, reply: Reply) -> Input {
    let answer = reply.read();
    match claim {
        Some(claim) => Input::Answered { request, claim, answer },
        None => Input::Reconciled { request, answer },
    }
}
