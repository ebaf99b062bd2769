//! What must hold on every page in every shape: buttons can be found, told apart, hit, and reached.

// Helpers of tests, which clippy does not take for tests.
#![allow(clippy::unwrap_used)]

#[path = "../examples/window/specimens.rs"]
mod specimens;

use std::{cell::RefCell, collections::BTreeMap, path::Path, rc::Rc};

use bilik_ui::{
    App, AppWindow, ConsentAdapter, FinishedAdapter, FinishedState, Keyboard, Overlay, OverlayKind, Screen, Theme,
};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use slint::{
    ComponentHandle, PhysicalSize, SharedString,
    platform::{
        Key, Platform, PlatformError, WindowAdapter, WindowEvent,
        software_renderer::{MinimalSoftwareWindow, RepaintBufferType},
    },
};

/// Least height of what can be touched, in logical pixels: 15 mm on a 15.6-inch screen.
const TOUCH: f32 = 64.0;
/// Rounding of a layout.
const SLACK: f32 = 0.6;

struct Headless(Rc<MinimalSoftwareWindow>);

impl Platform for Headless {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.0.clone())
    }
}

/// A window that is measured with the real fonts but shown nowhere. One to a thread.
fn surface() -> Rc<MinimalSoftwareWindow> {
    let surface = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
    slint::platform::set_platform(Box::new(Headless(surface.clone()))).unwrap();
    surface
}

fn window(surface: &MinimalSoftwareWindow, width: u32, height: u32) -> AppWindow {
    let window = AppWindow::new().unwrap();
    window.show().unwrap();
    surface.set_size(PhysicalSize::new(width, height));
    window.global::<Theme>().set_calm(true);
    settle();
    window
}

/// Change handlers run with the timers, and may cause others.
fn settle() {
    for _ in 0..3 {
        slint::platform::update_timers_and_animations();
    }
}

fn buttons(window: &AppWindow) -> Vec<ElementHandle> {
    ElementQuery::from_root(window).match_accessible_role(AccessibleRole::Button).find_all()
}

fn button(window: &AppWindow, label: &str) -> ElementHandle {
    let found: Vec<_> =
        buttons(window).into_iter().filter(|button| button.accessible_label().unwrap() == label).collect();
    assert_eq!(found.len(), 1, "buttons called {label:?}");
    found.into_iter().next().unwrap()
}

/// Buttons on a page, without those of the hidden parts, as (label, x, y, width, height).
fn measured(window: &AppWindow) -> Vec<(SharedString, f32, f32, f32, f32)> {
    let measure = |button: ElementHandle| {
        let (position, size) = (button.absolute_position(), button.size());
        (button.accessible_label().unwrap(), position.x, position.y, size.width, size.height)
    };
    buttons(window).into_iter().filter(|button| button.computed_opacity() > 0.0).map(measure).collect()
}

#[test]
fn buttons_of_wide_pages_are_named_apart_large_enough_and_inside() {
    every_page(1280, 720, &[("id", 1.5), ("en", 1.0)]);
}

#[test]
fn buttons_of_high_pages_are_named_apart_large_enough_and_inside() {
    every_page(720, 1280, &[("id", 1.5), ("en", 1.25)]);
}

fn every_page(width: u32, height: u32, readers: &[(&str, f32)]) {
    let surface = surface();
    for &(name, prepare) in specimens::SHOTS {
        for &(language, scale) in readers {
            let window = window(&surface, width, height);
            slint::select_bundled_translation(language).unwrap();
            window.global::<Theme>().set_scale(scale);
            prepare(&window);
            settle();
            check(&window, width as f32, height as f32, &format!("{name} {width}x{height} {language} x{scale}"));
            window.hide().unwrap();
        }
    }
}

fn check(window: &AppWindow, width: f32, height: f32, place: &str) {
    let next = window.global::<App>().get_next_label();
    // However large the text is, the frame stands still.
    let frame = [next.as_str(), "Kembali", "Back", "Bantuan", "Help", "Mulai", "Start", "Selesai", "Done"];
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (label, x, y, wide, high) in measured(window) {
        assert!(!label.trim().is_empty(), "{place}: a button without a name at {x}, {y}");
        *seen.entry(label.to_string()).or_default() += 1;
        if wide == 0.0 || high == 0.0 {
            continue;
        }
        assert!(high >= TOUCH - SLACK, "{place}: {label:?} is {high} high");
        assert!(wide >= TOUCH - SLACK, "{place}: {label:?} is {wide} wide");
        assert!(x >= -SLACK && x + wide <= width + SLACK, "{place}: {label:?} leaves the window: {x} + {wide}");
        assert!(y >= -SLACK, "{place}: {label:?} stands above the window: {y}");
        if frame.contains(&label.as_str()) {
            assert!(y + high <= height + SLACK, "{place}: {label:?} ends at {}", y + high);
        }
    }
    if window.global::<Overlay>().get_kind() == OverlayKind::None {
        for field in ElementQuery::from_root(window).match_accessible_role(AccessibleRole::TextInput).find_all() {
            let (position, size) = (field.absolute_position(), field.size());
            for (label, x, y, wide, high) in measured(window).into_iter().filter(|(.., high)| *high > 0.0) {
                let beside = x + wide <= position.x + SLACK || x >= position.x + size.width - SLACK;
                let over = y + high <= position.y + SLACK || y >= position.y + size.height - SLACK;
                assert!(beside || over, "{place}: {label:?} covers the answer");
            }
        }
    }
    for (label, count) in seen {
        assert_eq!(count, 1, "{place}: {label:?}");
    }
}

#[test]
fn a_program_can_press_what_is_on_and_not_what_is_off() {
    let surface = surface();
    let window = window(&surface, 1280, 800);
    slint::select_bundled_translation("id").unwrap();
    let pressed = Rc::new(RefCell::new(Vec::new()));
    let record = |what: &'static str| {
        let pressed = pressed.clone();
        move || pressed.borrow_mut().push(what)
    };
    window.global::<App>().on_next(record("next"));
    window.global::<App>().on_back(record("back"));
    window.global::<App>().on_help(record("help"));
    window.global::<ConsentAdapter>().on_accept(record("accept"));
    window.global::<ConsentAdapter>().on_decline(record("decline"));

    window.global::<App>().set_screen(Screen::Reason);
    window.global::<App>().set_next_enabled(false);
    settle();
    button(&window, "Lanjut").invoke_accessible_default_action();
    assert_eq!(button(&window, "Lanjut").accessible_enabled(), Some(false));
    window.global::<App>().set_next_enabled(true);
    button(&window, "Lanjut").invoke_accessible_default_action();
    button(&window, "Kembali").invoke_accessible_default_action();
    button(&window, "Bantuan").invoke_accessible_default_action();
    window.global::<App>().set_screen(Screen::Consent);
    settle();
    button(&window, "Saya tidak setuju").invoke_accessible_default_action();
    button(&window, "Saya setuju").invoke_accessible_default_action();
    assert_eq!(*pressed.borrow(), ["next", "back", "help", "decline", "accept"]);
}

#[test]
fn a_real_keyboard_types_like_the_one_on_the_glass() {
    let surface = surface();
    let window = window(&surface, 1280, 800);
    let typed = Rc::new(RefCell::new(Vec::<String>::new()));
    let keys = typed.clone();
    window.global::<Keyboard>().on_key(move |key| keys.borrow_mut().push(key.into()));
    let next = typed.clone();
    window.global::<App>().on_next(move || next.borrow_mut().push("next".into()));
    window.global::<App>().set_screen(Screen::Detail);
    surface.dispatch_event_with_result(WindowEvent::WindowActiveChanged(true)).unwrap();
    settle();

    let press = |text: SharedString| {
        surface.dispatch_event_with_result(WindowEvent::KeyPressed { text: text.clone() }).unwrap();
        surface.dispatch_event_with_result(WindowEvent::KeyReleased { text }).unwrap();
    };
    press("7".into());
    press(Key::Backspace.into());
    press(Key::Delete.into());
    press(Key::Tab.into());
    press(Key::F1.into());
    press(Key::LeftArrow.into());
    press(Key::Return.into());
    // A covered page hears nothing.
    window.global::<Overlay>().set_kind(OverlayKind::StillThere);
    press("8".into());
    press(Key::Return.into());
    assert_eq!(*typed.borrow(), ["7", "backspace", "clear", "next"]);
}

/// A screen reader finds a sheet's texts and buttons only while the sheet is open.
#[test]
fn a_closed_sheet_leaves_nothing_behind() {
    let surface = surface();
    let window = window(&surface, 1280, 800);
    slint::select_bundled_translation("id").unwrap();
    window.global::<App>().set_screen(Screen::Reason);
    settle();
    let labels = || {
        let found = ElementQuery::from_root(&window).find_all();
        found.iter().filter_map(ElementHandle::accessible_label).collect::<Vec<_>>()
    };
    let before = labels();
    for (kind, texts) in [
        (OverlayKind::Help, ["Tutup bantuan", "Hentikan klaim dan keluar"]),
        (OverlayKind::StillThere, ["Ya, lanjutkan", "Selesai, hapus data saya"]),
        (OverlayKind::Leave, ["Tetap di sini", "Hapus dan keluar"]),
    ] {
        window.global::<Overlay>().set_kind(kind);
        settle();
        let open = labels();
        for text in texts {
            assert!(open.iter().any(|label| label == text), "{text:?} is not on its sheet");
        }
        window.global::<Overlay>().set_kind(OverlayKind::None);
        settle();
        assert_eq!(labels(), before, "after {kind:?}");
    }
}

/// What the primary button says once the claim is signed, and when there is none.
#[test]
fn the_last_page_offers_only_what_can_be_done() {
    let surface = surface();
    let window = window(&surface, 1280, 800);
    slint::select_bundled_translation("id").unwrap();
    window.global::<App>().set_screen(Screen::Finished);
    for (state, wanted) in [
        (FinishedState::Saving, None),
        (FinishedState::Failed, Some("Coba lagi")),
        (FinishedState::Kept, Some("Selesai")),
        (FinishedState::Confirmed, Some("Selesai")),
    ] {
        window.global::<FinishedAdapter>().set_state(state);
        settle();
        let offered: Vec<_> = measured(&window).into_iter().map(|(label, ..)| label).collect();
        let primary = offered.iter().find(|label| ["Coba lagi", "Selesai"].contains(&label.as_str()));
        assert_eq!(primary.map(SharedString::as_str), wanted, "{state:?}: {offered:?}");
    }
}

/// A booth draws all its pages in one window, in any order, while the reader changes the shape of the text.
#[test]
fn one_window_shows_all_pages_after_each_other() {
    let surface = surface();
    let window = window(&surface, 1280, 720);
    let mut pixels = vec![slint::Rgb8Pixel::default(); 1280 * 720];
    for (index, (_, prepare)) in specimens::SHOTS.iter().chain(specimens::SHOTS.iter().rev()).enumerate() {
        window.global::<Theme>().set_scale(1.0 + 0.25 * (index % 3) as f32);
        window.global::<Theme>().set_high_contrast(index % 2 == 1);
        prepare(&window);
        settle();
        surface.request_redraw();
        let drawn = surface.draw_if_needed(|renderer| {
            renderer.render(&mut pixels, 1280);
        });
        assert!(drawn);
    }
}

/// Texts in `@tr("..")` of one file, still escaped.
fn messages(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in source.split("@tr(\"").skip(1) {
        let mut escaped = false;
        let end = part.find(|character| {
            let closes = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            closes
        });
        found.push(part[..end.unwrap()].to_owned());
    }
    found
}

#[test]
fn every_text_has_its_indonesian_and_every_translation_its_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<String> = Vec::new();
    for folder in [".", "components", "pages"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "slint") {
                texts.extend(messages(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    texts.sort();
    texts.dedup();
    assert!(texts.len() > 100, "the texts were not found");

    let po = std::fs::read_to_string(root.join("lang/id/LC_MESSAGES/bilik-ui.po")).unwrap();
    let field =
        |line: &str, name: &str| Some(line.strip_prefix(name)?.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned());
    let mut translated = Vec::new();
    let mut lines = po.lines();
    while let Some(line) = lines.next() {
        let Some(text) = field(line, "msgid").filter(|text| !text.is_empty()) else { continue };
        let translation = field(lines.next().unwrap(), "msgstr").unwrap();
        assert!(!translation.is_empty(), "{text:?} has no translation");
        assert_eq!(text.matches("{}").count(), translation.matches("{}").count(), "{text:?}");
        translated.push(text);
    }
    translated.sort();
    assert_eq!(texts, translated);
}
