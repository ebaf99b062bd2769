use super::*;
use bilik_device::{Failure, Status, Step, UpdateFrom};
use network_form::NetworkField;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const OPEN: Gate = Gate::Open { free: 5 };

fn known(status: Status, enrolled: bool) -> (Service, Instant) {
    let now = Instant::now();
    let mut service = Service::new(enrolled, now);
    assert_eq!(service.hear(MachineEvent::Status(Box::new(status)), now), []);
    (service, now)
}

#[test]
fn each_machine_has_its_page() {
    let check = |machine: Option<Status>, enrolled: bool, page: Option<Page>, closely: bool| {
        let now = Instant::now();
        let mut service = Service::new(enrolled, now);
        let event = machine.map_or(MachineEvent::Absent, |status| MachineEvent::Status(Box::new(status)));
        service.hear(event, now);
        assert_eq!(service.page(), page);
        assert_eq!(service.polls_closely(), closely, "{page:?}");
    };
    check(None, false, None, false);
    check(None, true, None, false);
    check(Some(specimen::booth()), true, None, false);
    check(Some(specimen::new_booth()), false, Some(Page::Enrol), true);
    check(Some(specimen::stick()), false, Some(Page::Installer), true);
    check(Some(Status { mode: Mode::Debian, ..specimen::new_booth() }), false, Some(Page::Enrol), true);
    assert!(Service::new(false, Instant::now()).polls_closely(), "until it is known that there is no service");
}

#[test]
fn the_menu_opens_only_for_those_who_may() {
    let check = |enrolled: bool, free: bool, is_set: bool, gate: Gate, page: Option<Page>| {
        let (mut service, now) = known(specimen::booth(), enrolled);
        service.name_held(free, is_set, gate, now);
        let opened = service.page().filter(|page| matches!(page, Page::Pin | Page::Menu(_)));
        assert_eq!(opened, page, "enrolled {enrolled}, free {free}, PIN {is_set}, {gate:?}");
    };
    check(true, true, true, OPEN, Some(Page::Pin));
    check(true, false, true, OPEN, None);
    // Nobody has set a PIN: an enrolled booth stays closed, and says so.
    check(true, true, false, OPEN, Some(Page::Pin));
    check(false, true, false, OPEN, Some(Page::Menu(Section::Overview)));
    check(false, true, true, OPEN, Some(Page::Pin));
    check(false, false, false, OPEN, None);
    check(true, true, true, Gate::Dead, Some(Page::Pin));
    let (mut service, now) = known(specimen::stick(), false);
    service.name_held(true, false, OPEN, now);
    assert_eq!(service.page(), Some(Page::Installer), "a stick has no menu");
}

#[test]
fn the_name_is_held_for_three_seconds_by_one_finger() {
    let check = |events: &[(u64, bool)], ask_at: u64, wanted: bool| {
        let (mut service, now) = known(specimen::booth(), true);
        let at = |tenths: u64| now + Duration::from_millis(100 * tenths);
        events.iter().for_each(|(tenths, down)| service.name_pressed(*down, at(*tenths)));
        assert_eq!(service.takes_hold(at(ask_at)), wanted, "{events:?} at {ask_at}");
        assert!(!service.takes_hold(at(ask_at)), "once");
    };
    check(&[(0, true)], 30, true);
    check(&[(0, true)], 29, false);
    check(&[(0, true), (20, false)], 100, false);
    check(&[(0, true), (20, false), (25, true)], 40, false);
    check(&[(0, true), (20, false), (25, true)], 55, true);
    check(&[], 100, false);
    let (mut service, now) = known(specimen::booth(), true);
    service.name_pressed(true, now);
    assert_eq!(service.deadline(now), Some(now + HOLD));
}

#[test]
fn a_pin_is_typed_checked_and_waits() {
    let (mut service, now) = known(specimen::booth(), true);
    service.name_held(true, true, OPEN, now);
    let type_in = |service: &mut Service, text: &str, now| {
        for character in text.chars() {
            assert!(service.key(Key::Character(character), now));
        }
    };
    type_in(&mut service, "31x4", now);
    assert_eq!(service.act(Act::EnterPin, now), [], "too short");
    type_in(&mut service, "159", now);
    assert_eq!(service.act(Act::EnterPin, now), [Order::CheckPin(Zeroizing::new("314159".into()))]);
    assert_eq!(service.act(Act::EnterPin, now), [], "it is being checked");
    assert!(service.pin().unwrap().typed.is_empty());
    service.pin_tried(Tried::Wrong(Gate::Waits(seconds(15))), now);
    type_in(&mut service, "314159", now);
    assert!(service.pin().unwrap().typed.is_empty(), "nothing can be typed while it waits");
    assert!(service.counts_seconds());
    assert_eq!(service.deadline(now), Some(now + seconds(15)));
    service.tick(now + seconds(15));
    type_in(&mut service, "314159", now);
    assert_eq!(service.act(Act::EnterPin, now), [Order::CheckPin(Zeroizing::new("314159".into()))]);
    service.pin_tried(Tried::Right, now);
    assert_eq!(service.page(), Some(Page::Menu(Section::Overview)));
    service.act(Act::CloseMenu, now);
    assert_eq!(service.page(), None);
}

#[test]
fn an_untouched_menu_closes_and_turns_everything_off() {
    for (section, order) in [
        (Section::Media, vec![Order::Media(false)]),
        (Section::Reader, vec![Order::Raw(false)]),
        (Section::Power, vec![]),
    ] {
        let (mut service, now) = known(specimen::new_booth(), false);
        service.name_held(true, false, OPEN, now);
        service.act(Act::Section(section), now + seconds(10));
        assert_eq!(service.tick(now + seconds(189)), []);
        assert_eq!(service.page(), Some(Page::Menu(section)));
        assert_eq!(service.tick(now + seconds(190)), order);
        assert!(!matches!(service.page(), Some(Page::Menu(_))));
    }
    // Not in the middle of an update.
    let (mut service, now) = known(specimen::new_booth(), false);
    service.name_held(true, false, OPEN, now);
    service.act(Act::Request(Request::Update { from: UpdateFrom::Stick }), now);
    service.tick(now + seconds(600));
    assert_eq!(service.page(), Some(Page::Menu(Section::Overview)));
    service.hear(
        MachineEvent::Ended { request: Request::Update { from: UpdateFrom::Stick }, end: End::Done },
        now + seconds(700),
    );
    service.tick(now + seconds(879));
    assert_eq!(service.page(), Some(Page::Menu(Section::Overview)));
    service.tick(now + seconds(880));
    assert_eq!(service.page(), Some(Page::Enrol));
}

#[test]
fn an_installation_from_choice_to_restart() {
    let (mut service, now) = known(specimen::stick(), false);
    assert_eq!(service.disk(), None, "two disks: nobody has chosen");
    service.act(Act::Disk(7), now);
    assert_eq!(service.disk(), None);
    service.act(Act::Disk(1), now);
    let install = Request::Install { disk: service.disk().unwrap().id.clone() };
    assert_eq!(service.act(Act::Request(install.clone()), now), []);
    service.act(Act::Cancel, now);
    assert_eq!(service.act(Act::Confirm, now), [], "it was called off");
    service.act(Act::Request(install.clone()), now);
    assert_eq!(service.act(Act::Confirm, now), [Order::Ask(install.clone())]);
    assert_eq!(service.act(Act::Confirm, now), [], "asked once, done once");
    let work = |permille| MachineEvent::Progress(Work { step: Step::Writing, permille });
    service.hear(work(0), now);
    service.hear(work(500), now + seconds(60));
    let (shown, left) = service.work(now + seconds(60)).unwrap();
    assert_eq!((shown.permille, left), (500, Some(seconds(60))));
    let failed = End::Failed { why: Failure::Io, detail: "specimen".into() };
    service.hear(MachineEvent::Ended { request: install.clone(), end: failed.clone() }, now);
    assert_eq!(service.ended(), Some(&(install.clone(), failed)));
    assert!(service.work(now).is_none());
    service.act(Act::TryAgain, now);
    assert_eq!(service.ended(), None);
    service.act(Act::Request(install.clone()), now);
    service.act(Act::Confirm, now);
    service.hear(MachineEvent::Ended { request: install, end: End::Done }, now);
    assert_eq!(service.act(Act::Request(Request::Restart), now), [Order::Ask(Request::Restart)], "nothing to lose");
}

#[test]
fn the_only_disk_is_chosen() {
    let mut status = specimen::stick();
    status.disks.truncate(1);
    let (service, _) = known(status, false);
    assert_eq!(service.disk().map(|disk| disk.id.as_str()), Some("specimen-1"));
    let mut status = specimen::stick();
    status.disks.clear();
    assert_eq!(known(status, false).0.disk(), None);
}

#[test]
fn what_ends_or_loses_something_is_asked_first() {
    let check = |request: Request, asks: Option<Question>| {
        let (mut service, now) = known(specimen::booth(), false);
        service.name_held(true, false, OPEN, now);
        let orders = service.act(Act::Request(request.clone()), now);
        assert_eq!(orders.is_empty(), asks.is_some(), "{request:?}");
        assert_eq!(service.question(), asks);
        let confirmed = service.act(Act::Confirm, now);
        assert_eq!(confirmed.is_empty(), asks.is_none(), "{request:?}");
    };
    check(Request::Restart, Some(Question::Restart));
    check(Request::PowerOff, Some(Question::PowerOff));
    check(Request::FactoryReset, Some(Question::FactoryReset));
    for request in
        [Request::Update { from: UpdateFrom::Stick }, Request::Diagnostics, Request::ExportQueue, Request::Provision]
    {
        check(request, None);
    }
}

#[test]
fn an_enrolled_booth_starts_anew_by_itself() {
    let (mut service, now) = known(specimen::new_booth(), false);
    service.hear(MachineEvent::Status(Box::new(specimen::booth())), now);
    assert_eq!(service.page(), Some(Page::Enrol));
    service.hear(MachineEvent::Status(Box::new(specimen::booth())), now + seconds(5));
    assert_eq!(service.tick(now + seconds(5)), []);
    assert_eq!(service.deadline(now), Some(now + READY_FOR));
    assert_eq!(service.tick(now + READY_FOR), [Order::StartAnew]);
    assert_eq!(service.tick(now + READY_FOR * 2), [], "once");
    assert_eq!(service.act(Act::Serve, now), [Order::StartAnew], "or by a touch");
    // Nobody is thrown out of the menu.
    let (mut service, now) = known(specimen::new_booth(), false);
    service.act(Act::OpenMenu, now);
    service.hear(MachineEvent::Status(Box::new(specimen::booth())), now);
    assert_eq!(service.tick(now + READY_FOR), []);
}

#[test]
fn a_wrong_address_is_named_and_a_right_one_asked_for() {
    let (mut service, now) = known(specimen::new_booth(), false);
    service.act(Act::OpenMenu, now);
    service.act(Act::Section(Section::Network), now);
    service.act(Act::EditNetwork, now);
    service.act(Act::Field(NetworkField::Prefix), now);
    service.key(Key::Clear, now);
    assert_eq!(service.act(Act::SaveNetwork, now), []);
    assert_eq!(service.form().unwrap().1, Some(FormFault::Prefix));
    service.key(Key::Character('2'), now);
    assert_eq!(service.form().unwrap().1, None);
    service.key(Key::Character('4'), now);
    let orders = service.act(Act::SaveNetwork, now);
    let [Order::Ask(request @ Request::SetNetwork { .. })] = orders.as_slice() else { panic!("{orders:?}") };
    service.hear(MachineEvent::Ended { request: request.clone(), end: End::Done }, now);
    assert!(service.form().is_none());
    // Another section forgets what was typed.
    service.act(Act::EditNetwork, now);
    service.act(Act::Section(Section::Stick), now);
    assert!(service.form().is_none());
}

#[test]
fn a_code_is_typed_sent_and_tried_again() {
    let (mut service, now) = known(specimen::new_booth(), false);
    service.act(Act::TypeCode, now);
    assert_eq!(service.page(), Some(Page::TypeCode));
    let code = bilik_claim::enrolment::EnrolmentCode::new(*b"specimen secret!", b"specimen authority").to_string();
    let keys = |service: &mut Service, text: &str| {
        text.chars().for_each(|sign| assert!(service.key(Key::Character(sign), now)));
    };
    keys(&mut service, "hub.specimen.example");
    assert_eq!(service.act(Act::SendCode, now), []);
    assert_eq!(service.enrol_form().unwrap().1, Some(EnrolFault::Length(0)));
    service.act(Act::EnrolField(enrol_form::EnrolField::Code), now);
    keys(&mut service, "u");
    assert_eq!(service.enrol_form().unwrap().1, Some(EnrolFault::Sign('u')));
    keys(&mut service, &code.to_lowercase());
    service.act(Act::EnrolField(enrol_form::EnrolField::Pin), now);
    keys(&mut service, "123456");
    assert_eq!(service.act(Act::SendCode, now), []);
    assert!(matches!(service.enrol_form().unwrap().1, Some(EnrolFault::Pin(_))));
    service.key(Key::Clear, now);
    keys(&mut service, "135790");
    let request = Request::Enrol { hub: "hub.specimen.example:8443".into(), code, pin: "135790".into() };
    assert_eq!(service.act(Act::SendCode, now), [Order::Ask(request.clone())]);
    assert_eq!(service.page(), Some(Page::Enrol), "how far it is stands there");
    assert_eq!(service.act(Act::TypeCode, now), [], "one at a time");
    let failed = End::Failed { why: bilik_device::Failure::HubUnreachable, detail: String::new() };
    service.hear(MachineEvent::Ended { request: request.clone(), end: failed }, now);
    assert_eq!(service.page(), Some(Page::TypeCode), "what was typed is still there");
    assert_eq!(service.act(Act::SendCode, now), [Order::Ask(request.clone())]);
    service.hear(MachineEvent::Ended { request, end: End::Done }, now);
    assert!(service.enrol_form().is_none());
    service.hear(MachineEvent::Status(Box::new(specimen::booth())), now);
    assert_eq!(service.tick(now + READY_FOR), [Order::StartAnew]);
}
