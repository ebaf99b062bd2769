//! A robot's finger for the booth: JSON lines over a Unix socket, carried out in the booth's own event loop.
//!
//! Elements are found by the accessible labels that a screen reader reads out, and touched by real pointer events at
//! their middle: what is hidden, covered or disabled cannot be pressed, as on glass.

use anyhow::Context as _;
use bilik_ui::AppWindow;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use serde::{Deserialize, Serialize};
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle as _, LogicalPosition};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// Where the booth listens for its finger.
pub const SOCKET_VARIABLE: &str = "BILIK_TEST_SOCKET";

#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// All that a screen reader would find on the glass now.
    Look,
    /// Press and release in the middle of the element with this label.
    Press { label: String },
    /// A line over the element with this label, in shares of its width and height.
    Draw { label: String, points: Vec<(f32, f32)> },
    /// Keys of a real keyboard.
    Type { text: String },
    /// The window as a PNG file.
    Photograph { path: PathBuf },
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    Seen(Vec<Element>),
    Done,
    Failed(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Element {
    pub label: String,
    pub role: String,
    pub value: String,
    pub enabled: bool,
    pub checked: bool,
    /// Left, top, width, height in logical pixels.
    pub place: (f32, f32, f32, f32),
}

/// The test's end.
#[derive(Debug)]
pub struct Finger {
    stream: BufReader<UnixStream>,
}

impl Finger {
    pub fn connect(socket: &Path) -> anyhow::Result<Self> {
        let stream =
            UnixStream::connect(socket).with_context(|| format!("failed to connect to {}", socket.display()))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    pub fn order(&mut self, order: &Order) -> anyhow::Result<Reply> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        self.stream.get_mut().write_all(line.as_bytes())?;
        let mut answer = String::new();
        self.stream.read_line(&mut answer).context("the booth does not answer its finger")?;
        serde_json::from_str(&answer).context("the booth closed its socket")
    }
}

/// The booth's end: serves one finger at a time, for ever.
pub fn serve(socket: &Path, window: &AppWindow) -> anyhow::Result<()> {
    let listener = UnixListener::bind(socket).with_context(|| format!("failed to listen at {}", socket.display()))?;
    let window = window.as_weak();
    std::thread::Builder::new().name("finger".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = converse(stream, &window) {
                eprint(&error);
            }
        }
    })?;
    Ok(())
}

fn eprint(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "finger: {error:#}");
}

fn converse(stream: UnixStream, window: &slint::Weak<AppWindow>) -> anyhow::Result<()> {
    let mut writer = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let order: Order = serde_json::from_str(&line?)?;
        let (sender, receiver) = mpsc::channel();
        window.upgrade_in_event_loop(move |window| carry_out(&window, order, sender))?;
        let reply = receiver.recv().context("the event loop dropped an order")?;
        writeln!(writer, "{}", serde_json::to_string(&reply)?)?;
    }
    Ok(())
}

fn carry_out(window: &AppWindow, order: Order, reply: mpsc::Sender<Reply>) {
    let answer = match order {
        Order::Look => Reply::Seen(elements(window).into_iter().map(|(_, element)| element).collect()),
        Order::Press { label } => match find(window, &label) {
            Ok(at) => {
                // A finger rests for a moment; lists tell a touch from a swipe by that.
                pointer(window, WindowEvent::PointerMoved { position: at });
                pointer(window, WindowEvent::PointerPressed { position: at, button: PointerEventButton::Left });
                let weak = window.as_weak();
                slint::Timer::single_shot(Duration::from_millis(130), move || {
                    if let Some(window) = weak.upgrade() {
                        pointer(
                            &window,
                            WindowEvent::PointerReleased { position: at, button: PointerEventButton::Left },
                        );
                        pointer(&window, WindowEvent::PointerExited);
                    }
                    let _ = reply.send(Reply::Done);
                });
                return;
            }
            Err(why) => Reply::Failed(why),
        },
        Order::Draw { label, points } => match elements(window).into_iter().find(|(_, element)| element.label == label)
        {
            Some((_, element)) => {
                draw(window, &element, &points);
                Reply::Done
            }
            None => Reply::Failed(format!("nothing to draw on is labelled {label:?}")),
        },
        Order::Type { text } => {
            for character in text.chars() {
                let text = slint::SharedString::from(character);
                pointer(window, WindowEvent::KeyPressed { text: text.clone() });
                pointer(window, WindowEvent::KeyReleased { text });
            }
            Reply::Done
        }
        Order::Photograph { path } => match photograph(window, &path) {
            Ok(()) => Reply::Done,
            Err(error) => Reply::Failed(format!("{error:#}")),
        },
    };
    // The test may have gone away.
    let _ = reply.send(answer);
}

fn pointer(window: &AppWindow, event: WindowEvent) {
    if let Err(error) = window.window().dispatch_event_with_result(event) {
        eprint(&error.into());
    }
}

fn draw(window: &AppWindow, element: &Element, points: &[(f32, f32)]) {
    let (left, top, width, height) = element.place;
    let mut last = LogicalPosition::default();
    for (index, (x, y)) in points.iter().enumerate() {
        last = LogicalPosition::new(left + x * width, top + y * height);
        pointer(window, WindowEvent::PointerMoved { position: last });
        if index == 0 {
            pointer(window, WindowEvent::PointerPressed { position: last, button: PointerEventButton::Left });
        }
    }
    pointer(window, WindowEvent::PointerReleased { position: last, button: PointerEventButton::Left });
    pointer(window, WindowEvent::PointerExited);
}

/// The middle of the element that can be pressed.
fn find(window: &AppWindow, label: &str) -> Result<LogicalPosition, String> {
    let found = elements(window);
    let mut named =
        found.iter().map(|(_, element)| element).filter(|element| element.label == label && is_pressable(element));
    let Some(element) = named.next() else {
        let there: Vec<_> = found.iter().filter(|(_, e)| is_pressable(e)).map(|(_, e)| e.label.as_str()).collect();
        return Err(format!("nothing to press is labelled {label:?}; there are {there:?}"));
    };
    if !element.enabled {
        return Err(format!("{label:?} is disabled"));
    }
    let (left, top, width, height) = element.place;
    Ok(LogicalPosition::new(left + width / 2.0, top + height / 2.0))
}

fn is_pressable(element: &Element) -> bool {
    !matches!(element.role.as_str(), "Text" | "Image" | "None")
}

/// Everything with a label whose middle lies on the glass.
fn elements(window: &AppWindow) -> Vec<(ElementHandle, Element)> {
    let size = window.window().size().to_logical(window.window().scale_factor());
    let labelled = ElementQuery::from_root(window)
        .match_predicate(|element| element.accessible_label().is_some_and(|label| !label.is_empty()));
    let mut seen = Vec::new();
    for handle in labelled.find_all() {
        let (at, own) = (handle.absolute_position(), handle.size());
        let (x, y) = (at.x + own.width / 2.0, at.y + own.height / 2.0);
        let on_glass = x > 0.0 && y > 0.0 && x < size.width && y < size.height && own.width > 0.0 && own.height > 0.0;
        if !on_glass || handle.computed_opacity() < 0.01 {
            continue;
        }
        let role =
            handle.accessible_role().map_or_else(|| "None".to_owned(), |role: AccessibleRole| format!("{role:?}"));
        let element = Element {
            label: handle.accessible_label().unwrap_or_default().into(),
            role,
            value: handle.accessible_value().unwrap_or_default().into(),
            enabled: handle.accessible_enabled().unwrap_or(true),
            checked: handle.accessible_checked().unwrap_or(false),
            place: (at.x, at.y, own.width, own.height),
        };
        seen.push((handle, element));
    }
    seen
}

fn photograph(window: &AppWindow, path: &Path) -> anyhow::Result<()> {
    let pixels = window.window().take_snapshot().context("failed to photograph the window")?;
    image::save_buffer(path, pixels.as_bytes(), pixels.width(), pixels.height(), image::ColorType::Rgba8)
        .with_context(|| format!("failed to write {}", path.display()))
}
