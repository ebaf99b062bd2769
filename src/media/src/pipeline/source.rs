//! Where pictures come from: a Video4Linux device, or a scene that a thread draws.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::Running;
use crate::config::{CameraSource, TestScene};
use crate::error::PipelineError;
use crate::scene::{document, person};

/// The element that is the source in every description.
const SOURCE: &str = "source";

/// What a camera is used for, which decides what format is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Moving pictures of a person: 1280x720, fast.
    Face,
    /// Still pictures of documents: as large as it gets.
    Documents,
}

/// The largest picture that is asked of a document camera. An A4 sheet at this size has 300 dots per inch.
const LARGEST: (i32, i32) = (3840, 2160);
const FACE: (i32, i32) = (1280, 720);

/// Slower than this, in frames/s, a picture no longer looks like motion.
const LEAST_RATE: f64 = 15.0;

/// Faster than this nothing is gained.
const MOST_RATE: f64 = 30.0;

/// How a source stands in a description, and what must be set on it afterwards.
pub(super) struct Source {
    /// The start of the description, up to raw pictures.
    pub description: String,
    kind: Kind,
}

enum Kind {
    Test(TestScene),
    V4l2 { device: String, format: gst::Caps },
}

/// A source in a pipeline. A drawn scene stops when this is dropped.
pub(super) struct Attached {
    _feed: Option<Feed>,
}

/// Checks that a camera can be opened, without starting it.
///
/// # Errors
///
/// If the device does not exist, is busy, or has no picture format that can be used.
pub(crate) fn probe_camera(camera: &CameraSource, place: Place) -> Result<(), PipelineError> {
    prepare(camera, place).map(drop)
}

/// Decides how a camera is driven; opens a real one to ask for its formats.
pub(super) fn prepare(camera: &CameraSource, place: Place) -> Result<Source, PipelineError> {
    match camera {
        CameraSource::None => Err(PipelineError::Open { device: "none".to_owned() }),
        CameraSource::Test(scene) => {
            let scene = match (scene, place) {
                (TestScene::Usual, Place::Face) => TestScene::Person,
                (TestScene::Usual, Place::Documents) => TestScene::Document,
                (named, Place::Face | Place::Documents) => *named,
            };
            let (width, height, rate) = scene_format(scene);
            let description = format!(
                "appsrc name={SOURCE} is-live=true do-timestamp=true format=time max-buffers=2 leaky-type=downstream \
                 caps=video/x-raw,format=I420,width={width},height={height},framerate={rate}/1,colorimetry=bt709,\
                 pixel-aspect-ratio=1/1"
            );
            Ok(Source { description, kind: Kind::Test(scene) })
        }
        CameraSource::V4l2(path) => {
            let device = path.display().to_string();
            let formats = formats_of(path)?;
            let (format, jpeg) =
                choose_format(&formats, place).ok_or_else(|| PipelineError::NoFormat { device: device.clone() })?;
            let description = format!("v4l2src name={SOURCE} ! capsfilter name=format{}", unpacking(place, jpeg));
            Ok(Source { description, kind: Kind::V4l2 { device, format } })
        }
    }
}

impl Source {
    /// Finishes the source inside its pipeline, before that plays. A drawn scene starts to feed it.
    pub fn attach(&self, running: &Running, label: &str) -> Result<Attached, PipelineError> {
        match &self.kind {
            Kind::Test(scene) => Ok(Attached { _feed: Some(Feed::start(running.source(SOURCE)?, *scene, label)?) }),
            Kind::V4l2 { device, format } => {
                running.element(SOURCE)?.set_property("device", device);
                running.element("format")?.set_property("caps", format);
                Ok(Attached { _feed: None })
            }
        }
    }

    /// How long after its start a camera's pictures are still too dark or too bright, because it adjusts itself.
    pub fn warm_up(&self) -> Duration {
        match self.kind {
            Kind::Test(_) => Duration::ZERO,
            Kind::V4l2 { .. } => Duration::from_millis(700),
        }
    }
}

/// What stands between a camera's format and raw pictures.
///
/// A document camera sends its large pictures as fast as it can, and unpacking each of them would cost more than the whole call
/// beside it: those that nobody would see are left out before.
fn unpacking(place: Place, jpeg: bool) -> &'static str {
    match (place, jpeg) {
        (Place::Documents, true) => " ! videorate drop-only=true max-rate=10 ! jpegdec",
        (Place::Documents, false) => " ! videorate drop-only=true max-rate=10",
        (Place::Face, true) => " ! jpegdec",
        (Place::Face, false) => "",
    }
}

/// Asks a device what it can do. It is closed again.
fn formats_of(path: &Path) -> Result<gst::Caps, PipelineError> {
    let device = path.display().to_string();
    let refused = || PipelineError::Open { device: device.clone() };
    let source = gst::ElementFactory::make("v4l2src").property("device", &device).build().map_err(|_| refused())?;
    let formats =
        source.set_state(gst::State::Ready).ok().and_then(|_| Some(source.static_pad("src")?.query_caps(None)));
    let _closed = source.set_state(gst::State::Null);
    formats.ok_or_else(refused)
}

/// One format of a device.
struct Format {
    jpeg: bool,
    width: i32,
    height: i32,
    rate: f64,
    caps: gst::Caps,
}

/// The format that fits the place best, and whether its pictures are JPEG.
///
/// USB cameras send large pictures fast only as JPEG, so what counts is size and rate; of two equal ones, raw costs less.
fn choose_format(formats: &gst::CapsRef, place: Place) -> Option<(gst::Caps, bool)> {
    let (width, height) = match place {
        Place::Face => FACE,
        Place::Documents => LARGEST,
    };
    let best = formats.iter().filter_map(|structure| format_of(structure, (width, height))).max_by(|one, other| {
        let moves = |format: &Format| place == Place::Documents || format.rate >= LEAST_RATE;
        let missing = |format: &Format| (width * height - format.width * format.height).abs();
        moves(one)
            .cmp(&moves(other))
            .then_with(|| missing(other).cmp(&missing(one)))
            .then_with(|| one.rate.min(MOST_RATE).total_cmp(&other.rate.min(MOST_RATE)))
            .then_with(|| other.jpeg.cmp(&one.jpeg))
    })?;
    Some((best.caps, best.jpeg))
}

/// Reads one entry of a device's formats; ranges are settled at the wanted size. `None` if it is no format that we decode.
fn format_of(structure: &gst::StructureRef, wanted: (i32, i32)) -> Option<Format> {
    let jpeg = match structure.name().as_str() {
        "image/jpeg" => true,
        "video/x-raw" => false,
        _ => return None,
    };
    let side = |field: &str, wanted: i32| {
        structure.get::<i32>(field).ok().or_else(|| {
            let range = structure.get::<gst::IntRange<i32>>(field).ok()?;
            Some(wanted.clamp(range.min(), range.max()))
        })
    };
    let (width, height) = (side("width", wanted.0)?, side("height", wanted.1)?);
    if width < 16 || height < 16 || width > LARGEST.0 || height > LARGEST.1 {
        return None;
    }
    let as_number = |fraction: gst::Fraction| f64::from(fraction.numer()) / f64::from(fraction.denom().max(1));
    let mut rates: Vec<gst::Fraction> = Vec::new();
    if let Ok(rate) = structure.get::<gst::Fraction>("framerate") {
        rates.push(rate);
    } else if let Ok(list) = structure.get::<gst::List>("framerate") {
        rates.extend(list.iter().filter_map(|rate| rate.get::<gst::Fraction>().ok()));
    } else if let Ok(range) = structure.get::<gst::FractionRange>("framerate") {
        rates.extend([range.min(), gst::Fraction::new(30, 1).min(range.max())]);
    }
    let usable = |rate: &gst::Fraction| as_number(*rate) <= MOST_RATE;
    let fastest = rates.iter().copied().filter(usable).max_by(|a, b| as_number(*a).total_cmp(&as_number(*b)));
    let rate = fastest.or_else(|| rates.iter().copied().min_by(|a, b| as_number(*a).total_cmp(&as_number(*b))))?;
    let caps = gst::Caps::builder(structure.name().as_str())
        .field("width", width)
        .field("height", height)
        .field("framerate", rate)
        .build();
    Some(Format { jpeg, width, height, rate: as_number(rate), caps })
}

fn scene_format(scene: TestScene) -> (usize, usize, u32) {
    match scene {
        TestScene::Usual | TestScene::Person | TestScene::Clock => {
            (person::WIDTH, person::HEIGHT, person::FRAMES_PER_SECOND)
        }
        TestScene::Document | TestScene::Blurred | TestScene::Glare | TestScene::Dark => {
            (document::WIDTH, document::HEIGHT, document::FRAMES_PER_SECOND)
        }
    }
}

/// A thread that draws a scene at its rate into a pipeline. It ends when this is dropped.
struct Feed {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    fn start(source: AppSrc, scene: TestScene, label: &str) -> Result<Self, PipelineError> {
        let name = "test-scene";
        let label = label.to_owned();
        let (stop, stopped) = channel::<()>();
        let run = move || {
            let (.., rate) = scene_format(scene);
            let step = Duration::from_secs(1) / rate;
            let mut next_frame = frames_of(scene, &label);
            let mut due = Instant::now();
            loop {
                if source.push_buffer(next_frame()).is_err() {
                    // The pipeline is stopping, and with it this thread.
                    return;
                }
                due = (due + step).max(Instant::now());
                match stopped.recv_timeout(due.saturating_duration_since(Instant::now())) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread = thread.map_err(|source| PipelineError::Thread { name, source })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Memory of a frame, which comes home when nobody uses it any more: a camera's driver asks for none while it runs either. Not
/// GStreamer's own pool: it takes no buffer back that an element has made a copy of, and some do of each.
struct Lent {
    planes: Vec<u8>,
    home: Sender<Vec<u8>>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.planes
    }
}

impl AsMut<[u8]> for Lent {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.planes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Once the scene has ended there is no home.
        let _ended = self.home.send(std::mem::take(&mut self.planes));
    }
}

/// Makes one frame after the other.
fn frames_of(scene: TestScene, label: &str) -> Box<dyn FnMut() -> gst::Buffer> {
    match scene {
        TestScene::Usual | TestScene::Person | TestScene::Clock => {
            let person = person::Person::new(label);
            let mut counter = 0;
            let (home, back) = channel();
            Box::new(move || {
                let planes = back.try_recv().unwrap_or_else(|_| vec![0; person.len()]);
                let mut lent = Lent { planes, home: home.clone() };
                let code = if scene == TestScene::Clock { wall_millis() } else { counter };
                person.draw(counter, code, &mut lent.planes);
                counter += 1;
                gst::Buffer::from_mut_slice(lent)
            })
        }
        TestScene::Document | TestScene::Blurred | TestScene::Glare | TestScene::Dark => {
            let still = gst::Buffer::from_slice(document::draw(scene).to_i420());
            // A copy shares the memory: only its time stamps are its own.
            Box::new(move || still.copy())
        }
    }
}

/// Milliseconds since 1970; 0 on a machine whose clock stands before.
fn wall_millis() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(formats: &str, place: Place, expect: Option<(&str, bool)>) {
        gst::init().unwrap();
        let formats: gst::Caps = formats.parse().unwrap();
        let chosen = choose_format(&formats, place);
        let expect = expect.map(|(caps, jpeg)| (caps.parse::<gst::Caps>().unwrap(), jpeg));
        assert_eq!(chosen, expect, "{place:?} from {formats}");
    }

    #[test]
    fn the_format_that_fits_the_place_is_chosen() {
        let usb = "video/x-raw,format=YUY2,width=1280,height=720,framerate={10/1,5/1}; \
                   video/x-raw,format=YUY2,width=640,height=480,framerate={30/1,15/1}; \
                   image/jpeg,width=1920,height=1080,framerate={30/1,15/1}; \
                   image/jpeg,width=1280,height=720,framerate={60/1,30/1,15/1}; \
                   video/x-h264,width=1920,height=1080,framerate=30/1";
        check(usb, Place::Face, Some(("image/jpeg,width=1280,height=720,framerate=30/1", true)));
        check(usb, Place::Documents, Some(("image/jpeg,width=1920,height=1080,framerate=30/1", true)));

        let raw = "video/x-raw,format=YUY2,width=[1,4096],height=[1,4096],framerate=[0/1,120/1]; image/jpeg,width=1280,height=720,framerate=30/1";
        check(raw, Place::Face, Some(("video/x-raw,width=1280,height=720,framerate=30/1", false)));
        check(raw, Place::Documents, Some(("video/x-raw,width=3840,height=2160,framerate=30/1", false)));

        let slow = "video/x-raw,format=YUY2,width=2048,height=1536,framerate=3/1";
        check(slow, Place::Documents, Some(("video/x-raw,width=2048,height=1536,framerate=3/1", false)));
        check(slow, Place::Face, Some(("video/x-raw,width=2048,height=1536,framerate=3/1", false)));

        check("video/x-h264,width=1280,height=720,framerate=30/1", Place::Face, None);
        check("image/jpeg,width=1280,height=720", Place::Face, None);
        check("video/x-raw,width=9000,height=9000,framerate=1/1", Place::Documents, None);
    }

    #[test]
    fn large_pictures_of_documents_are_not_all_unpacked() {
        gst::init().unwrap();
        let check = |place, jpeg, expect: std::ops::RangeInclusive<usize>| {
            // Three seconds of a camera's pictures, as fast as they come.
            let pack = if jpeg { " ! jpegenc" } else { "" };
            let description = format!(
                "videotestsrc num-buffers=90 ! video/x-raw,format=I420,width=64,height=48,framerate=30/1{pack}{} ! appsink name=out sync=false",
                unpacking(place, jpeg)
            );
            let running = Running::build("cost", &description, |_| {}).unwrap();
            running.play().unwrap();
            let out = running.sink("out").unwrap();
            let unpacked = std::iter::from_fn(|| out.pull_sample().ok()).count();
            assert!(expect.contains(&unpacked), "{place:?}, jpeg {jpeg}: {unpacked} pictures");
        };
        for jpeg in [true, false] {
            check(Place::Documents, jpeg, 25..=31);
            check(Place::Face, jpeg, 90..=90);
        }
    }

    #[test]
    fn a_device_that_is_not_there_is_named() {
        gst::init().unwrap();
        let camera = CameraSource::V4l2("/dev/no-such-camera".into());
        let error = probe_camera(&camera, Place::Face).unwrap_err();
        assert!(error.to_string().contains("/dev/no-such-camera"), "{error}");
        assert!(probe_camera(&CameraSource::Test(TestScene::Usual), Place::Face).is_ok());
        assert!(probe_camera(&CameraSource::None, Place::Face).is_err());
    }
}
