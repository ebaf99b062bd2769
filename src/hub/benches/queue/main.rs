//! How fast the queue and the intake are, as ratios to what the same disk does without them: `make bench-journal`.
//!
//! | Part | Its rival |
//! |---|---|
//! | [`keeping`]: a claim of 3 MB is sealed and committed at the booth | the same bytes, written into a new file and fsynced |
//! | [`receipts`]: the hub judges and keeps small claims | bare commits to SQLite, of a row of as many bytes each |
//! | [`draining`]: a thousand claims are kept and delivered | none; memory has to stay flat |
//!
//! Rivals take turns within each round, there and back (ABBA), so that a busy machine and a disk that changes its speed are
//! slow to all of them. A ratio is formed within its round; rows tell the median of the rounds, and between which values
//! eight of ten lie.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod claims;
mod draining;
mod keeping;
mod receipts;

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

type Measure = fn(&Path, &mut Table) -> Outcome<()>;
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The files lie here, on the disk of the checkout: what is temporary may be in memory.
const PLACE: &str = "../../target/bench";

fn main() -> Outcome<()> {
    fs::create_dir_all(PLACE)?;
    let mut table = Table::default();
    println!("{:44}  {:>32}  {:>24}  goal", "", "median (8 of 10 between)", "to its rival");
    let parts: [(&str, Measure); 3] =
        [("keeping", keeping::measure), ("receipts", receipts::measure), ("draining", draining::measure)];
    // `cargo bench -- draining` measures this alone.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            let dir = tempfile::tempdir_in(PLACE)?;
            measure(dir.path(), &mut table)?;
        }
    }
    let rows = table.rows.join(",\n");
    Ok(fs::write(Path::new(PLACE).join("queue.json"), format!("{{\"rows\": [\n{rows}\n]}}\n"))?)
}

/// What was measured, printed as it comes.
#[derive(Default)]
struct Table {
    rows: Vec<String>,
}

impl Table {
    /// One row. `values` and `rivals` have one value for each round; higher values are worse or better as the unit says.
    fn row(&mut self, name: &str, unit: &str, values: &[f64], rivals: &[f64], goal: &str) {
        let [low, median, high] = spread(values.iter().copied());
        let [least, ratio, most] = spread(values.iter().zip(rivals).map(|(own, rival)| own / rival));
        let cell = format!("{median:.2} {unit} ({low:.2} to {high:.2})");
        let to = if rivals.is_empty() { String::new() } else { format!("{ratio:.2} ({least:.2} to {most:.2})") };
        println!("{name:44}  {cell:>32}  {to:>24}  {goal}");
        let numbers = format!("\"value\": [{low:.4}, {median:.4}, {high:.4}]");
        let ratios = if rivals.is_empty() { "null".into() } else { format!("[{least:.4}, {ratio:.4}, {most:.4}]") };
        self.rows.push(format!(
            "  {{\"name\": \"{name}\", \"unit\": \"{unit}\", {numbers}, \"ratio\": {ratios}, \"goal\": \"{goal}\"}}"
        ));
    }
}

/// The tenth, the half and the nine tenths of sorted values; of none, nothing.
fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    [last / 10, last / 2, last - last / 10].map(|place| values.get(place).copied().unwrap_or(f64::NAN))
}

/// Seconds that something takes, and what came of it.
fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(f64, T)> {
    let start = Instant::now();
    let value = work()?;
    Ok((start.elapsed().as_secs_f64(), value))
}

/// Lets the file system finish what it has put off, so that the next one to be measured does not pay for it.
fn settle(directory: &Path) -> Outcome<()> {
    Ok(File::open(directory)?.sync_all()?)
}
