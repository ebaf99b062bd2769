//! What was measured: rows of a table, printed as they come, and the same as JSON.

use serde_json::{Value, json};

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// At most this.
    Most(f64),
    /// At least this.
    Least(f64),
    /// At most this many times the rival's.
    Ratio(f64),
    /// Told, not judged.
    None,
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Value>,
}

impl Table {
    pub fn head() {
        println!("{:52} {:>12} {:>12} {:>7}  {:14} met", "", "booth", "browser", "ratio", "goal");
    }

    /// One row; a figure that could not be taken is `None` and meets no goal.
    pub fn row(&mut self, name: &str, unit: &str, figure: Option<f64>, rival: Option<f64>, goal: Goal) {
        let ratio = figure.zip(rival).filter(|(_, rival)| *rival != 0.0).map(|(figure, rival)| figure / rival);
        let (text, met) = match goal {
            Goal::Most(most) => (format!("<= {most} {unit}"), Some(figure.is_some_and(|figure| figure <= most))),
            Goal::Least(least) => (format!(">= {least} {unit}"), Some(figure.is_some_and(|figure| figure >= least))),
            // Nothing at all is good, whatever the rival does.
            Goal::Ratio(most) => {
                let met = figure == Some(0.0) || ratio.is_some_and(|ratio| ratio <= most);
                (format!("<= {most:.2} x"), Some(met))
            }
            Goal::None => (String::new(), None),
        };
        let cell = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        let word = met.map_or("", |met| if met { "yes" } else { "NO" });
        let name_and_unit = format!("{name}, {unit}");
        println!("{name_and_unit:52} {:>12} {:>12} {:>7}  {text:14} {word}", cell(figure), cell(rival), cell(ratio));
        self.rows.push(json!({
            "name": name, "unit": unit, "figure": figure, "rival": rival, "ratio": ratio, "goal": text, "met": met,
        }));
    }

    /// A section that came to nothing is a row too.
    pub fn failed(&mut self, section: &str, error: &anyhow::Error) {
        println!("{section}: {error:#}");
        self.rows.push(json!({ "name": section, "failed": format!("{error:#}") }));
    }

    pub fn into_rows(self) -> Vec<Value> {
        self.rows
    }
}

/// The value that this share (0 to 1) of all stays below or at. `None` of none.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied()
}
