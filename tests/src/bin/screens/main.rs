//! `make screens`: every page of the booth as a participant sees it, in both languages, three sizes, both contrasts and
//! three text sizes, and those of the technicians, as pictures in `target/screens`.
//!
//! The session and the presenter are the booth's own; only the window is drawn into memory. Words on the command line
//! choose: `screens review portrait en` draws the pictures whose names contain them all.

mod technician;

use anyhow::Context as _;
use bilik_booth::presenter::Presenter;
use bilik_tests::pages::{PAGES, Visit};
use bilik_ui::{AppWindow, Theme};
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, PlatformError, WindowAdapter, WindowEvent};
use slint::{ComponentHandle as _, PhysicalSize, Rgb8Pixel, SharedPixelBuffer};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A screen.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    /// In pixels.
    width: u32,
    height: u32,
    /// Pixels for each logical one.
    factor: f32,
}

const WIDE: Shape = Shape { name: "1280x800", width: 1280, height: 800, factor: 1.0 };
const FULL_HD: Shape = Shape { name: "1920x1080", width: 1920, height: 1080, factor: 1.5 };
const PORTRAIT: Shape = Shape { name: "portrait", width: 1080, height: 1920, factor: 1.5 };
const SHAPES: [Shape; 3] = [WIDE, FULL_HD, PORTRAIT];
const TEXT: [&str; 3] = ["text1", "text1.25", "text1.5"];

struct Memory(Rc<MinimalSoftwareWindow>);

impl Platform for Memory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.0.clone())
    }
}

/// Where the pictures go, and which of them are wanted.
struct Gallery {
    surface: Rc<MinimalSoftwareWindow>,
    folder: PathBuf,
    words: Vec<String>,
    drawn: usize,
}

impl Gallery {
    /// Draws a new window as `fill` has filled it, if the file is wanted.
    fn draw(
        &mut self,
        file: &str,
        shape: Shape,
        fill: impl FnOnce(&AppWindow) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if !self.words.iter().all(|word| file.contains(word.as_str())) {
            return Ok(());
        }
        let window = AppWindow::new()?;
        window.show()?;
        self.surface.dispatch_event_with_result(WindowEvent::ScaleFactorChanged { scale_factor: shape.factor })?;
        self.surface.set_size(PhysicalSize::new(shape.width, shape.height));
        window.global::<Theme>().set_calm(true);
        fill(&window)?;
        self.save(shape, &self.folder.join(file))?;
        window.hide()?;
        self.drawn += 1;
        Ok(())
    }

    fn save(&self, shape: Shape, file: &Path) -> anyhow::Result<()> {
        // Change handlers run with the timers; some of them lead to others.
        for _ in 0..3 {
            slint::platform::update_timers_and_animations();
        }
        let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(shape.width, shape.height);
        self.surface.request_redraw();
        self.surface.draw_if_needed(|renderer| {
            renderer.render(pixels.make_mut_slice(), shape.width as usize);
        });
        image::save_buffer(file, pixels.as_bytes(), shape.width, shape.height, image::ColorType::Rgb8)?;
        Ok(())
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
    let mut gallery = Gallery { surface, folder, words, drawn: 0 };
    draw_visits(&mut gallery)?;
    technician::draw(&mut gallery)?;
    writeln!(std::io::stdout(), "{} pictures in {}", gallery.drawn, gallery.folder.display())?;
    Ok(())
}

fn draw_visits(gallery: &mut Gallery) -> anyhow::Result<()> {
    for (page, play) in PAGES {
        for shape in SHAPES {
            for english in [false, true] {
                for contrast in [false, true] {
                    for (size, text) in TEXT.iter().enumerate() {
                        let language = if english { "en" } else { "id" };
                        let colours = if contrast { "high" } else { "normal" };
                        let file = format!("{page}_{}_{language}_{colours}_{text}.png", shape.name);
                        gallery.draw(&file, shape, |window| {
                            let mut presenter = Presenter::new(window, "Bilik 3");
                            let mut visit = Visit::new(english, contrast, size)?;
                            play(&mut visit)?;
                            presenter.show(&visit.session, visit.now());
                            visit.pictures(window);
                            Ok(())
                        })?;
                    }
                }
            }
        }
    }
    Ok(())
}
