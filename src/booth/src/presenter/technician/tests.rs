use super::*;
use crate::device::{End, MachineEvent};
use crate::service::specimen;
use bilik_claim::machine::{Hindrance, Progress};
use bilik_claim::wire::DeviceState;
use bilik_device::{
    Data, DataFault, Failure, Mode, OnStick, Outcome, Provisioning, Request, RollbackReason, SlotState, Status, Stick,
    UpdateFrom,
};
use bilik_journal::courier::Trouble;
use std::time::Duration;

const ID: Say = Say(Language::Id);
const EN: Say = Say(Language::En);

fn known(status: Status, enrolled: bool) -> (Service, Instant) {
    let now = Instant::now();
    let mut service = Service::new(enrolled, now);
    service.hear(MachineEvent::Status(Box::new(status)), now);
    (service, now)
}

fn well() -> Around {
    Around {
        hub: Some("hub.specimen.example:8444".into()),
        hub_connected: true,
        queue: Some(Ok(())),
        reader: DeviceState::Ready,
        disk_free: Some(98_000_000_000),
        certificate: Some(("22-11-2028".into(), 731)),
        ..Around::default()
    }
}

/// All words of a page.
fn text(view: &View) -> String {
    let mut all = vec![view.title.clone(), view.lead.clone(), view.detail.clone()];
    all.extend(view.message.iter().map(|(text, _)| text.clone()));
    all.extend(view.disks.iter().flat_map(|disk| [disk.name.clone(), disk.note.clone()]));
    all.extend(view.lines.iter().flat_map(|line| [line.label.clone(), line.value.clone(), line.note.clone()]));
    all.extend(view.actions.iter().map(|button| button.label.clone()));
    all.join("\n")
}

#[test]
fn each_fault_has_its_code_and_a_well_booth_none() {
    let check = |spoil: fn(&mut Status, &mut Around), codes: &[&str]| {
        let (mut status, mut around) = (specimen::booth(), well());
        spoil(&mut status, &mut around);
        let (service, _) = known(status, true);
        let found = faults::faults(&service, &around, ID);
        let labels: Vec<_> = found.iter().map(|line| line.label.as_str()).collect();
        assert_eq!(labels, codes);
        for line in &found {
            assert!(!line.value.is_empty() && !line.note.is_empty(), "{line:?} says what and what to do");
        }
    };
    check(|_, _| {}, &[]);
    check(|_, around| around.wrong_hub = true, &["B-02"]);
    check(|_, around| around.queue = Some(Err(Trouble::Failed)), &["B-03"]);
    check(|_, around| around.queue = Some(Err(Trouble::Full)), &["B-04"]);
    check(|_, around| around.hub_connected = false, &["N-03"]);
    check(|_, around| around.reader = DeviceState::Missing, &["P-01"]);
    check(|_, around| (around.reader, around.reader_doubted) = (DeviceState::Missing, true), &["P-02"]);
    check(|_, around| around.touch = Some(true), &[]);
    check(|_, around| around.touch = Some(false), &["L-01"]);
    check(|_, around| around.camera = DeviceState::Missing, &["K-01"]);
    check(|_, around| around.document_camera = DeviceState::Missing, &["K-02"]);
    check(|_, around| around.microphone = DeviceState::Missing, &["S-01"]);
    check(|_, around| around.speaker = DeviceState::Missing, &["S-02"]);
    check(|_, around| (around.refused, around.lost) = (1, 2), &["Q-01", "Q-02"]);
    check(|_, around| around.disk_free = Some(1), &["D-01"]);
    check(|_, around| around.certificate = Some(("1-1-2027".into(), 29)), &["N-04"]);
    check(|_, around| around.certificate = Some(("1-1-2026".into(), -1)), &["N-04"]);
    check(|status, _| status.network.cable = false, &["N-01"]);
    check(|status, _| status.network.interface = None, &["N-01"]);
    check(|status, _| status.network.addresses.clear(), &["N-02"]);
    check(|status, _| status.clock = bilik_device::Clock::Unsynchronised, &["J-01"]);
    check(|status, _| status.data = Data::NoTpm, &["D-02"]);
    for why in
        [DataFault::NotFound, DataFault::TpmMissing, DataFault::TpmRefuses, DataFault::Damaged, DataFault::DiskFails]
    {
        let status = Status { data: Data::Memory, data_fault: Some(why), ..specimen::booth() };
        let (service, _) = known(status, true);
        let found = faults::faults(&service, &well(), EN);
        assert_eq!(found.iter().map(|line| line.label.as_str()).collect::<Vec<_>>(), ["D-03"], "{why:?}");
    }
    check(|status, _| status.slots[1].state = SlotState::Bad, &["U-02"]);
    check(
        |status, _| {
            let (failed, running) = ("0.3.0".into(), "0.2.0".into());
            status.last = Some(Outcome::RolledBack { failed, running, why: RollbackReason::CrashLoop });
        },
        &["U-03"],
    );
    // What stops the booth comes first.
    check(
        |status, around| {
            status.data = Data::NoTpm;
            around.reader = DeviceState::Missing;
        },
        &["P-01", "D-02"],
    );
}

#[test]
fn a_booth_without_the_service_still_has_a_menu() {
    let now = Instant::now();
    let mut service = Service::new(false, now);
    service.hear(MachineEvent::Absent, now);
    for section in Section::ALL {
        let view = menu::menu(section, &service, &Around::default(), now, EN);
        assert!(!text(&view).trim().is_empty(), "{section:?}");
        for button in &view.actions {
            assert!(!button.enabled || !matches!(button.act, Act::Request(_)), "{section:?}: {button:?}");
        }
        assert!(view.lines.iter().all(|line| line.act.is_none()), "{section:?}");
    }
}

#[test]
fn the_installer_says_what_will_be_lost() {
    let check = |spoil: fn(&mut Status), say: Say, words: &[&str], can_install: bool| {
        let mut status = specimen::stick();
        spoil(&mut status);
        let (service, now) = known(status, false);
        let view = setup::installer(&service, now, say);
        for word in words {
            assert!(text(&view).contains(word), "{word:?} is not on\n{}", text(&view));
        }
        let install = view.actions.iter().find(|button| button.look == Look::Primary).unwrap();
        assert_eq!(install.enabled, can_install, "{words:?}");
    };
    check(|_| {}, ID, &["256 GB · berisi Windows, akan hilang", "512 GB · kosong", "bilik.toml ada di stik"], false);
    check(|status| status.disks.truncate(1), EN, &["SPECIMEN SSD 256", "256 GB · holds Windows, will be lost"], true);
    check(|status| status.disks.clear(), EN, &["There is no disk", "AHCI"], false);
    check(|status| status.sticks.clear(), EN, &["There is no bilik.toml on the stick"], false);
}

/// Every way in which the machine can refuse has words of its own in both languages.
#[test]
fn every_failure_is_told_with_what_to_do() {
    let all = [
        Failure::NotUnderstood,
        Failure::Busy,
        Failure::NotHere,
        Failure::NoStick,
        Failure::NoFile,
        Failure::BadFile,
        Failure::BadSignature,
        Failure::Older,
        Failure::BadDisk,
        Failure::Io,
        Failure::Full,
        Failure::HubUnreachable,
        Failure::CodeRefused,
        Failure::ClaimsWait,
    ];
    let mut seen = Vec::new();
    for why in all {
        for say in [ID, EN] {
            let words = say.failure(why, None);
            assert!(!seen.contains(&words), "{why:?}: {words:?} is said of something else too");
            seen.push(words);
        }
        // And stands on the page, with its detail.
        let install = Request::Install { disk: "specimen-1".into() };
        let mut status = specimen::stick();
        status.disks.truncate(1);
        let (mut service, now) = known(status, false);
        service.act(Act::Request(install.clone()), now);
        service.act(Act::Confirm, now);
        let end = End::Failed { why, detail: "specimen detail".into() };
        service.hear(MachineEvent::Ended { request: install, end }, now);
        let view = setup::installer(&service, now, ID);
        assert_eq!(view.ended, Some(false));
        assert!(text(&view).contains(ID.failure(why, None)) && view.detail == "specimen detail", "{why:?}");
    }
}

#[test]
fn enrolment_is_followed_line_by_line() {
    let check = |spoil: fn(&mut Status), tones: [Tone; 5], can_take_in: bool| {
        let mut status = specimen::new_booth();
        spoil(&mut status);
        let (service, now) = known(status, false);
        let view = setup::enrol(&service, now, ID);
        let shown: Vec<_> = view.lines.iter().map(|line| line.tone).collect();
        assert_eq!(shown, tones, "{}", text(&view));
        let take_in = view.actions.iter().find(|button| button.act == Act::Request(Request::Provision)).unwrap();
        assert_eq!(take_in.enabled, can_take_in);
    };
    use Tone::{Attention, Bad, Good, Hint};
    check(|_| {}, [Good, Good, Good, Attention, Hint], false);
    check(|status| status.network.cable = false, [Bad, Good, Good, Attention, Hint], false);
    check(|status| status.network.addresses.clear(), [Good, Attention, Good, Attention, Hint], false);
    check(|status| status.sticks = specimen::stick().sticks, [Good, Good, Good, Good, Hint], true);
    check(|status| status.provisioning = Provisioning::Underway, [Good, Good, Good, Good, Hint], false);
    let refused = |status: &mut Status| {
        status.sticks = specimen::stick().sticks;
        status.provisioning = Provisioning::Failed { why: Failure::CodeRefused, detail: "used".into() };
    };
    check(refused, [Good, Good, Good, Good, Bad], true);
}

#[test]
fn a_booth_whose_data_stay_shut_is_not_taken_for_a_new_one() {
    for why in [DataFault::TpmRefuses, DataFault::TpmMissing, DataFault::Damaged] {
        let status = Status { data: Data::Memory, data_fault: Some(why), ..specimen::new_booth() };
        let (service, now) = known(status, false);
        let view = setup::enrol(&service, now, ID);
        let (what, todo) = ID.data_fault(why);
        assert_eq!((view.title.as_str(), view.lead.as_str(), view.detail.as_str()), (what, todo, "D-03"));
        let acts: Vec<_> = view.actions.iter().map(|button| &button.act).collect();
        assert_eq!(acts, [&Act::OpenMenu, &Act::Request(Request::Restart)]);
    }
}

#[test]
fn buttons_mean_what_stands_on_them() {
    let check = |section: Section, spoil: fn(&mut Status), wanted: &[Request]| {
        let mut status = specimen::booth();
        spoil(&mut status);
        let (service, now) = known(status, true);
        let around = Around { queued: 2, ..well() };
        let view = menu::menu(section, &service, &around, now, ID);
        let buttons = view.actions.iter().filter(|button| button.enabled).map(|button| &button.act);
        let acts = view.lines.iter().filter_map(|line| line.act.as_ref()).map(|(_, act)| act).chain(buttons);
        let asked: Vec<_> =
            acts.filter_map(|act| if let Act::Request(request) = act { Some(request.clone()) } else { None }).collect();
        assert_eq!(asked, wanted, "{section:?}");
    };
    check(Section::Update, |_| {}, &[]);
    let with_update = |status: &mut Status| {
        status.sticks =
            vec![Stick { name: "SPECIMEN".into(), provisioning: false, update: OnStick::Version("0.3.0".into()) }];
    };
    // Two claims wait.
    check(Section::Update, with_update, &[]);
    check(Section::Update, |status| status.mode = Mode::Debian, &[]);
    check(Section::Stick, |_| {}, &[]);
    check(Section::Stick, with_update, &[Request::Diagnostics, Request::ExportQueue]);
    check(
        Section::Stick,
        |status| status.sticks = specimen::stick().sticks,
        &[Request::Diagnostics, Request::ExportQueue, Request::Provision],
    );
    check(Section::Power, |_| {}, &[Request::Restart, Request::PowerOff, Request::FactoryReset]);
    check(Section::Power, |status| status.mode = Mode::Debian, &[Request::Restart, Request::PowerOff]);
}

#[test]
fn pin_words() {
    let now = Instant::now();
    let pin = |tried, waits: Option<u64>, dead, is_set| Pin {
        typed: Default::default(),
        checking: false,
        tried,
        opens_at: waits.map(|seconds| now + Duration::from_secs(seconds)),
        dead,
        is_set,
    };
    let check = |pin: Pin, words: &str| {
        let (text, _) = pin_message(&pin, now, EN);
        assert!(text.contains(words), "{text:?} lacks {words:?}");
    };
    check(pin(None, None, false, false), "no service PIN");
    check(pin(None, None, true, true), "enrolled again");
    check(pin(Some(Tried::Wrong(Gate::Open { free: 2 })), None, false, true), "2 more");
    check(pin(Some(Tried::Wrong(Gate::Waits(Duration::ZERO))), Some(75), false, true), "Wrong PIN. Wait 1:15");
    check(pin(Some(Tried::Disk), None, false, true), "cannot be written");
    assert_eq!(pin_message(&pin(None, None, false, true), now, EN).0, "");
}

/// From the first look at a machine to its restart, over the socket that a real one has.
#[test]
fn an_installation_is_followed_over_the_socket() {
    use crate::device::tests::{json, next, peer, start};
    use bilik_device::{Answer, Step, Work};
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    peer(&socket, |line| match line {
        r#"{"ask":"status"}"# => {
            let mut status = specimen::stick();
            status.disks.truncate(1);
            vec![json(&Answer::Status { status: Box::new(status) })]
        }
        r#"{"ask":"install","disk":"specimen-1"}"# => {
            let steps = [Step::Partitioning, Step::Writing, Step::Verifying, Step::Finishing];
            let work = (1..).zip(steps).map(|(part, step)| Work { step, permille: 250 * part });
            work.map(|work| json(&Answer::Progress { work })).chain([json(&Answer::Done)]).collect()
        }
        other => vec![format!("{other} was not expected")],
    });
    let (machine, inbox) = start(&socket);
    let now = Instant::now();
    let mut service = Service::new(false, now);
    service.hear(next(&inbox), now);
    let page = setup::installer(&service, now, EN);
    let install = page.actions.iter().find(|button| button.look == Look::Primary).unwrap().act.clone();
    assert_eq!(service.act(install, now), [], "it is asked first");
    let mut orders = service.act(Act::Confirm, now);
    let Some(crate::service::Order::Ask(request)) = orders.pop() else { panic!("nothing is asked for") };
    machine.ask(request);
    let mut steps = Vec::new();
    loop {
        let page = setup::installer(&service, now, EN);
        if let Some(bar) = &page.work {
            assert!(page.actions.is_empty(), "nothing to touch while it works");
            steps.push(format!("{} {:.0}", bar.step, bar.part * 100.0));
        } else {
            assert_eq!(page.ended, Some(true), "{}", text(&page));
            assert_eq!(page.actions[0].act, Act::Request(Request::Restart));
            break;
        }
        service.hear(next(&inbox), now);
    }
    let told = [
        "Starting… 0",
        "Dividing the disk 25",
        "Writing the system 50",
        "Reading back and comparing 75",
        "Finishing 100",
    ];
    assert_eq!(steps, told);
}

/// Lines and buttons keep their meaning through the glass: what is shown at a place is what is done.
#[test]
fn what_was_touched_is_found_by_its_place() {
    i_slint_backend_testing::init_no_event_loop();
    let window = AppWindow::new().unwrap();
    let mut technician = Technician::new(&window);
    let mut status = specimen::stick();
    status.disks.truncate(1);
    let (mut service, now) = known(status, false);
    technician.show(&service, &Around::default(), now, Language::En);
    let install = Act::Request(Request::Install { disk: "specimen-1".into() });
    assert_eq!(technician.meaning(Touched::Action(1)), Some(install.clone()));
    assert_eq!(technician.meaning(Touched::Action(2)), None);
    assert_eq!(technician.meaning(Touched::Action(-1)), None);
    service.act(install, now);
    technician.show(&service, &Around::default(), now, Language::En);
    assert!(window.global::<bilik_ui::Ask>().get_open());
    service.act(Act::Cancel, now);
    technician.show(&service, &Around::default(), now, Language::En);
    assert!(!window.global::<bilik_ui::Ask>().get_open());
}

/// The glass tells when a finger comes to the name and when it goes.
#[test]
fn a_finger_on_the_name_is_told() {
    use slint::platform::{PointerEventButton, WindowEvent};
    i_slint_backend_testing::init_no_event_loop();
    let window = AppWindow::new().unwrap();
    window.show().unwrap();
    window.window().set_size(slint::LogicalSize::new(1280.0, 800.0));
    let told = Rc::new(std::cell::RefCell::new(Vec::new()));
    let list = told.clone();
    window.global::<bilik_ui::App>().on_name_pressed(move |down| list.borrow_mut().push(down));
    let check = |x: f32, wanted: &[bool]| {
        told.borrow_mut().clear();
        let (position, button) = (slint::LogicalPosition::new(x, 42.0), PointerEventButton::Left);
        window.window().dispatch_event(WindowEvent::PointerPressed { position, button });
        window.window().dispatch_event(WindowEvent::PointerReleased { position, button });
        assert_eq!(*told.borrow(), wanted, "at {x}");
    };
    check(60.0, &[true, false]);
    check(640.0, &[]);
}

#[test]
fn an_enrolment_by_hand_says_what_failed_and_where() {
    let check = |why: Failure, say: Say, words: &str| {
        let (mut service, now) = known(specimen::new_booth(), false);
        service.act(Act::TypeCode, now);
        let request = Request::Enrol { hub: "10.1.2.3:8443".into(), code: String::new(), pin: String::new() };
        service.act(Act::Request(request.clone()), now);
        let end = End::Failed { why, detail: "specimen".into() };
        service.hear(MachineEvent::Ended { request, end }, now);
        let view = code::type_code(&service, say);
        assert!(text(&view).contains(words), "{words:?} is not on\n{}", text(&view));
    };
    check(Failure::HubUnreachable, ID, "Hub tidak menjawab di 10.1.2.3:8443");
    check(Failure::HubUnreachable, EN, "does not answer at 10.1.2.3:8443");
    check(Failure::CodeRefused, ID, "Minta kode baru");
    check(Failure::Busy, EN, "(specimen)");
}

#[test]
fn a_microphone_that_hears_nothing_says_so() {
    let check = |microphone: DeviceState, db: f32, after: u64, words: &str, meter: bool| {
        let (mut service, now) = known(specimen::booth(), true);
        service.heard(db, now);
        let around = Around { microphone, speaker: DeviceState::Ready, ..well() };
        let view = menu::menu(Section::Media, &service, &around, now + Duration::from_secs(after), EN);
        assert!(text(&view).contains(words), "{words:?} is not on\n{}", text(&view));
        assert_eq!(view.meter.is_some(), meter);
        assert!(view.lines.iter().any(|line| line.act.as_ref().is_some_and(|(_, act)| *act == Act::PlayTone)));
    };
    check(DeviceState::Ready, -20.0, 2, "Hears", true);
    check(DeviceState::Ready, -90.0, 3, "No sound for 3 seconds", true);
    check(DeviceState::Missing, -90.0, 3, "Not connected", false);
}

#[test]
fn an_update_waits_for_claims_and_the_hubs_is_shown_as_it_is() {
    let check = |queued: u32, update: Progress, words: &str, can: bool| {
        let mut status = specimen::booth();
        status.sticks =
            vec![Stick { name: "SPECIMEN".into(), provisioning: false, update: OnStick::Version("0.3.0".into()) }];
        let (service, now) = known(status, true);
        let around = Around { queued, update, ..well() };
        let view = menu::menu(Section::Update, &service, &around, now, EN);
        assert!(text(&view).contains(words), "{words:?} is not on\n{}", text(&view));
        let update = Act::Request(Request::Update { from: UpdateFrom::Stick });
        assert_eq!((&view.actions[0].act, view.actions[0].enabled), (&update, can), "{words}");
    };
    check(0, Progress::None, "From the hub\nNo update", true);
    check(2, Progress::None, "2 claims are not at the hub yet: no update", false);
    check(2, Progress::None, "The hub is connected: wait", false);
    check(0, Progress::Fetching { bytes: 120_000_000 }, "Being received: 120 MB", true);
    check(1, Progress::Received { hindrance: Hindrance::ClaimsWait }, "It waits until the hub has every claim", false);
    check(0, Progress::Installed { hindrance: Hindrance::Day }, "It waits for the night", true);
    check(0, Progress::Refused { why: "signed by nobody".into() }, "signed by nobody", true);
}

/// A copy on a stick opens no gate, so nobody is told to make one, except for claims that the hub refuses.
#[test]
fn what_opens_the_gate_for_updates_is_what_is_said() {
    use crate::updates::claims_allow;
    assert!(claims_allow(Some(1)).is_err() && claims_allow(Some(0)).is_ok());
    let check = |hub_connected: bool, refused: u32, words: &str, exports: bool| {
        let (service, now) = known(specimen::booth(), true);
        let around = Around { queued: 3, hub_connected, refused, ..well() };
        for (say, export) in [(EN, "export"), (ID, "ekspor")] {
            let (told, _) = menu::menu(Section::Update, &service, &around, now, say).message.unwrap();
            assert_eq!(told.to_lowercase().contains(export), exports, "{told}");
        }
        let (told, _) = menu::menu(Section::Update, &service, &around, now, EN).message.unwrap();
        assert!(told.contains(words), "{words:?} is not in {told:?}");
    };
    check(true, 0, "wait until they are sent", false);
    check(false, 0, "as soon as the hub is reached. Check the cable", false);
    check(false, 1, "as soon as the hub is reached. Check the cable", false);
    check(true, 1, "bilik-hub recover, then restart", true);
    let end = End::Failed { why: Failure::ClaimsWait, detail: String::new() };
    let (of_update, ..) = EN.end(&Request::Update { from: UpdateFrom::Stick }, &end, None);
    let (of_reset, ..) = EN.end(&Request::FactoryReset, &end, None);
    assert!(!of_update.to_lowercase().contains("export") && of_update.contains("as soon as it is reached"));
    assert!(of_reset.contains("Export the queue to a stick first"));
}
