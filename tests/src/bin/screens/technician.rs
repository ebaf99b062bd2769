//! The technicians' pages: in both languages, on a wide and on a high screen.

use crate::{Gallery, PORTRAIT, Shape, WIDE};
use bilik_booth::device::{End, MachineEvent};
use bilik_booth::presenter::technician::{Around, Technician};
use bilik_booth::service::enrol_form::EnrolField;
use bilik_booth::service::lockout::Gate;
use bilik_booth::service::network_form::NetworkField;
use bilik_booth::service::pin::Tried;
use bilik_booth::service::{Act, Section, Service, specimen};
use bilik_claim::attest::Attestation;
use bilik_claim::ids::BoothId;
use bilik_claim::machine::{Hindrance, Progress};
use bilik_claim::session::Key;
use bilik_claim::text::Language;
use bilik_claim::wire::DeviceState;
use bilik_device::{
    Clock, Data, DataFault, Failure, OnStick, Outcome, Provisioning, Request, RollbackReason, SlotState, Status, Step,
    Stick, UpdateFrom, Work,
};
use bilik_ui::App;
use slint::ComponentHandle as _;
use std::time::{Duration, Instant};

const SHAPES: [Shape; 2] = [WIDE, PORTRAIT];

/// A booth and its technician, before the page is drawn.
struct Scene {
    service: Service,
    around: Around,
    now: Instant,
}

type Machine = fn() -> Status;
type Play = fn(&mut Scene);

/// Name, machine, whether the booth is enrolled, and what the technician does.
const SCENES: &[(&str, Machine, bool, Play)] = &[
    ("installer", specimen::stick, false, |s| s.act(Act::Disk(0))),
    ("installer-one", one_disk, false, |_| {}),
    ("installer-none", no_disk, false, |_| {}),
    ("installer-asks", one_disk, false, |s| s.act(Act::Request(install()))),
    ("installer-writing", one_disk, false, |s| {
        s.act(Act::Request(install()));
        s.act(Act::Confirm);
        s.progress(Step::Writing, 60);
        s.now += Duration::from_secs(70);
        s.progress(Step::Writing, 430);
    }),
    ("installer-done", one_disk, false, |s| s.install_ends(End::Done)),
    ("installer-failed", one_disk, false, |s| {
        let detail = "write of 1048576 bytes at 734003200: input/output error".into();
        s.install_ends(End::Failed { why: Failure::Io, detail });
    }),
    ("enrol", new_booth, false, |_| {}),
    ("enrol-underway", underway, false, |s| s.progress(Step::Enrolling, 600)),
    ("enrol-failed", refused, false, |_| {}),
    ("enrol-shut", shut, false, |_| {}),
    ("enrol-ready", specimen::booth, false, |_| {}),
    ("pin", specimen::booth, true, |s| {
        s.held(Gate::Open { free: 5 });
        s.keys("3141");
    }),
    ("pin-waits", specimen::booth, true, |s| {
        s.held(Gate::Open { free: 1 });
        s.service.pin_tried(Tried::Wrong(Gate::Waits(Duration::from_secs(15))), s.now);
    }),
    ("pin-dead", specimen::booth, true, |s| s.held(Gate::Dead)),
    ("menu-overview", specimen::booth, true, |s| s.menu(Section::Overview)),
    ("menu-faults", ailing, true, |s| {
        s.around.reader = DeviceState::Missing;
        s.around.hub_connected = false;
        s.around.queued = 3;
        s.menu(Section::Overview);
    }),
    ("menu-touch", specimen::booth, true, |s| {
        s.menu(Section::Touch);
        for step in 0..60 {
            let (x, y) = (step as f32 * 12.0 + 60.0, 300.0 + 200.0 * (step as f32 / 9.0).sin());
            s.service.touched(x, y, 0.62, step == 0, s.now);
        }
    }),
    ("menu-media", specimen::booth, true, |s| s.menu(Section::Media)),
    ("menu-reader", specimen::booth, true, |s| {
        s.menu(Section::Reader);
        s.around.raw = "< 02 30 30 30 30 30 30 30\n< 30 30 30 30 30 30 30 30\n< 30 03\n> 06".into();
    }),
    ("menu-network", specimen::booth, true, |s| s.menu(Section::Network)),
    ("menu-network-form", specimen::booth, true, |s| {
        s.menu(Section::Network);
        s.act(Act::EditNetwork);
        s.act(Act::Field(NetworkField::Gateway));
        s.service.key(Key::Clear, s.now);
        s.keys("10.21.3.1");
        s.act(Act::SaveNetwork);
    }),
    ("menu-update", with_update, true, |s| s.menu(Section::Update)),
    ("menu-update-unfit", with_strangers_update, true, |s| s.menu(Section::Update)),
    ("menu-updating", with_update, true, |s| {
        s.menu(Section::Update);
        s.act(Act::Request(Request::Update { from: UpdateFrom::Stick }));
        s.progress(Step::Writing, 510);
    }),
    ("menu-updated", on_trial, true, |s| {
        s.menu(Section::Update);
        s.act(Act::Request(Request::Update { from: UpdateFrom::Stick }));
        s.ends(Request::Update { from: UpdateFrom::Stick }, End::Done);
    }),
    ("menu-stick", with_update, true, |s| {
        s.around.queued = 3;
        s.menu(Section::Stick);
    }),
    ("menu-power", specimen::booth, true, |s| {
        s.around.queued = 3;
        s.menu(Section::Power);
    }),
    ("menu-reset-asks", specimen::booth, true, |s| {
        s.menu(Section::Power);
        s.act(Act::Request(Request::FactoryReset));
    }),
    ("menu-reset-refused", specimen::booth, true, |s| {
        s.around.queued = 3;
        s.menu(Section::Power);
        s.act(Act::Request(Request::FactoryReset));
        s.act(Act::Confirm);
        let detail = "3 claims".into();
        s.ends(Request::FactoryReset, End::Failed { why: Failure::ClaimsWait, detail });
    }),
    ("code-empty", specimen::new_booth, false, |s| s.act(Act::TypeCode)),
    ("code-failed", specimen::new_booth, false, |s| {
        s.code();
        let hub = "hub.specimen.example:8443".into();
        let request = Request::Enrol { hub, code: String::new(), pin: String::new() };
        s.act(Act::Request(request.clone()));
        s.ends(request, End::Failed { why: Failure::HubUnreachable, detail: String::new() });
    }),
    ("menu-update-waits", ailing, true, |s| {
        s.around.queued = 3;
        s.around.update = Progress::Received { hindrance: Hindrance::ClaimsWait };
        s.menu(Section::Update);
    }),
    ("menu-data-fault", locked, true, |s| s.menu(Section::Overview)),
    ("menu-media-silent", specimen::booth, true, |s| {
        s.menu(Section::Media);
        s.now += Duration::from_secs(3);
    }),
    ("menu-media-heard", specimen::booth, true, |s| {
        s.menu(Section::Media);
        s.service.heard(-22.0, s.now);
    }),
];

pub fn draw(gallery: &mut Gallery) -> anyhow::Result<()> {
    for (name, status, enrolled, play) in SCENES {
        for shape in SHAPES {
            for language in [Language::Id, Language::En] {
                let file = format!("technician-{name}_{}_{}.png", shape.name, language.code());
                gallery.draw(&file, shape, |window| {
                    slint::select_bundled_translation(language.code())?;
                    let mut technician = Technician::new(window);
                    let app = window.global::<App>();
                    app.set_language(language.code().into());
                    let mut scene = Scene::new(status(), *enrolled);
                    play(&mut scene);
                    technician.show(&scene.service, &scene.around, scene.now, language);
                    if let Some(screen) = Technician::screen(&scene.service) {
                        app.set_screen(screen);
                    }
                    Ok(())
                })?;
            }
        }
    }
    Ok(())
}

fn install() -> Request {
    Request::Install { disk: "specimen-1".into() }
}

fn one_disk() -> Status {
    let mut status = specimen::stick();
    status.disks.truncate(1);
    status.development = true;
    status
}

fn no_disk() -> Status {
    Status { disks: Vec::new(), ..specimen::stick() }
}

fn new_booth() -> Status {
    let mut status = Status { clock: Clock::Unsynchronised, ..specimen::new_booth() };
    status.network.cable = false;
    status.network.addresses.clear();
    status
}

fn with_file() -> Status {
    Status { sticks: specimen::stick().sticks, ..specimen::new_booth() }
}

fn underway() -> Status {
    Status { provisioning: Provisioning::Underway, ..with_file() }
}

fn refused() -> Status {
    let detail = "hub.specimen.example:8443: the code is used (status 403)".into();
    Status { provisioning: Provisioning::Failed { why: Failure::CodeRefused, detail }, ..with_file() }
}

fn ailing() -> Status {
    let last = Outcome::RolledBack { running: "0.2.0".into(), failed: "0.3.0".into(), why: RollbackReason::NotWell };
    let mut status = Status { data: Data::NoTpm, last: Some(last), ..specimen::booth() };
    status.slots[1].state = SlotState::Bad;
    status
}

fn attestation() -> String {
    let status = specimen::booth();
    let booth = BoothId(uuid::Uuid::from_u128(3));
    Attestation { version: status.version, root_hash: status.root_hash, booth, minute: 29_922_773 }
        .sign(&ed25519_dalek::SigningKey::from_bytes(&[7; 32]))
}

fn locked() -> Status {
    Status { data: Data::Memory, data_fault: Some(DataFault::TpmRefuses), ..specimen::booth() }
}

/// The same before anything was read of its enrolment.
fn shut() -> Status {
    Status { provisioning: Provisioning::Missing, ..locked() }
}

fn with_update() -> Status {
    let stick = Stick { name: "SPECIMEN USB 8".into(), provisioning: false, update: OnStick::Version("0.3.0".into()) };
    Status { sticks: vec![stick], ..specimen::booth() }
}

fn with_strangers_update() -> Status {
    let mut status = with_update();
    status.sticks[0].update = OnStick::Unfit(Failure::BadSignature);
    status
}

fn on_trial() -> Status {
    let mut status = with_update();
    status.slots[1].version = Some("0.3.0".into());
    status.slots[1].state = SlotState::Trial;
    status
}

impl Scene {
    fn new(status: Status, enrolled: bool) -> Self {
        let now = Instant::now();
        let mut service = Service::new(enrolled, now);
        service.hear(MachineEvent::Status(Box::new(status)), now);
        let pairs =
            [("line", "Lines of text"), ("honeywell-xenon", "Honeywell Xenon 1900"), ("magtek", "MagTek DynaMag")];
        let around = Around {
            booth: "Bilik 3".into(),
            booth_id: "00000000-0000-4000-8000-000000000003".into(),
            attestation: Some(attestation()),
            hub: Some("hub.specimen.example:8444".into()),
            hub_connected: true,
            queue: Some(Ok(())),
            reader: DeviceState::Ready,
            camera: DeviceState::Ready,
            document_camera: DeviceState::Ready,
            microphone: DeviceState::Ready,
            speaker: DeviceState::Ready,
            reader_set: Some(("usb:0c2e:0caa".into(), "honeywell-xenon".into())),
            ports: vec!["usb:0c2e:0caa".into(), "/dev/ttyS0".into()],
            profiles: pairs.iter().map(|(name, title)| ((*name).into(), (*title).into())).collect(),
            disk_free: Some(98_000_000_000),
            certificate: Some(("22-11-2028".into(), 731)),
            clock: "22-11-2026 17.53".into(),
            ..Around::default()
        };
        Self { service, around, now }
    }

    fn act(&mut self, act: Act) {
        self.service.act(act, self.now);
    }

    fn held(&mut self, gate: Gate) {
        self.service.name_held(true, true, gate, self.now);
    }

    fn keys(&mut self, text: &str) {
        for character in text.chars() {
            self.service.key(Key::Character(character), self.now);
        }
    }

    fn menu(&mut self, section: Section) {
        self.held(Gate::Open { free: 5 });
        self.service.pin_tried(Tried::Right, self.now);
        self.act(Act::Section(section));
    }

    fn progress(&mut self, step: Step, permille: u16) {
        self.service.hear(MachineEvent::Progress(Work { step, permille }), self.now);
    }

    fn ends(&mut self, request: Request, end: End) {
        self.service.hear(MachineEvent::Ended { request, end }, self.now);
    }

    /// All of a code but its end.
    fn code(&mut self) {
        self.act(Act::TypeCode);
        self.keys("hub.specimen.example");
        self.act(Act::EnrolField(EnrolField::Code));
        self.keys("SPEC1MENSPEC1MENSPEC1MENSPEC1MENSPEC1MENSPEC1MENSPEC");
        self.act(Act::EnrolField(EnrolField::Pin));
        self.keys("135790");
    }

    fn install_ends(&mut self, end: End) {
        self.act(Act::Request(install()));
        self.act(Act::Confirm);
        self.ends(install(), end);
    }
}
