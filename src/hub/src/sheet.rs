//! A day's statistics as one table, for spreadsheets: CSV, and XLSX.
//!
//! A text that a spreadsheet could take for a formula (a name may begin with `=`) is a text in both: in XLSX by the kind of its
//! cell, in CSV by an apostrophe before it, which is what spreadsheets themselves show text by.

use bilik_claim::sentence::{Code, RETURN_REASONS};
use bilik_claim::statistics::{DayStatistics, Figures};
use bilik_claim::text::{Language, Text};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// The first row is the head.
pub struct Table {
    day: String,
    rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Text(String),
    Number(f64),
    Empty,
}

const SCOPE: Text = Text::new("Bagian", "Part");
const NAME: Text = Text::new("Nama", "Name");
const ALL: Text = Text::new("Seluruhnya", "All");
const OFFICER: Text = Text::new("Petugas", "Officer");
const HOUR: Text = Text::new("Jam", "Hour");

type Column = (Text, fn(&Figures) -> Cell);

/// Beside the reasons, of which each has a column.
const COLUMNS: [Column; 21] = [
    (Text::new("Kunjungan", "Visits"), |f| count(f.visits)),
    (Text::new("Disetujui", "Verified"), |f| count(f.verified)),
    (Text::new("Dikembalikan", "Returned"), |f| count(f.returned)),
    (Text::new("Tanpa petugas", "Without an officer"), |f| count(f.unverified)),
    (Text::new("Tanpa klaim", "Without a claim"), |f| count(f.left)),
    (Text::new("Diputuskan lewat telepon", "Decided on the phone"), |f| count(f.phoned)),
    (Text::new("Waktu tugas (menit)", "On duty (minutes)"), |f| number(Some(f64::from(f.duty_s) / 60.0))),
    (Text::new("Klaim per jam petugas", "Claims per officer-hour"), |f| number(f.per_hour)),
    (Text::new("Perhatian per klaim (detik)", "Attention per claim (s)"), |f| number(f.attention_s)),
    (Text::new("Menunggu petugas: jumlah", "Waits for an officer"), |f| count(f.seat.count)),
    (Text::new("Menunggu petugas: median (detik)", "For an officer: median (s)"), |f| number(f.seat.median_s)),
    (Text::new("Menunggu petugas: p95 (detik)", "For an officer: p95 (s)"), |f| number(f.seat.p95_s)),
    (Text::new("Menunggu dilihat: jumlah", "Waits for the officer's eyes"), |f| count(f.eyes.count)),
    (Text::new("Menunggu dilihat: median (detik)", "For the eyes: median (s)"), |f| number(f.eyes.median_s)),
    (Text::new("Menunggu dilihat: p95 (detik)", "For the eyes: p95 (s)"), |f| number(f.eyes.p95_s)),
    (Text::new("Lebih dari 30 detik", "Beyond 30 s"), |f| count(f.alarms)),
    (Text::new("Nilai 4 (sangat baik)", "Rated 4 (very good)"), |f| count(f.ratings[3])),
    (Text::new("Nilai 3", "Rated 3"), |f| count(f.ratings[2])),
    (Text::new("Nilai 2", "Rated 2"), |f| count(f.ratings[1])),
    (Text::new("Nilai 1 (buruk)", "Rated 1 (bad)"), |f| count(f.ratings[0])),
    (Text::new("Penilaian", "Ratings"), |f| count(f.ratings.iter().sum())),
];

impl Table {
    pub fn of(day: &DayStatistics, language: Language) -> Self {
        let text = |text: Text| Cell::Text(text.get(language).to_owned());
        // Another item's reason, or one's own words, count as another reason.
        let reasons = || RETURN_REASONS.iter().copied().chain([Code::Other]);
        let head = [SCOPE, NAME].into_iter().chain(COLUMNS.map(|(title, _)| title)).chain(reasons().map(Code::text));
        let mut rows: Vec<Vec<Cell>> = vec![head.map(text).collect()];
        let mut add = |scope: Text, name: String, figures: &Figures| {
            let of = |code: Code| {
                let known = |reason: Code| if RETURN_REASONS.contains(&reason) { reason } else { Code::Other };
                figures.reasons.iter().filter(|row| known(row.reason) == code).map(|row| row.count).sum()
            };
            let cells = COLUMNS.iter().map(|(_, cell)| cell(figures)).chain(reasons().map(|code| count(of(code))));
            rows.push([text(scope), Cell::Text(name)].into_iter().chain(cells).collect());
        };
        add(ALL, day.day.clone(), &day.total);
        day.officers.iter().for_each(|one| add(OFFICER, one.name.clone(), &one.figures));
        day.hours.iter().for_each(|one| add(HOUR, format!("{:02}.00", one.hour), &one.figures));
        Self { day: day.day.clone(), rows }
    }

    /// RFC 4180, with a byte order mark: without it a spreadsheet guesses the encoding.
    pub fn csv(&self) -> String {
        let mut text = String::from('\u{feff}');
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(csv_cell).collect();
            text += &cells.join(",");
            text += "\r\n";
        }
        text
    }

    pub fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let (bold, one_place) = (Format::new().set_bold(), Format::new().set_num_format("0.0"));
        let sheet = book.add_worksheet();
        sheet.set_name(&self.day)?;
        sheet.set_freeze_panes(1, 2)?;
        for (row, cells) in (0..).zip(&self.rows) {
            for (column, cell) in (0..).zip(cells) {
                match cell {
                    Cell::Text(text) if row == 0 => sheet.write_string_with_format(row, column, text, &bold)?,
                    Cell::Text(text) => sheet.write_string(row, column, text)?,
                    Cell::Number(number) if number.fract() == 0.0 => sheet.write_number(row, column, *number)?,
                    Cell::Number(number) => sheet.write_number_with_format(row, column, *number, &one_place)?,
                    Cell::Empty => continue,
                };
            }
        }
        sheet.autofit();
        book.save_to_buffer()
    }
}

fn count(count: u32) -> Cell {
    Cell::Number(count.into())
}

fn number(number: Option<f64>) -> Cell {
    number.map_or(Cell::Empty, Cell::Number)
}

fn csv_cell(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Cell::Number(number) => format!("{number:.1}"),
        Cell::Text(text) => {
            let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
            let text = if formula { format!("'{text}") } else { text.clone() };
            if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_claim::ids::OfficerId;
    use bilik_claim::statistics::{HourFigures, OfficerFigures, ReasonCount, Waits};
    use uuid::Uuid;

    fn day(name: &str) -> DayStatistics {
        let reasons = vec![
            ReasonCount { reason: Code::WaitingPeriod, count: 3 },
            ReasonCount { reason: Code::Blurred, count: 2 },
            ReasonCount { reason: Code::Other, count: 1 },
        ];
        let figures = Figures {
            visits: 7,
            per_hour: Some(4.25),
            eyes: Waits { count: 2, median_s: Some(12.0), p95_s: None },
            reasons,
            ..Figures::default()
        };
        let officer = OfficerFigures { officer: OfficerId(Uuid::nil()), name: name.into(), figures: figures.clone() };
        let hours = vec![HourFigures { hour: 9, figures: Figures::default() }];
        DayStatistics { day: "2026-11-23".into(), total: figures, officers: vec![officer], hours }
    }

    #[test]
    fn each_row_has_each_column() {
        let table = Table::of(&day("Sari Contoh"), Language::Id);
        assert_eq!(table.rows.len(), 4);
        assert!(table.rows.iter().all(|row| row.len() == 2 + COLUMNS.len() + RETURN_REASONS.len() + 1));
        let column = |title: &str| table.rows[0].iter().position(|cell| *cell == Cell::Text(title.into())).unwrap();
        let cell = |title| table.rows[1][column(title)].clone();
        assert_eq!(cell("Kunjungan"), Cell::Number(7.0));
        assert_eq!(cell("Menunggu dilihat: p95 (detik)"), Cell::Empty);
        assert_eq!(cell("Masa tunggu satu bulan belum lewat."), Cell::Number(3.0));
        assert_eq!(cell("Alasan lain"), Cell::Number(3.0), "what has no column of its own");
        assert_eq!(table.rows[3][..2], [Cell::Text("Jam".into()), Cell::Text("09.00".into())]);
    }

    #[test]
    fn nothing_in_a_file_is_a_formula() {
        let check = |name: &str, expect: &str| {
            let table = Table::of(&day(name), Language::En);
            let csv = table.csv();
            let line = csv.lines().nth(2).unwrap();
            assert!(line.starts_with(&format!("Officer,{expect},7,")), "{line}");
            let bytes = table.xlsx().unwrap();
            assert!(bytes.starts_with(b"PK"), "a zip");
        };
        check("Sari Contoh", "Sari Contoh");
        check("=HYPERLINK(\"http://x.example\")", "\"'=HYPERLINK(\"\"http://x.example\"\")\"");
        check("+62", "'+62");
        check("-1", "'-1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t=1");
        check("Contoh, Sari", "\"Contoh, Sari\"");
        assert!(Table::of(&day("x"), Language::Id).csv().starts_with('\u{feff}'));
    }
}
