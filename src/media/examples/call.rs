//! A booth and one page, to try the media path against a real browser on this machine:
//!
//! ```text
//! cargo run -p bilik-media --example call            then open http://127.0.0.1:8765/ in a browser
//! ```
//!
//! The page answers the booth's offer with its own camera, reads the frame counter out of the booth's picture and reports once a
//! second. Signalling is a handful of plain HTTP requests on loopback; it is a trial, not a protocol.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bilik_media::scene::strip;
use bilik_media::{CallId, CameraSource, Media, MediaConfig, MediaEvent, MicrophoneSource, TestScene, Tier};
use tracing::info;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const PAGE: &str = include_str!("call.html");
const ADDRESS: &str = "127.0.0.1:8765";

/// Longest request body that is read, in bytes.
const MOST_BODY_BYTES: usize = 64 * 1024;

fn main() -> Outcome<()> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(std::io::stderr).init();
    let config = MediaConfig {
        camera: CameraSource::Test(TestScene::Usual),
        document_camera: CameraSource::Test(TestScene::Usual),
        microphone: MicrophoneSource::Test,
        label: "Bilik 3".to_owned(),
        // `--all` offers every address of this machine instead, for a browser elsewhere.
        ice_addresses: if std::env::args().any(|argument| argument == "--all") {
            vec![]
        } else {
            vec!["127.0.0.1".parse()?]
        },
        ..MediaConfig::default()
    };
    let (report, events) = channel();
    let media = Media::start(config, move |event| drop(report.send(event)))?;
    let frames = media.frames();
    let officer = frames.officer.clone();
    frames.officer.on_frame(move || {
        if let Some(frame) = officer.take() {
            let middle = frame.rgb.len() / 2;
            tracing::debug!(?frame, pixel = ?frame.rgb.get(middle..middle + 3), strip = ?strip::read(&frame), "officer");
        }
    });
    let listener = TcpListener::bind(ADDRESS)?;
    info!("open http://{ADDRESS}/");
    let mut call = CallId(0);
    for stream in listener.incoming() {
        if let Err(error) = serve(&mut stream?, &media, &events, &mut call) {
            info!(%error, "request");
        }
    }
    Ok(())
}

fn serve(stream: &mut TcpStream, media: &Media, events: &Receiver<MediaEvent>, call: &mut CallId) -> Outcome<()> {
    let mut reader = BufReader::new(stream.try_clone()?.take(2 * MOST_BODY_BYTES as u64));
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse::<usize>()?.min(MOST_BODY_BYTES);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body)?;
    let mut words = request.split_ascii_whitespace();
    let reply = match (words.next(), words.next()) {
        (Some("GET"), Some("/")) => PAGE.to_owned(),
        (Some("GET"), Some("/offer")) => {
            call.0 += 1;
            media.set_tier(Tier::Focus);
            media.start_call(*call);
            offer(events, *call)?
        }
        (Some("POST"), Some("/answer")) => {
            media.accept_answer(*call, body);
            String::new()
        }
        (Some("POST"), Some("/tier")) => {
            media.set_tier(match &*body {
                "focus" => Tier::Focus,
                "tile" => Tier::Tile,
                _ => Tier::Hold,
            });
            String::new()
        }
        (Some("POST"), Some("/report")) => {
            info!(browser = body, booth = ?media.stats());
            for event in events.try_iter() {
                info!(?event);
            }
            String::new()
        }
        _ => return Err(format!("no such page: {}", request.trim()).into()),
    };
    let kind = if reply.starts_with('<') { "text/html; charset=utf-8" } else { "text/plain" };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        reply.len()
    )?;
    stream.write_all(reply.as_bytes())?;
    Ok(())
}

fn offer(events: &Receiver<MediaEvent>, wanted: CallId) -> Outcome<String> {
    loop {
        if let MediaEvent::Offer { call, sdp } = events.recv_timeout(Duration::from_secs(5))?
            && call == wanted
        {
            return Ok(sdp);
        }
    }
}
