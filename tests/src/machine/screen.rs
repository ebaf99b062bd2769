//! Reading a screen as people do: what words stand on it, and where.
//!
//! Tesseract reads the picture twice as large: once in negative, and once only what is light on dark buttons, which it
//! passes over otherwise. Single digits on keys it does not find.

use anyhow::Context as _;
use image::imageops::{FilterType, resize};
use image::{GrayImage, ImageReader, Luma};
use std::path::Path;
use std::process::Command;

const SCALE: u32 = 2;
/// The widest part of a light letter.
const STROKE: u32 = 24;
/// Half the width of a pixel's surroundings: more than a letter, less than a button.
const AROUND: u32 = 24;
/// Of a hundred. Below are shapes that were taken for letters.
const SURE: f32 = 30.0;

/// A word and its box, in pixels of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    pub words: Vec<Word>,
}

impl Screen {
    pub fn read(picture: &Path) -> anyhow::Result<Self> {
        let opened = ImageReader::open(picture).and_then(ImageReader::with_guessed_format);
        let shown = opened.with_context(|| format!("failed to open {}", picture.display()))?.decode()?.into_luma8();
        let (width, height) = shown.dimensions();
        let negative = GrayImage::from_fn(width, height, |x, y| Luma([255 - shown.get_pixel(x, y).0[0]]));
        let mut words = recognize(&negative, &picture.with_extension("negative.pgm"))?;
        words.extend(recognize(&light_on_dark(&shown), &picture.with_extension("buttons.pgm"))?);
        Ok(Self { width, height, words })
    }

    /// Where these words stand side by side in one line: the middle of them. A button and a sentence may have the same
    /// words; so the lowest place counts, and capitals do where that finds something.
    pub fn find(&self, text: &str) -> Option<(u32, u32)> {
        self.find_as(text, letters).or_else(|| self.find_as(text, |word| letters(word).to_lowercase()))
    }

    fn find_as(&self, text: &str, letters: impl Fn(&str) -> String) -> Option<(u32, u32)> {
        let wanted: Vec<_> = text.split_whitespace().map(&letters).filter(|word| !word.is_empty()).collect();
        let (first, rest) = wanted.split_first()?;
        let starts = self.words.iter().filter(|word| letters(&word.text) == *first);
        let places = starts.filter_map(|start| {
            let mut end = start;
            for next in rest {
                end = self.words.iter().find(|word| letters(&word.text) == *next && follows(end, word))?;
            }
            let middle = |word: &Word| word.top + word.height / 2;
            Some(((start.left + end.left + end.width) / 2, (middle(start) + middle(end)) / 2))
        });
        places.max_by_key(|(_, down)| *down)
    }

    /// Everything, for a person who wonders.
    pub fn text(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

fn recognize(picture: &GrayImage, file: &Path) -> anyhow::Result<Vec<Word>> {
    let (width, height) = picture.dimensions();
    let large = resize(picture, width * SCALE, height * SCALE, FilterType::Nearest);
    // As Netpbm has it: nothing to be packed and unpacked.
    let header = format!("P5 {} {} 255\n", large.width(), large.height());
    std::fs::write(file, [header.as_bytes(), large.as_raw()].concat())?;
    let mut tesseract = Command::new("tesseract");
    tesseract.arg(file).args(["-", "-l", "ind", "--psm", "11", "tsv"]).env("OMP_THREAD_LIMIT", "1");
    let said = tesseract.output().context("failed to run tesseract; `make image-test` installs it")?;
    let _ = std::fs::remove_file(file);
    anyhow::ensure!(said.status.success(), "tesseract: {}", String::from_utf8_lossy(&said.stderr));
    Ok(words(&String::from_utf8_lossy(&said.stdout)))
}

/// What is light and has dark ground on both sides, dark on white; nothing else.
fn light_on_dark(picture: &GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let dark = |x: u32, y: u32| picture.get_pixel(x, y).0[0] < 128;
    let mut seen = GrayImage::from_pixel(width, height, Luma([255]));
    for y in 0..height {
        let mut last = None;
        for x in (0..width).filter(|x| dark(*x, y)) {
            // Between two dark pixels: a stroke of a letter, if it is narrow and most of its surroundings are dark.
            let from = last.map_or(x, |last: u32| last + 1);
            if x > from && x - from <= STROKE && ground_is_dark(picture, (from + x) / 2, y) {
                (from..x).for_each(|x| seen.put_pixel(x, y, Luma([255 - picture.get_pixel(x, y).0[0]])));
            }
            last = Some(x);
        }
    }
    seen
}

fn ground_is_dark(picture: &GrayImage, x: u32, y: u32) -> bool {
    let (left, right) = (x.saturating_sub(AROUND), (x + AROUND).min(picture.width()));
    let (top, bottom) = (y.saturating_sub(AROUND / 2), (y + AROUND / 2).min(picture.height()));
    let pixels = (top..bottom).flat_map(|y| (left..right).map(move |x| picture.get_pixel(x, y).0[0]));
    let dark = pixels.filter(|value| *value < 128).count();
    dark * 2 > ((right - left) * (bottom - top)) as usize
}

/// In the same line, a space further to the right.
fn follows(word: &Word, next: &Word) -> bool {
    let (high, end) = (word.height.max(next.height), word.left + word.width);
    let level = (word.top + word.height / 2).abs_diff(next.top + next.height / 2) <= high / 2;
    level && next.left + high / 2 >= end && next.left <= end + high * 3 / 2
}

/// What stays of a word when signs that look alike are one, and strokes and dots that come and go are none.
fn letters(word: &str) -> String {
    let alike = |letter| match letter {
        'i' | 'I' | 'l' | '1' | '|' => 'l',
        'o' | 'O' | '0' => 'o',
        other => other,
    };
    word.chars().filter(|letter| letter.is_alphanumeric() || *letter == '|').map(alike).collect()
}

/// The words of Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
fn words(table: &str) -> Vec<Word> {
    let word = |line: &str| {
        let columns: Vec<_> = line.split('\t').collect();
        let [_, _, _, _, _, _, left, top, width, height, sure, text] = columns[..] else { return None };
        let number = |column: &str| column.parse::<u32>().ok().map(|pixels| pixels / SCALE);
        let sure = sure.parse::<f32>().ok()? >= SURE && !text.trim().is_empty();
        let text = text.trim().to_owned();
        let (left, top, width, height) = (number(left)?, number(top)?, number(width)?, number(height)?);
        sure.then_some(Word { text, left, top, width, height })
    };
    table.lines().filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
        1\t1\t0\t0\t0\t0\t0\t0\t2560\t1600\t-1\t\n\
        5\t1\t1\t1\t1\t1\t100\t200\t160\t40\t96.1\tHapus\n\
        5\t1\t1\t1\t1\t2\t276\t204\t60\t40\t95.2\tdan\n\
        5\t1\t1\t1\t1\t3\t350\t200\t160\t44\t90.0\tpasang.\n\
        5\t1\t2\t1\t1\t1\t1340\t400\t160\t40\t96.0\thapus\n\
        5\t1\t2\t1\t1\t1\t1580\t400\t160\t40\t96.0\tsemua\n\
        5\t1\t2\t1\t1\t1\t1800\t400\t160\t40\t12.0\tAmd\n";

    #[test]
    fn words_are_found_where_they_stand() {
        let screen = Screen { width: 1280, height: 800, words: words(TABLE) };
        let check = |text: &str, expect| assert_eq!(screen.find(text), expect, "{text}");
        check("Hapus dan pasang", Some((152, 110)));
        check("hapus", Some((710, 210)));
        check("Hapus", Some((90, 110)));
        check("DAN PASANG", Some((196, 111)));
        check("dan pasang", Some((196, 111)));
        check("semua", Some((830, 210)));
        // Not one line, not in this order, not sure enough, not there, nothing.
        for absent in ["Hapus dan semua", "pasang dan", "Amd", "Hapus pasang", "Mulai", "", " . "] {
            check(absent, None);
        }
        assert_eq!(letters("Il1|oO0."), "llllooo");
    }
}
