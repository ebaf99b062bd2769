//! Draws every page in every shape it is shown in, without a display, to `target/screens/*.png`.
//!
//! `cargo run -p bilik-ui --example screens -- [WORD..]` draws the pictures whose names contain all the words
//! (`screens documents 1080x1920 high`); without words it draws them all, several hundred. Names are
//! `PAGE_SIZE_LANGUAGE_CONTRAST_TEXTSIZE.png`. What is shown are the preview values of the adapters: specimens.

mod specimens;

use std::{error::Error, io::Write, path::Path, rc::Rc};

use bilik_ui::{App, AppWindow, Theme};
use slint::{
    ComponentHandle, PhysicalSize, Rgb8Pixel, SharedPixelBuffer,
    platform::{
        Platform, PlatformError, WindowAdapter, WindowEvent,
        software_renderer::{MinimalSoftwareWindow, RepaintBufferType},
    },
};

/// Width and height in pixels, and pixels to a logical pixel.
const SIZES: [(u32, u32, f32); 4] = [(1280, 800, 1.0), (1280, 720, 1.0), (1920, 1080, 1.5), (1080, 1920, 1.5)];
const LANGUAGES: [&str; 2] = ["id", "en"];
/// Text scale and its step in the header.
const TEXT: [(f32, i32); 3] = [(1.0, 0), (1.25, 1), (1.5, 2)];

struct Headless(Rc<MinimalSoftwareWindow>);

impl Platform for Headless {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.0.clone())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/screens");
    std::fs::create_dir_all(&folder)?;

    let surface = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
    slint::platform::set_platform(Box::new(Headless(surface.clone())))?;
    let mut drawn = 0;
    for &(name, prepare) in specimens::SHOTS {
        for (width, height, factor) in SIZES {
            for language in LANGUAGES {
                for contrast in [false, true] {
                    for (scale, step) in TEXT {
                        let colours = if contrast { "high" } else { "normal" };
                        let file = format!("{name}_{width}x{height}_{language}_{colours}_{scale}.png");
                        if !words.iter().all(|word| file.contains(word.as_str())) {
                            continue;
                        }
                        let window = AppWindow::new()?;
                        slint::select_bundled_translation(language)?;
                        window.show()?;
                        surface.dispatch_event_with_result(WindowEvent::ScaleFactorChanged { scale_factor: factor })?;
                        surface.set_size(PhysicalSize::new(width, height));
                        let theme = window.global::<Theme>();
                        theme.set_scale(scale);
                        theme.set_high_contrast(contrast);
                        theme.set_calm(true);
                        let app = window.global::<App>();
                        app.set_language(language.into());
                        app.set_text_size(step);
                        app.set_contrast(contrast);
                        prepare(&window);
                        draw(&surface, width, height, &folder.join(&file))?;
                        window.hide()?;
                        drawn += 1;
                    }
                }
            }
        }
    }
    writeln!(std::io::stderr(), "{drawn} pictures in {}", folder.display())?;
    Ok(())
}

fn draw(surface: &MinimalSoftwareWindow, width: u32, height: u32, file: &Path) -> Result<(), Box<dyn Error>> {
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
