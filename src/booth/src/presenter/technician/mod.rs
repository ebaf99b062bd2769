//! Shows the technicians' pages on the glass and gives their touches a meaning.
//!
//! What stands on a page is made as data first ([`view`]); this file only carries it to the adapters, and a button's number back
//! to the [`Act`] that the view gave it.

mod code;
mod faults;
mod menu;
mod network;
mod setup;
mod update;
mod view;
mod words;

pub use view::Around;

use super::pictures::picture;
use super::{qr, sync};
use crate::service::lockout::Gate;
use crate::service::pin::Tried;
use crate::service::touch::{COLUMNS, ROWS};
use crate::service::{Act, Page, Pin, Section, Service};
use bilik_claim::text::Language;
use bilik_media::FrameSlots;
use bilik_ui::{
    AppWindow, Choice, CodeAdapter, PinAdapter, Screen, ServiceAdapter, SetupAdapter, TechAction, TechLine, Tone,
};
use slint::{ComponentHandle as _, Image, ModelRc, VecModel};
use std::rc::Rc;
use std::time::Instant;
use view::{Bar, Button, Line, Look, Say, View};

/// What was touched on a technician's page, by its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Touched {
    Disk(i32),
    Line(i32),
    Action(i32),
    Section(i32),
    Field(i32),
    EnterPin,
    Leave,
    Confirm,
    Cancel,
    /// A finger has come to the booth's name, or has gone.
    Name {
        down: bool,
    },
    /// A finger on the field of the touch test.
    At {
        x: f32,
        y: f32,
        aspect: f32,
        down: bool,
    },
}

pub struct Technician {
    window: slint::Weak<AppWindow>,
    view: View,
    disks: Rc<VecModel<Choice>>,
    lines: Rc<VecModel<TechLine>>,
    actions: Rc<VecModel<TechAction>>,
    sections: Rc<VecModel<Choice>>,
    fields: Rc<VecModel<Choice>>,
    cells: Rc<VecModel<bool>>,
    qr: String,
    shown: bool,
}

impl Technician {
    pub fn new(window: &AppWindow) -> Self {
        let technician = Self {
            window: window.as_weak(),
            view: View::default(),
            disks: Rc::default(),
            lines: Rc::default(),
            actions: Rc::default(),
            sections: Rc::default(),
            fields: Rc::default(),
            cells: Rc::default(),
            qr: String::new(),
            shown: false,
        };
        let setup = window.global::<SetupAdapter>();
        setup.set_disks(ModelRc::from(technician.disks.clone()));
        setup.set_lines(ModelRc::from(technician.lines.clone()));
        setup.set_actions(ModelRc::from(technician.actions.clone()));
        let code = window.global::<CodeAdapter>();
        code.set_fields(ModelRc::from(technician.fields.clone()));
        code.set_actions(ModelRc::from(technician.actions.clone()));
        let service = window.global::<ServiceAdapter>();
        service.set_lines(ModelRc::from(technician.lines.clone()));
        service.set_actions(ModelRc::from(technician.actions.clone()));
        service.set_sections(ModelRc::from(technician.sections.clone()));
        service.set_fields(ModelRc::from(technician.fields.clone()));
        service.set_cells(ModelRc::from(technician.cells.clone()));
        service.set_columns(i32::try_from(COLUMNS).unwrap_or(1));
        service.set_rows(i32::try_from(ROWS).unwrap_or(1));
        technician
    }

    /// The screen that covers the participant's, if a technician's page is due.
    pub fn screen(service: &Service) -> Option<Screen> {
        service.page().map(|page| match page {
            Page::Installer => Screen::Installer,
            Page::Enrol => Screen::Enrol,
            Page::TypeCode => Screen::TypeCode,
            Page::Pin => Screen::ServicePin,
            Page::Menu(_) => Screen::Service,
        })
    }

    pub fn show(&mut self, service: &Service, around: &Around, now: Instant, language: Language) {
        let Some(window) = self.window.upgrade() else { return };
        let development = service.status().is_some_and(|status| status.development);
        window.global::<bilik_ui::App>().set_development(development);
        let say = Say(language);
        self.ask(&window, service, say);
        let Some(page) = service.page() else {
            if std::mem::take(&mut self.shown) {
                self.wipe(&window);
            }
            return;
        };
        self.shown = true;
        match page {
            Page::Installer => self.view = setup::installer(service, now, say),
            Page::Enrol => self.view = setup::enrol(service, now, say),
            Page::TypeCode => self.view = code::type_code(service, say),
            Page::Menu(section) => self.view = menu::menu(section, service, around, now, say),
            Page::Pin => {
                self.view = View::default();
                if let Some(pin) = service.pin() {
                    show_pin(&window, pin, now, say);
                }
            }
        }
        self.lists();
        match page {
            Page::Installer | Page::Enrol => self.setup(&window),
            Page::TypeCode => self.code(&window),
            Page::Menu(section) => self.menu(&window, section, service, around, say),
            Page::Pin => {}
        }
    }

    /// What a touch means on the page that is shown.
    pub fn meaning(&self, touched: Touched) -> Option<Act> {
        let place = |id: i32| usize::try_from(id).ok();
        match touched {
            Touched::Disk(id) => place(id).map(Act::Disk),
            Touched::Line(id) => self.view.lines.get(place(id)?)?.act.as_ref().map(|(_, act)| act.clone()),
            Touched::Action(id) => {
                self.view.actions.get(place(id)?).filter(|button| button.enabled).map(|button| button.act.clone())
            }
            Touched::Section(id) => Section::ALL.get(place(id)?).copied().map(Act::Section),
            Touched::Field(id) => self.view.fields.get(place(id)?).map(|field| field.act.clone()),
            Touched::EnterPin => Some(Act::EnterPin),
            Touched::Leave => Some(Act::CloseMenu),
            Touched::Confirm => Some(Act::Confirm),
            Touched::Cancel => Some(Act::Cancel),
            Touched::Name { .. } | Touched::At { .. } => None,
        }
    }

    /// New pictures of the cameras, for the section that shows them.
    pub fn frames(&self, slots: &FrameSlots) {
        let Some(window) = self.window.upgrade() else { return };
        let service = window.global::<ServiceAdapter>();
        slots.self_view.show(|frame| {
            service.set_face(picture(frame));
            service.set_has_face(true);
        });
        slots.documents.show(|frame| {
            service.set_paper(picture(frame));
            service.set_has_paper(true);
        });
    }

    /// The cameras are off: nobody stands in a picture any more.
    pub fn forget_pictures(&self) {
        let Some(window) = self.window.upgrade() else { return };
        let service = window.global::<ServiceAdapter>();
        service.set_face(Image::default());
        service.set_has_face(false);
        service.set_paper(Image::default());
        service.set_has_paper(false);
    }

    /// Nothing of a technician's work stays in any property.
    fn wipe(&mut self, window: &AppWindow) {
        self.view = View::default();
        self.lists();
        self.forget_pictures();
        let service = window.global::<ServiceAdapter>();
        service.set_raw("".into());
        service.set_drawn("".into());
        service.set_message("".into());
        self.cells.set_vec(Vec::new());
        window.global::<PinAdapter>().set_dots("".into());
    }

    fn ask(&self, window: &AppWindow, service: &Service, say: Say) {
        let ask = window.global::<bilik_ui::Ask>();
        ask.set_open(service.question().is_some());
        if let Some(question) = service.question() {
            let (title, text, yes) = say.question(question, service);
            ask.set_title(title.into());
            ask.set_text(text.into());
            ask.set_yes(yes.into());
            ask.set_no(say.say("Kembali", "Go back").into());
        }
    }

    fn lists(&self) {
        let choice = |(id, disk): (i32, &view::Disk)| Choice {
            id,
            title: disk.name.as_str().into(),
            subtitle: disk.note.as_str().into(),
            selected: disk.chosen,
        };
        sync(&self.disks, (0..).zip(&self.view.disks).map(choice).collect());
        let field = |(id, field): (i32, &view::Field)| Choice {
            id,
            title: field.name.as_str().into(),
            subtitle: field.text.as_str().into(),
            selected: field.chosen,
        };
        sync(&self.fields, (0..).zip(&self.view.fields).map(field).collect());
        let line = |(id, line): (i32, &Line)| TechLine {
            id,
            label: line.label.as_str().into(),
            value: line.value.as_str().into(),
            note: line.note.as_str().into(),
            tone: line.tone,
            action: line.act.as_ref().map_or("", |(label, _)| label).into(),
        };
        sync(&self.lines, (0..).zip(&self.view.lines).map(line).collect());
        let action = |(id, button): (i32, &Button)| TechAction {
            id,
            label: button.label.as_str().into(),
            enabled: button.enabled,
            primary: button.look == Look::Primary,
            dangerous: button.look == Look::Danger,
        };
        sync(&self.actions, (0..).zip(&self.view.actions).map(action).collect());
    }

    fn setup(&self, window: &AppWindow) {
        let (setup, view) = (window.global::<SetupAdapter>(), &self.view);
        setup.set_title(view.title.as_str().into());
        setup.set_lead(view.lead.as_str().into());
        setup.set_ended(match view.ended {
            Some(true) => Tone::Good,
            Some(false) => Tone::Bad,
            None => Tone::None,
        });
        let (text, tone) = view.message.as_ref().map_or(("", Tone::None), |(text, tone)| (text, *tone));
        setup.set_message(text.into());
        setup.set_message_tone(tone);
        setup.set_detail(view.detail.as_str().into());
        setup.set_working(view.work.is_some());
        if let Some(Bar { step, part, remaining }) = &view.work {
            setup.set_step((*step).into());
            setup.set_part(*part);
            setup.set_remaining(remaining.as_str().into());
        }
    }

    fn code(&self, window: &AppWindow) {
        let (code, view) = (window.global::<CodeAdapter>(), &self.view);
        code.set_title(view.title.as_str().into());
        code.set_lead(view.lead.as_str().into());
        let (text, tone) = view.message.as_ref().map_or(("", Tone::None), |(text, tone)| (text, *tone));
        code.set_message(text.into());
        code.set_message_tone(tone);
    }

    fn menu(&mut self, window: &AppWindow, section: Section, service: &Service, around: &Around, say: Say) {
        let (adapter, view) = (window.global::<ServiceAdapter>(), &self.view);
        let entry = |(id, entry): (i32, Section)| Choice {
            id,
            title: menu::title(entry, say).into(),
            subtitle: "".into(),
            selected: entry == section,
        };
        sync(&self.sections, (0..).zip(Section::ALL).map(entry).collect());
        adapter.set_title(view.title.as_str().into());
        let (text, tone) = view.message.as_ref().map_or(("", Tone::None), |(text, tone)| (text, *tone));
        adapter.set_message(text.into());
        adapter.set_message_tone(tone);
        adapter.set_working(view.work.is_some());
        if let Some(Bar { step, part, remaining }) = &view.work {
            adapter.set_step((*step).into());
            adapter.set_part(*part);
            adapter.set_remaining(remaining.as_str().into());
        }
        adapter.set_has_meter(view.meter.is_some());
        adapter.set_meter(view.meter.unwrap_or_default());
        adapter.set_panel(view.panel.shown());
        adapter.set_drawn(service.touch().drawn().into());
        sync(&self.cells, if section == Section::Touch { service.touch().cells().to_vec() } else { Vec::new() });
        adapter.set_raw(if section == Section::Reader { around.raw.as_str() } else { "" }.into());
        let (face, paper) = menu::cameras(around, say);
        adapter.set_face_word(face.into());
        adapter.set_paper_word(paper.into());
        let code = view.qr.clone().unwrap_or_default();
        adapter.set_has_qr(!code.is_empty());
        adapter.set_qr_caption(
            say.say("Versi, sidik sistem, bilik, waktu. Ditandatangani.", "Version, root hash, booth, time. Signed.")
                .into(),
        );
        if code != self.qr {
            adapter.set_qr(qr(&code).unwrap_or_default());
            self.qr = code;
        }
    }
}

fn show_pin(window: &AppWindow, pin: &Pin, now: Instant, say: Say) {
    let adapter = window.global::<PinAdapter>();
    adapter.set_dots("●".repeat(pin.typed.len()).into());
    adapter.set_can_type(pin.can_type());
    adapter.set_can_enter(pin.can_enter());
    let (text, tone) = pin_message(pin, now, say);
    adapter.set_message(text.into());
    adapter.set_message_tone(tone);
}

fn pin_message(pin: &Pin, now: Instant, say: Say) -> (String, Tone) {
    if !pin.is_set {
        let text = say.say(
            "Bilik ini belum punya PIN servis. Masukkan PIN lewat berkas bilik.toml dari hub.",
            "This booth has no service PIN yet. It comes with the file bilik.toml from the hub.",
        );
        return (text.into(), Tone::Attention);
    }
    if pin.dead {
        let text = say.say(
            "Terlalu banyak PIN salah. Menu tertutup sampai bilik didaftarkan lagi dengan stik baru.",
            "Too many wrong PINs. The menu stays closed until the booth is enrolled again with a new stick.",
        );
        return (text.into(), Tone::Bad);
    }
    if pin.checking {
        return (say.say("Memeriksa…", "Checking…").into(), Tone::Hint);
    }
    if let Some(at) = pin.opens_at {
        let seconds = at.saturating_duration_since(now).as_millis().div_ceil(1000);
        let (minutes, rest) = (seconds / 60, seconds % 60);
        let wrong = if matches!(pin.tried, Some(Tried::Wrong(_))) { say.say("PIN salah. ", "Wrong PIN. ") } else { "" };
        let text = match say.0 {
            Language::Id => format!("{wrong}Tunggu {minutes}:{rest:02} sebelum mencoba lagi."),
            Language::En => format!("{wrong}Wait {minutes}:{rest:02} before the next try."),
        };
        return (text, Tone::Attention);
    }
    match (pin.tried.filter(|_| pin.typed.is_empty()), say.0) {
        (Some(Tried::Wrong(Gate::Open { free: 0 })), _) => {
            (say.say("PIN salah.", "Wrong PIN.").into(), Tone::Attention)
        }
        (Some(Tried::Wrong(Gate::Open { free })), Language::Id) => {
            (format!("PIN salah. Masih {free} kali sebelum harus menunggu."), Tone::Attention)
        }
        (Some(Tried::Wrong(Gate::Open { free })), Language::En) => {
            (format!("Wrong PIN. {free} more before you have to wait."), Tone::Attention)
        }
        (Some(Tried::Disk), _) => {
            let text = say.say(
                "Disk tidak dapat ditulisi, jadi PIN tidak diperiksa. Nyalakan ulang bilik.",
                "The disk cannot be written, so the PIN was not checked. Restart the booth.",
            );
            (text.into(), Tone::Bad)
        }
        (Some(Tried::Right | Tried::Refused(_) | Tried::Wrong(Gate::Waits(_) | Gate::Dead)) | None, _) => {
            (String::new(), Tone::None)
        }
    }
}

#[cfg(test)]
mod tests;
