//! Opens the window on a desktop with the specimens of one page: `cargo run -p bilik-ui --example window -- reason`.
//! The three switches of the header work.

mod specimens;

use std::error::Error;

use bilik_ui::{App, AppWindow, Theme};
use slint::ComponentHandle;

fn main() -> Result<(), Box<dyn Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_else(|| "welcome".into());
    let (_, prepare) = specimens::SHOTS.iter().find(|(name, _)| *name == wanted).ok_or("no page has this name")?;
    let window = AppWindow::new()?;
    slint::select_bundled_translation("id")?;
    prepare(&window);

    let handle = window.as_weak();
    window.global::<App>().on_contrast_tapped(move || {
        let Some(window) = handle.upgrade() else { return };
        let high = !window.global::<App>().get_contrast();
        window.global::<App>().set_contrast(high);
        window.global::<Theme>().set_high_contrast(high);
    });
    let handle = window.as_weak();
    window.global::<App>().on_text_size_tapped(move || {
        let Some(window) = handle.upgrade() else { return };
        let step = (window.global::<App>().get_text_size() + 1) % 3;
        window.global::<App>().set_text_size(step);
        window.global::<Theme>().set_scale(1.0 + 0.25 * step as f32);
    });
    let handle = window.as_weak();
    window.global::<App>().on_language_tapped(move || {
        let Some(window) = handle.upgrade() else { return };
        let language = if window.global::<App>().get_language() == "id" { "en" } else { "id" };
        if slint::select_bundled_translation(language).is_ok() {
            window.global::<App>().set_language(language.into());
        }
    });
    window.run()?;
    Ok(())
}
