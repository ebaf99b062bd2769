//! Calls one after the other; in the middle of some the cable is out, or the card reader: nothing may be left of any.

use crate::figures::{Goal, Table, quantile};
use crate::sections::Effort;
use crate::seen;
use crate::stage::Stage;
use crate::usage::{self, Usage};
use bilik_tests::process::until;
use bilik_tests::story;
use std::time::Duration;

/// Of so many calls one has something pulled out in the middle, by turns.
const PULLED_EVERY: usize = 3;

/// `BILIK_CALLS` says how many.
pub fn soak(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let asked = std::env::var("BILIK_CALLS").ok().and_then(|word| word.parse().ok());
    let calls: usize = asked.unwrap_or(effort.pick(60, 12));
    let mut stage = Stage::set(1, None)?;
    let (mut first, mut pulled) = (Vec::new(), [0_u32; 3]);
    let mut samples = Vec::new();
    for call in 0..calls {
        seen::clear(&mut stage.officer.page)?;
        story::consent(&mut stage.booths[0], &mut |_, _| Ok(()))?;
        stage.officer.tile_is_taken(1)?;
        stage.focus(1)?;
        let seen = seen::read(&mut stage.officer.page)?;
        first.extend(seen.answers.last().and_then(|at| Some(seen.first_after(*at)? - at)));
        if call % PULLED_EVERY == PULLED_EVERY - 1 {
            let what = (call / PULLED_EVERY) % pulled.len();
            match what {
                0 => cut(&mut stage, 2)?,
                1 => stage.booths[0].replug_reader()?,
                _ => cut(&mut stage, 12)?,
            }
            pulled[what] += 1;
        }
        stage.leave(0)?;
        // Rubbish that only waits to be collected is no leak.
        stage.officer.page.call("HeapProfiler.collectGarbage", serde_json::json!({}))?;
        samples.push([usage::of_tree(stage.booths[0].pid()), usage::of_tree(stage.browser.pid())]);
    }
    table.row("soak: calls", "", Some(calls as f64), None, Goal::None);
    table.row("soak: calls that were cut", "", Some((pulled[0] + pulled[2]).into()), None, Goal::None);
    table.row("soak: calls whose card reader was unplugged", "", Some(pulled[1].into()), None, Goal::None);
    table.row("soak: first picture after accept, cold cameras, p95", "ms", quantile(&first, 0.95), None, Goal::None);
    type Of = fn(&Usage) -> f64;
    let kinds: [(&str, &str, Of, f64); 3] = [
        ("threads more", "", |usage| usage.threads as f64, 1.0),
        ("open files more", "", |usage| usage.files as f64, 1.0),
        ("memory more (PSS)", "MiB", |usage| usage.pss_mib, 8.0),
    ];
    for (index, who) in ["booth", "console"].into_iter().enumerate() {
        for (what, unit, of, most) in kinds {
            let values: Vec<f64> = samples.iter().map(|sample| of(&sample[index])).collect();
            table.row(&format!("soak: {what}, {who}"), unit, growth(&values), None, Goal::Most(most));
        }
    }
    Ok(())
}

/// From the second fifth of the run, when everything has been used once, to the last one: medians.
fn growth(values: &[f64]) -> Option<f64> {
    let fifth = values.len().div_ceil(5);
    let median = |part: Option<&[f64]>| quantile(part?, 0.5);
    Some(median(values.get(values.len() - fifth..))? - median(values.get(fifth..2 * fifth))?)
}

/// The cable is out for so many seconds in the middle of a call.
fn cut(stage: &mut Stage, seconds: u64) -> anyhow::Result<()> {
    stage.net.cut()?;
    std::thread::sleep(Duration::from_secs(seconds));
    stage.net.mend()?;
    let mended = seen::now();
    until("a picture is back", || Ok(seen::read(&mut stage.officer.page)?.first_after(mended)))?;
    Ok(())
}
