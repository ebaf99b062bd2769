//! `make screens`: every page of the booth as a participant sees it, in both languages, three sizes, both contrasts and
//! three text sizes, as pictures in `target/screens`.
//!
//! The session and the presenter are the booth's own; only the window is drawn into memory. Words on the command line
//! choose: `screens review portrait en` draws the pictures whose names contain them all.

use anyhow::Context as _;
use bilik_booth::presenter::Presenter;
use bilik_tests::pages::{PAGES, Visit};
use bilik_ui::{AppWindow, Theme};
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, PlatformError, WindowAdapter, WindowEvent};
use slint::{ComponentHandle as _, PhysicalSize, Rgb8Pixel, SharedPixelBuffer};
use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;

/// Name, width and height in pixels, pixels for each logical one.
const SHAPES: [(&str, u32, u32, f32); 3] =
    [("1280x800", 1280, 800, 1.0), ("1920x1080", 1920, 1080, 1.5), ("portrait", 1080, 1920, 1.5)];
const TEXT: [&str; 3] = ["text1", "text1.25", "text1.5"];

struct Memory(Rc<MinimalSoftwareWindow>);

impl Platform for Memory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.0.clone())
    }
}

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let own = std::env::current_exe()?;
    let folder = own.ancestors().nth(2).context("no target folder")?.join("screens");
    // Pictures of an earlier run would pass for today's.
    if words.is_empty() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    std::fs::create_dir_all(&folder)?;
    let surface = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
    slint::platform::set_platform(Box::new(Memory(surface.clone()))).context("no platform")?;
    let mut drawn = 0;
    for (page, play) in PAGES {
        for (shape, width, height, factor) in SHAPES {
            for english in [false, true] {
                for contrast in [false, true] {
                    for (size, text) in TEXT.iter().enumerate() {
                        let language = if english { "en" } else { "id" };
                        let colours = if contrast { "high" } else { "normal" };
                        let file = format!("{page}_{shape}_{language}_{colours}_{text}.png");
                        if !words.iter().all(|word| file.contains(word.as_str())) {
                            continue;
                        }
                        let window = AppWindow::new()?;
                        let mut presenter = Presenter::new(&window, "Bilik 3");
                        window.show()?;
                        surface.dispatch_event_with_result(WindowEvent::ScaleFactorChanged { scale_factor: factor })?;
                        surface.set_size(PhysicalSize::new(width, height));
                        window.global::<Theme>().set_calm(true);
                        let mut visit = Visit::new(english, contrast, size)?;
                        play(&mut visit)?;
                        presenter.show(&visit.session, visit.now());
                        visit.pictures(&window);
                        draw(&surface, width, height, &folder.join(&file))?;
                        window.hide()?;
                        drawn += 1;
                    }
                }
            }
        }
    }
    writeln!(std::io::stdout(), "{drawn} pictures in {}", folder.display())?;
    Ok(())
}

fn draw(surface: &MinimalSoftwareWindow, width: u32, height: u32, file: &Path) -> anyhow::Result<()> {
    // Change handlers run with the timers; some of them lead to others.
    for _ in 0..3 {
        slint::platform::update_timers_and_animations();
    }
    let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(width, height);
    surface.request_redraw();
    surface.draw_if_needed(|renderer| {
        renderer.render(pixels.make_mut_slice(), width as usize);
    });
    image::save_buffer(file, pixels.as_bytes(), width, height, image::ColorType::Rgb8)?;
    Ok(())
}
