//! `bilik-hub decode-image`: one JPEG on standard input, decoded wholly in a process that has given up all it does not need.
//!
//! | Limit | Value |
//! |---|---|
//! | memory | [`MEMORY`] above what the program takes to start |
//! | processor | [`CPU_SECONDS`] |
//! | files, processes, bytes written to a file, core dumps | none |
//! | priority | behind calls and claims |
//!
//! The memory is enough for any baseline file within the bounds of [`picture`], decoded to grey: colours are decoded as well,
//! and only not put together. Of progressive ones, which have to be held whole as coefficients, it is enough for 14
//! megapixels at least. The decoder is told not to use its parts in unsafe code.

use bilik_claim::filing::MAX_PART;
use bilik_claim::picture::{self, Picture, PictureError};
use rustix::process::{DumpableBehavior, Resource, Rlimit, nice, set_dumpable_behavior, setrlimit};
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Name of the command.
pub const COMMAND: &str = "decode-image";
/// Bytes above what the program takes to start.
pub const MEMORY: u64 = 128 << 20;
/// After as many seconds of processor time it is killed.
pub const CPU_SECONDS: u64 = 5;

/// Exit code: the limits could not be set, or the file not be read.
const FAILED: u8 = 1;
/// Exit code: the file is no whole picture.
pub const BROKEN: u8 = 3;
/// Exit code: the file is beyond the bounds of [`picture`].
const TOO_LARGE: u8 = 4;

/// How much lower than the hub's its priority is.
const NICER: i32 = 10;

/// Exit code 0 and [`answer`] for a file that can be decoded.
pub fn main() -> ExitCode {
    match limit().and_then(|()| read()) {
        Ok(file) => match decode(&file) {
            Ok(picture) if io::stdout().write_all(answer(picture).as_bytes()).is_ok() => ExitCode::SUCCESS,
            Ok(_) => ExitCode::from(FAILED),
            Err(error) => complain(&error, code_of(&error)),
        },
        Err(error) => complain(&error, FAILED),
    }
}

/// What is said of a good file: width and height.
pub fn answer(picture: Picture) -> String {
    format!("{} {}\n", picture.width, picture.height)
}

fn limit() -> io::Result<()> {
    let memory = taken()? + MEMORY;
    // Counts from here on, and takes away what the runtime had before: the address space is asked for first.
    for (resource, most) in [
        (Resource::As, memory),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Nofile, 0),
        (Resource::Nproc, 0),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    nice(NICER)?;
    Ok(())
}

/// Address space of this process, in bytes.
fn taken() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.map(|kilobytes: u64| kilobytes << 10).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn read() -> io::Result<Vec<u8>> {
    let mut file = Vec::with_capacity(MAX_PART + 1);
    io::stdin().lock().take(MAX_PART as u64 + 1).read_to_end(&mut file)?;
    Ok(file)
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the file {0}")]
    Header(#[from] PictureError),
    /// The reason comes from the decoder, which is not ours to trust with words: it may quote.
    #[error("the file cannot be decoded")]
    Decode,
}

fn decode(file: &[u8]) -> Result<Picture, Refusal> {
    let picture = picture::read(file)?;
    let (width, height) = (usize::from(picture.width), usize::from(picture.height));
    let options = DecoderOptions::new_safe()
        .set_use_unsafe(false)
        .set_strict_mode(true)
        .set_max_width(width)
        .set_max_height(height)
        .jpeg_set_max_scans(picture::MAX_SCANS as usize)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let grey = decoder.decode().map_err(|_| Refusal::Decode)?;
    let same = decoder.dimensions() == Some((width, height)) && grey.len() == width * height;
    same.then_some(picture).ok_or(Refusal::Decode)
}

fn code_of(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::Header(error) if error.is_size() => TOO_LARGE,
        Refusal::Header(_) | Refusal::Decode => BROKEN,
    }
}

fn complain(error: &dyn std::error::Error, code: u8) -> ExitCode {
    // For somebody who tries it by hand; the hub knows more than this.
    let _ = writeln!(io::stderr(), "{COMMAND}: {error}");
    ExitCode::from(code)
}
