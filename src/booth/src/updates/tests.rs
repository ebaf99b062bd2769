use super::*;
use crate::service::specimen;
use bilik_claim::ids::WallTime;
use bilik_claim::machine::Ended;
use bilik_device::{Clock, RollbackReason, Slot, Step, Work};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn offer(version: &str, now: bool) -> Offer {
    Offer { version: version.into(), digest: Digest::of(version.as_bytes()), bytes: 1000, now }
}

const IDLE_DAY: Around = Around { session: false, technician: false, queued: Some(0), hour: 10 };
const UPDATE: Request = Request::Update { from: UpdateFrom::Hub };

/// The rule, with a machine and a clock.
struct Booth {
    updates: Updates,
    status: Option<Status>,
    around: Around,
    now: Instant,
    reports: Vec<MachineReport>,
}

impl Booth {
    /// One that has stood idle for an hour and hears of `offer`.
    fn new(offer: Option<Offer>) -> Self {
        let now = Instant::now();
        let updates = Updates::new(now);
        let mut booth = Self { updates, status: Some(specimen::booth()), around: IDLE_DAY, now, reports: Vec::new() };
        assert_eq!(booth.after(3600), []);
        booth.answer(offer);
        booth
    }

    fn answer(&mut self, offer: Option<Offer>) -> Vec<Command> {
        self.hear(News::Answered(Some(MachineAnswer { time: WallTime(1_795_366_800_000), offer })))
    }

    fn hear(&mut self, news: News) -> Vec<Command> {
        self.updates.hear(news, self.status.as_ref(), &self.around, self.now)
    }

    /// What is commanded so many seconds later; reports are put aside, and answered by nobody.
    fn after(&mut self, later: u64) -> Vec<Command> {
        self.now += seconds(later);
        let commands = self.updates.tick("0.2.0", self.status.as_ref(), &self.around, self.now);
        let mut others = Vec::new();
        for command in commands {
            match command {
                Command::Report(report) => self.reports.push(report),
                other @ (Command::Fetch(_)
                | Command::StopFetching
                | Command::Clear
                | Command::Ask(_)
                | Command::AskTime) => {
                    others.push(other);
                }
            }
        }
        others
    }

    fn ended(&mut self, request: Request, end: End) {
        self.updates.machine(&MachineEvent::Ended { request, end }, self.now);
        let status = Box::new(self.status.clone().unwrap());
        self.updates.machine(&MachineEvent::Status(status), self.now);
    }

    /// All of it is here.
    fn receive(&mut self, offer: &Offer) {
        assert_eq!(self.after(0), [Command::Fetch(offer.clone())]);
        self.hear(News::FetchEnded(offer.digest, Ok(())));
    }

    /// As the machine says after an installation.
    fn install(&mut self, version: &str) {
        let other = Slot { name: "b".into(), version: Some(version.into()), running: false, state: SlotState::Trial };
        self.status.as_mut().unwrap().slots[1] = other;
    }

    fn progress(&self) -> Progress {
        self.updates.progress(self.status.as_ref(), &self.around, self.now)
    }
}

#[test]
fn an_update_goes_from_the_offer_to_the_restart() {
    let offer = offer("0.3.0", false);
    let mut booth = Booth::new(Some(offer.clone()));
    assert_eq!(booth.progress(), Progress::Fetching { bytes: 0 });
    assert_eq!(booth.after(0), [Command::Fetch(offer.clone())]);
    assert_eq!(booth.after(1), [], "once");
    booth.hear(News::Fetched(offer.digest, 500));
    assert_eq!(booth.progress(), Progress::Fetching { bytes: 500 });
    booth.hear(News::FetchEnded(offer.digest, Ok(())));
    assert_eq!(booth.progress(), Progress::Received { hindrance: Hindrance::None });
    assert_eq!(booth.after(0), [Command::Ask(UPDATE)]);
    assert_eq!((booth.after(60), booth.progress()), (vec![], Progress::Installing));
    booth.install("0.3.0");
    booth.ended(UPDATE, End::Done);
    assert_eq!(booth.progress(), Progress::Installed { hindrance: Hindrance::Day });
    assert_eq!(booth.after(3600), []);
    booth.around.hour = 20;
    assert_eq!(booth.after(3600), [Command::Ask(Request::Restart)]);
    assert_eq!(booth.after(3600), [], "once");
    booth.ended(Request::Restart, End::Failed { why: Failure::Busy, detail: "busy".into() });
    assert_eq!(booth.after(0), []);
    assert_eq!(booth.after(PAUSE.as_secs()), [Command::Ask(Request::Restart)]);
    // It starts anew, with the new version.
    let status = booth.status.as_mut().unwrap();
    status.version = "0.3.0".into();
    status.last = Some(Outcome::Updated { from: "0.2.0".into(), to: "0.3.0".into() });
    let status = booth.status.clone();
    let mut booth = Booth::new(None);
    booth.status = status;
    booth.answer(Some(offer));
    assert_eq!((booth.after(0), booth.progress()), (vec![Command::Clear], Progress::None));
    assert_eq!(booth.after(3600), [], "nothing is left to clear");
}

#[test]
fn each_hindrance_holds_an_update_back() {
    type Change<'a> = &'a dyn Fn(&mut Booth);
    let check = |name: &str, change: Change<'_>, expect: Hindrance| {
        let offer = offer("0.3.0", true);
        let mut booth = Booth::new(Some(offer.clone()));
        booth.receive(&offer);
        change(&mut booth);
        let install = booth.progress();
        let go = expect == Hindrance::None;
        assert_eq!(install, Progress::Received { hindrance: expect }, "{name}");
        assert_eq!(booth.after(0), if go { vec![Command::Ask(UPDATE)] } else { vec![] }, "{name}");
        // The same of one that is installed and only has to start.
        let mut booth = Booth::new(Some(offer));
        booth.install("0.3.0");
        change(&mut booth);
        assert_eq!(booth.progress(), Progress::Installed { hindrance: expect }, "{name}");
        assert_eq!(booth.after(0), if go { vec![Command::Ask(Request::Restart)] } else { vec![] }, "{name}");
    };
    let session_was = |ago: u64| {
        move |booth: &mut Booth| {
            booth.around.session = true;
            booth.after(1);
            booth.around.session = false;
            booth.after(300);
            booth.now += seconds(ago);
        }
    };
    check("nothing", &|_| {}, Hindrance::None);
    check("somebody", &|booth| booth.around.session = true, Hindrance::Session);
    check("somebody was there", &session_was(0), Hindrance::Session);
    check("somebody was there 10 minutes ago, less a second", &session_was(599), Hindrance::Session);
    check("somebody was there 10 minutes ago", &session_was(600), Hindrance::None);
    check("a claim", &|booth| booth.around.queued = Some(1), Hindrance::ClaimsWait);
    check("an unknown queue", &|booth| booth.around.queued = None, Hindrance::ClaimsWait);
    check("a technician", &|booth| booth.around.technician = true, Hindrance::Machine);
    let work = Work { step: Step::Writing, permille: 5 };
    check("work", &|booth| booth.status.as_mut().unwrap().work = Some(work.clone()), Hindrance::Machine);
    let trial = |booth: &mut Booth| booth.status.as_mut().unwrap().slots[0].state = SlotState::Trial;
    check("a system on trial", &trial, Hindrance::Machine);
}

#[test]
fn booths_restart_at_night_unless_told_otherwise() {
    let check = |hour: i8, now: bool, expect: bool| {
        let mut booth = Booth::new(Some(offer("0.3.0", now)));
        booth.install("0.3.0");
        booth.around.hour = hour;
        assert_eq!(booth.after(0) == [Command::Ask(Request::Restart)], expect, "{hour}, now: {now}");
    };
    for hour in 0..24 {
        check(hour, false, matches!(hour, 20..24 | 0..5));
        check(hour, true, true);
    }
}

#[test]
fn a_participant_takes_the_line() {
    let offer = offer("0.3.0", false);
    let mut booth = Booth::new(Some(offer.clone()));
    booth.around.session = true;
    assert_eq!(booth.after(0), [], "it does not begin");
    booth.around.session = false;
    assert_eq!(booth.after(1), [Command::Fetch(offer.clone())]);
    booth.around.session = true;
    assert_eq!(booth.after(1), [Command::StopFetching]);
    assert_eq!(booth.after(1), []);
    booth.around.session = false;
    assert_eq!(booth.after(1), [Command::Fetch(offer.clone())], "it goes on at once");
    // The word of the one that was stopped comes late.
    booth.hear(News::FetchEnded(offer.digest, Err(Fault::Stopped)));
    assert_eq!(booth.after(60), []);
}

#[test]
fn what_goes_wrong_is_tried_again_in_time() {
    let check = |fault: Fault, pause: u64, told: bool| {
        let offer = offer("0.3.0", false);
        let mut booth = Booth::new(Some(offer.clone()));
        booth.after(0);
        booth.hear(News::FetchEnded(offer.digest, Err(fault.clone())));
        assert_eq!(matches!(booth.progress(), Progress::Refused { .. }), told, "{fault}");
        assert_eq!(booth.after(pause - 1), [], "{fault}");
        assert!(booth.updates.deadline(booth.now).is_some_and(|at| at <= booth.now + seconds(1)), "{fault}");
        assert_eq!(booth.after(1), [Command::Fetch(offer)], "{fault}");
    };
    check(Fault::Line("cut".into()), 30, false);
    check(Fault::Occupied, 30, false);
    check(Fault::NoRoom { needed: 2000, free: 5 }, 600, true);
    check(Fault::WrongDigest, 600, true);
    check(Fault::Disk("read only".into()), 600, true);
    check(Fault::Refused(404), 600, true);
}

#[test]
fn what_the_machine_refuses_for_good_is_not_tried_again() {
    let check = |end: End, again: Option<u64>| {
        let offer = offer("0.3.0", false);
        let mut booth = Booth::new(Some(offer.clone()));
        booth.receive(&offer);
        assert_eq!(booth.after(0), [Command::Ask(UPDATE)]);
        booth.ended(UPDATE, end.clone());
        assert!(matches!(booth.progress(), Progress::Refused { .. }), "{end:?}");
        match again {
            Some(pause) => {
                assert_eq!(booth.after(pause - 1), [], "{end:?}");
                assert_eq!(booth.after(1), [Command::Fetch(offer)], "what is here still is found by its digest");
            }
            None => {
                assert_eq!(booth.after(0), [Command::Clear], "{end:?}");
                assert_eq!(booth.after(100_000), [], "{end:?}");
                let other = super::tests::offer("0.4.0", false);
                booth.answer(Some(other.clone()));
                assert_eq!(booth.after(0), [Command::Fetch(other)], "another one may be better");
            }
        }
    };
    let failed = |why| End::Failed { why, detail: "word".into() };
    check(failed(Failure::BadSignature), None);
    check(failed(Failure::BadFile), None);
    check(failed(Failure::Older), None);
    check(failed(Failure::Busy), Some(600));
    check(failed(Failure::Io), Some(600));
    check(failed(Failure::Full), Some(600));
    check(End::Lost { detail: "gone".into() }, Some(600));
}

#[test]
fn what_failed_here_before_is_not_fetched() {
    let check = |change: &dyn Fn(&mut Status), expect: &str| {
        let mut booth = Booth::new(None);
        change(booth.status.as_mut().unwrap());
        booth.answer(Some(offer("0.3.0", true)));
        assert_eq!(booth.after(0), [Command::Clear]);
        let Progress::Refused { why } = booth.progress() else { panic!("{:?}", booth.progress()) };
        assert!(why.contains(expect), "{why}");
        assert_eq!(booth.after(100_000), []);
    };
    let slot = |state| {
        move |status: &mut Status| {
            status.slots[1] = Slot { name: "b".into(), version: Some("0.3.0".into()), running: false, state };
        }
    };
    check(&slot(SlotState::Bad), "did not get well");
    check(&slot(SlotState::Good), "before the version that runs");
    let why = RollbackReason::NotWell;
    let last = Outcome::RolledBack { failed: "0.3.0".into(), running: "0.2.0".into(), why };
    check(&|status| status.last = Some(last.clone()), "rolled back here: it was not well");
    let last = Outcome::Updated { from: "0.2.0".into(), to: "0.3.0".into() };
    check(&|status| status.last = Some(last.clone()), "labelled wrongly");
}

#[test]
fn machines_that_take_no_update_fetch_none() {
    let check = |status: Option<Status>, expect: &[Command]| {
        let mut booth = Booth::new(Some(offer("0.3.0", true)));
        booth.status = status;
        assert_eq!(booth.after(0), expect);
        assert_eq!((booth.after(3600), booth.progress()), (vec![], Progress::None));
    };
    check(None, &[]);
    check(Some(Status { mode: Mode::Debian, slots: Vec::new(), ..specimen::booth() }), &[Command::Clear]);
}

#[test]
fn another_offer_or_none_ends_what_is_under_way() {
    let (first, second) = (offer("0.3.0", false), offer("0.4.0", false));
    let mut booth = Booth::new(Some(first.clone()));
    booth.after(0);
    assert_eq!(booth.answer(Some(first.clone())), [], "the same again");
    assert_eq!(booth.answer(Some(second.clone())), [Command::StopFetching]);
    assert_eq!(booth.after(0), [Command::Fetch(second.clone())]);
    booth.hear(News::FetchEnded(first.digest, Ok(())));
    assert_eq!(booth.progress(), Progress::Fetching { bytes: 0 }, "that was the other one");
    assert_eq!(booth.answer(None), [Command::StopFetching]);
    assert_eq!(booth.after(0), [Command::Clear]);
    // The operator does not want to wait any more: nothing is fetched anew.
    let mut booth = Booth::new(Some(second.clone()));
    booth.receive(&second);
    booth.answer(Some(Offer { now: true, ..second }));
    assert_eq!(booth.after(0), [Command::Ask(UPDATE)]);
}

#[test]
fn the_hubs_time_is_taken_where_there_is_no_other() {
    let check = |clock: Clock, session: bool, took: u64, expect: Option<u64>| {
        let mut booth = Booth::new(None);
        booth.after(60);
        booth.status.as_mut().unwrap().clock = clock;
        booth.around.session = session;
        booth.now += Duration::from_millis(took);
        let expect: Vec<Command> =
            expect.map(|unix_ms| Command::Ask(Request::SetClock { unix_ms })).into_iter().collect();
        assert_eq!(booth.answer(None), expect, "{clock:?}, session: {session}, {took} ms");
        let refused = End::Failed { why: Failure::BadTime, detail: "word".into() };
        for request in expect {
            let Command::Ask(request) = request else { continue };
            booth.ended(request, refused.clone());
            booth.after(60);
            assert_eq!(booth.answer(None), [], "not each minute");
            booth.after(600);
            assert_eq!(booth.answer(None).len(), 1);
        }
    };
    check(Clock::Unsynchronised, false, 400, Some(1_795_366_800_200));
    check(Clock::Unsynchronised, false, 2001, None);
    check(Clock::Unsynchronised, true, 400, None);
    check(Clock::Synchronised, false, 400, None);
}

/// There is no connection, for the hub's certificate seems to have ended.
#[test]
fn a_machine_whose_clock_keeps_the_hub_away_asks_for_the_time() {
    let check = |name: &str, change: fn(&mut Booth), asks: bool| {
        let mut booth = Booth::new(None);
        booth.status.as_mut().unwrap().clock = Clock::Unsynchronised;
        change(&mut booth);
        let wanted = if asks { vec![Command::AskTime] } else { vec![] };
        assert_eq!(booth.hear(News::OutOfDate), wanted, "{name}");
        assert_eq!(booth.hear(News::OutOfDate), [], "{name}: one question at a time");
        if asks {
            let told = Told { unix_ms: 1_795_366_800_000, at: booth.now };
            booth.now += Duration::from_millis(300);
            let request = Request::SetClock { unix_ms: 1_795_366_800_300 };
            assert_eq!(booth.hear(News::Time(Some(told))), [Command::Ask(request.clone())], "{name}");
            assert_eq!(booth.hear(News::OutOfDate), [], "{name}: the machine is at it");
            booth.ended(request, End::Failed { why: Failure::BadTime, detail: "word".into() });
            booth.now += RETRY;
            assert_eq!(booth.hear(News::OutOfDate), [], "{name}: not again and again");
            booth.now += PAUSE;
            assert_eq!(booth.hear(News::OutOfDate), wanted, "{name}");
            assert_eq!(booth.hear(News::Time(None)), [], "{name}");
            assert_eq!(booth.hear(News::OutOfDate), [], "{name}");
            booth.now += RETRY;
            assert_eq!(booth.hear(News::OutOfDate), wanted, "{name}");
            // Somebody has begun meanwhile.
            booth.around.session = true;
            assert_eq!(booth.hear(News::Time(Some(told))), [], "{name}");
        }
    };
    check("a clock that nobody has set", |_| {}, true);
    check("a time server's", |booth| booth.status.as_mut().unwrap().clock = Clock::Synchronised, false);
    check("an office's own system", |booth| booth.status.as_mut().unwrap().mode = Mode::Debian, false);
    check("in a session", |booth| booth.around.session = true, false);
    check("no machine", |booth| booth.status = None, false);
}

#[test]
fn the_hub_hears_each_change_soon_and_else_each_minute() {
    let mut booth = Booth::new(None);
    booth.reports.clear();
    let mut check = |name: &str, change: &dyn Fn(&mut Booth), later: u64, expect: usize| {
        change(&mut booth);
        booth.reports.clear();
        booth.after(later);
        assert_eq!(booth.reports.len(), expect, "{name}");
        let reports = std::mem::take(&mut booth.reports);
        if expect > 0 {
            let offer = booth.updates.offer.clone();
            booth.answer(offer);
        }
        reports
    };
    check("a minute", &|_| {}, 60, 1);
    check("nothing new", &|_| {}, 59, 0);
    check("a minute again", &|_| {}, 1, 1);
    let last = Outcome::Failed { why: Failure::BadSignature, detail: "signed\nby nobody".into() };
    check("a change, too soon", &|booth| booth.status.as_mut().unwrap().last = Some(last.clone()), 4, 0);
    let told = check("a change", &|_| {}, 1, 1);
    let why = "BadSignature: signed by nobody".into();
    assert_eq!(told[0].image.as_ref().unwrap().last, Some(Ended::Failed { why }));
    check("the link is there", &|booth| booth.updates.hub_is_there(booth.now), 5, 1);
    // Nobody answers: nothing is sent on top of it.
    let mut booth = Booth::new(None);
    booth.after(60);
    booth.reports.clear();
    booth.after(600);
    assert!(booth.reports.is_empty());
    booth.hear(News::Answered(None));
    booth.after(0);
    assert_eq!(booth.reports.len(), 1);
}

#[test]
fn a_stick_waits_for_claims_too() {
    assert_eq!(claims_allow(Some(0)), Ok(()));
    assert_eq!(claims_allow(Some(1)), Err(Failure::ClaimsWait));
    assert_eq!(claims_allow(None), Err(Failure::ClaimsWait));
}
