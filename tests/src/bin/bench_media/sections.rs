//! The sections of the table but the soak.

use crate::figures::{Goal, Table, quantile};
use crate::relay::Line;
use crate::rival::{CODECS, Picture, Rival};
use crate::seen::{self, Frame, Seen};
use crate::stage::Stage;
use crate::usage;
use anyhow::Context as _;
use bilik_tests::browser::Page;
use bilik_tests::process::until;
use bilik_tests::story;
use std::time::Duration;

/// How much time is spent on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    Full,
    /// To see that it works.
    Short,
}

impl Effort {
    pub fn pick<T>(self, full: T, short: T) -> T {
        match self {
            Self::Full => full,
            Self::Short => short,
        }
    }

    fn seconds(self, full: u64) -> Duration {
        Duration::from_secs(self.pick(full, full.div_ceil(6)))
    }
}

/// The chances of bad lines come from here.
const SEED: u64 = 20_261_123;

/// The booth as it is served: one participant who needs the officer, and the officer looks.
fn one_in_focus(seed: Option<u64>) -> anyhow::Result<Stage> {
    let mut stage = Stage::set(1, seed)?;
    stage.serve_all()?;
    stage.focus(1)?;
    Ok(stage)
}

/// The same of a call of the rival with either codec.
fn of_rivals<T>(
    picture: Picture,
    seed: Option<u64>,
    mut measure: impl FnMut(&mut Rival, &str) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<T>> {
    let with = |codec| {
        let mut rival = Rival::set(picture, seed)?;
        rival.call(codec)?;
        rival.settle()?;
        measure(&mut rival, codec)
    };
    CODECS.into_iter().map(with).collect()
}

/// Median and 95th percentile, which the goal is for.
fn quantiles(table: &mut Table, name: &str, own: &[f64], rivals: &[Vec<f64>], goal: Goal) {
    for (share, word, goal) in [(0.5, "p50", Goal::None), (0.95, "p95", goal)] {
        let rival = better(&rivals.iter().map(|times| quantile(times, share)).collect::<Vec<_>>());
        table.row(&format!("{name} {word}"), "ms", quantile(own, share), rival, goal);
    }
}

/// A figure of the rival with either codec: the better one counts.
fn better(figures: &[Option<f64>]) -> Option<f64> {
    figures.iter().flatten().copied().min_by(f64::total_cmp)
}

/// Sound that is later than its picture by more is noticed (ITU-R BT.1359).
const LATE_SOUND_MS: f64 = 125.0;

/// From the painting of a picture until it is shown to the officer.
pub fn latency(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let while_ = effort.seconds(60);
    let ages = |seen: &Seen| seen.ages("focus-video");
    let mut stage = one_in_focus(None)?;
    std::thread::sleep(Duration::from_secs(3));
    let own = ages(&stage.watch(while_)?);
    let waits = seen::buffered(&mut stage.officer.page)?;
    let behind = seen::sound_behind(&mut stage.officer.page)?;
    drop(stage);
    let rivals = of_rivals(Picture::Painted, None, |rival, codec| {
        let ages = ages(&rival.watch(while_)?);
        for (share, word) in [(0.5, "p50"), (0.95, "p95")] {
            table.row(&format!("latency {word}, browser with {codec}"), "ms", None, quantile(&ages, share), Goal::None);
        }
        let behind = seen::sound_behind(&mut rival.page)?;
        Ok(((ages, behind), seen::buffered(&mut rival.page)?))
    })?;
    let (rivals, rivals_wait): (Vec<_>, Vec<_>) = rivals.into_iter().unzip();
    let (rivals, rivals_behind): (Vec<_>, Vec<_>) = rivals.into_iter().unzip();
    quantiles(table, "latency", &own, &rivals, Goal::Ratio(1.0));
    for (index, kind) in ["pictures", "sound"].into_iter().enumerate() {
        let rival = better(&rivals_wait.iter().map(|waits| Some(waits[index])).collect::<Vec<_>>());
        table.row(&format!("{kind} waiting in the officer's browser"), "ms", Some(waits[index]), rival, Goal::None);
    }
    table.row("sound behind its picture", "ms", behind, better(&rivals_behind), Goal::Most(LATE_SOUND_MS));
    Ok(())
}

/// From the console's answer to the first picture: of a visit that begins, whose camera is opened for it, and of a call that is
/// taken up again, whose camera runs.
pub fn first_picture(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let rounds = effort.pick(30, 4);
    let mut stage = Stage::set(1, None)?;
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        seen::clear(&mut stage.officer.page)?;
        story::consent(&mut stage.booths[0], &mut |_, _| Ok(()))?;
        cold.extend(picture_after_answer(&mut stage.officer.page, "tile-video-1")?);
        stage.reload()?;
        warm.extend(picture_after_answer(&mut stage.officer.page, "tile-video-1")?);
        stage.leave(0)?;
    }
    drop(stage);
    let rivals = of_rivals(Picture::Painted, None, |rival, codec| {
        let mut times = Vec::new();
        for _ in 0..rounds {
            rival.call(codec)?;
            times.extend(picture_after_answer(&mut rival.page, "focus-video")?);
        }
        Ok(times)
    })?;
    quantiles(table, "first picture after accept", &warm, &rivals, Goal::Most(150.0));
    quantiles(table, "the same, camera still closed,", &cold, &[], Goal::None);
    Ok(())
}

fn picture_after_answer(page: &mut Page, name: &str) -> anyhow::Result<Option<f64>> {
    seen::shows(page, name, 320)?;
    let seen = seen::read(page)?;
    let answered = *seen.answers.last().context("no answer")?;
    Ok(seen.first_after(answered).map(|at| at - answered))
}

/// When a picture of full size, of the stream that is shown at the end, that is as sharp as those of a second later was first shown.
fn sharp_at(frames: &[Frame], after: f64) -> Option<f64> {
    let stream = &frames.last()?.stream;
    let large = frames.iter().filter(|frame| frame.at > after && frame.width >= 1280 && frame.stream == *stream);
    let large: Vec<&Frame> = large.collect();
    let settled: Vec<f64> = large.iter().rev().take(10).filter_map(|frame| frame.sharpness).collect();
    let wanted = quantile(&settled, 0.5)? * 0.8;
    large.iter().find(|frame| frame.sharpness.is_some_and(|sharp| sharp >= wanted)).map(|frame| frame.at)
}

/// From the officer's key to a sharp picture of full size.
pub fn focus(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    const SETTLES: Duration = Duration::from_millis(2500);
    let rounds = effort.pick(30, 4);
    let mut stage = Stage::set(2, None)?;
    stage.serve_all()?;
    stage.focus(1)?;
    let mut own = Vec::new();
    for round in 0..rounds {
        let slot = if round % 2 == 0 { "2" } else { "1" };
        stage.officer.page.evaluate("__watch.clear(); __watch.sharpness = true")?;
        stage.officer.page.key(slot)?;
        std::thread::sleep(SETTLES);
        let seen = seen::read(&mut stage.officer.page)?;
        let pressed = seen.keys.first().context("no key was heard")?.0;
        own.extend(sharp_at(seen.of("focus-video"), pressed).map(|at| at - pressed));
    }
    drop(stage);
    let rivals = of_rivals(Picture::Painted, None, |rival, _| {
        let mut times = Vec::new();
        for _ in 0..rounds {
            rival.tier(false)?;
            until("the far browser sends small pictures", || {
                Ok((rival.page.evaluate("document.querySelector('video').videoWidth")? == 320).then_some(()))
            })?;
            rival.page.evaluate("__watch.clear(); __watch.sharpness = true")?;
            let said = rival.tier(true)?;
            std::thread::sleep(SETTLES);
            let seen = seen::read(&mut rival.page)?;
            times.extend(sharp_at(seen.of("focus-video"), said).map(|at| at - said));
        }
        Ok(times)
    })?;
    quantiles(table, "switch of focus to a sharp picture", &own, &rivals, Goal::Most(200.0));
    table.row(
        "switches that came to a sharp picture",
        "of all",
        Some(own.len() as f64 / f64::from(rounds)),
        None,
        Goal::Least(1.0),
    );
    Ok(())
}

/// What a call takes of the booth's machine: sending 720p30, receiving 360p25, sound both ways.
pub fn usage(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let while_ = effort.seconds(60);
    let stage = one_in_focus(None)?;
    std::thread::sleep(Duration::from_secs(5));
    let (cpu, taken) = usage::over(stage.booths[0].pid(), while_);
    drop(stage);
    let rivals = of_rivals(Picture::Camera, None, |rival, _| Ok(usage::over(rival.pid(), while_)))?;
    let rival_cpu = better(&rivals.iter().map(|(cpu, _)| Some(*cpu)).collect::<Vec<_>>());
    let rival_pss = better(&rivals.iter().map(|(_, taken)| Some(taken.pss_mib)).collect::<Vec<_>>());
    table.row("processor in a call, screen included", "s/s", Some(cpu), rival_cpu, Goal::Ratio(0.5));
    table.row("memory in a call (PSS), screen included", "MiB", Some(taken.pss_mib), rival_pss, Goal::Ratio(0.25));
    Ok(())
}

/// How long the picture stood still on bad lines.
pub fn loss(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let while_ = effort.seconds(60);
    let lost = |loss| Line { loss, ..Line::default() };
    let lines = [
        ("1 % loss", lost(0.01)),
        ("3 % loss", lost(0.03)),
        ("5 % loss", lost(0.05)),
        ("30 ms jitter", Line { jitter: Duration::from_millis(30), ..Line::default() }),
    ];
    let mut own = Vec::new();
    let mut stage = one_in_focus(Some(SEED))?;
    for (_, line) in lines {
        stage.relay.as_ref().context("no relay")?.set(line);
        own.push(share_frozen(&mut stage.officer.page, while_)?);
    }
    drop(stage);
    let rivals = of_rivals(Picture::Painted, Some(SEED), |rival, _| {
        let mut shares = Vec::new();
        for (_, line) in lines {
            rival.relay.as_ref().context("no relay")?.set(line);
            shares.push(share_frozen(&mut rival.page, while_)?);
        }
        Ok(shares)
    })?;
    for (index, (word, _)) in lines.into_iter().enumerate() {
        let of = |rate: fn(&Frozen) -> f64| {
            better(&rivals.iter().map(|shares| Some(rate(&shares[index]))).collect::<Vec<_>>())
        };
        let Frozen { share, rate } = own[index];
        table.row(&format!("frozen at {word}"), "% of time", Some(share), of(|frozen| frozen.share), Goal::Ratio(1.0));
        // The faster browser counts.
        let rival_rate = rivals.iter().map(|shares| shares[index].rate).max_by(f64::total_cmp);
        table.row(&format!("pictures at {word}"), "/s", Some(rate), rival_rate, Goal::None);
    }
    Ok(())
}

/// How a picture moved.
struct Frozen {
    /// Per cent of the time in which it stood still.
    share: f64,
    /// Pictures a second.
    rate: f64,
}

fn share_frozen(page: &mut Page, while_: Duration) -> anyhow::Result<Frozen> {
    // Out of the last line's shadow.
    std::thread::sleep(Duration::from_secs(2));
    let before = seen::frozen(page)?;
    std::thread::sleep(while_);
    let after = seen::frozen(page)?;
    let seconds = while_.as_secs_f64();
    Ok(Frozen { share: (after.0 - before.0) / seconds * 100.0, rate: (after.1 - before.1) / seconds })
}

/// A held booth sends no picture and no sound: counted where every datagram of the call comes through.
pub fn hold(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let mut stage = one_in_focus(Some(SEED))?;
    let sent = |stage: &Stage| stage.relay.as_ref().map_or(0, crate::relay::Relay::media_from_booth);
    let (before, second) = (sent(&stage), Duration::from_secs(1));
    std::thread::sleep(second);
    let in_focus = sent(&stage) - before;
    stage.officer.page.key("h")?;
    stage.officer.page.wait_for("__watch.lives.at(-1)?.[1] === false")?;
    std::thread::sleep(second);
    let before = sent(&stage);
    let while_ = effort.seconds(30);
    std::thread::sleep(while_);
    let held = sent(&stage) - before;
    table.row("datagrams with picture or sound in focus", "/s", Some(in_focus as f64), None, Goal::Least(1.0));
    let name = format!("datagrams with picture or sound in {} s of hold", while_.as_secs());
    table.row(&name, "", Some(held as f64), None, Goal::Most(0.0));
    stage.officer.page.evaluate("__watch.clear()")?;
    stage.officer.page.key("1")?;
    seen::shows(&mut stage.officer.page, "focus-video", 320)?;
    let seen = seen::read(&mut stage.officer.page)?;
    let pressed = seen.keys.first().context("no key was heard")?.0;
    let back = seen.of("focus-video").iter().map(|frame| frame.at).find(|at| *at > pressed).map(|at| at - pressed);
    table.row("first picture after a hold", "ms", back, None, Goal::None);
    Ok(())
}

/// The booth's cable is pulled and put back.
pub fn cuts(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let plan: [(u64, usize); 3] = effort.pick([(2, 10), (10, 12), (30, 4)], [(2, 1), (10, 1), (30, 1)]);
    let mut stage = one_in_focus(None)?;
    let mut noticed = [Vec::new(), Vec::new()];
    for (seconds, times) in plan {
        let mut back = Vec::new();
        for _ in 0..times {
            std::thread::sleep(Duration::from_secs(8));
            stage.officer.page.evaluate("__watch.clear(); __watch.lives.splice(0, __watch.lives.length - 1)")?;
            let cut = seen::now();
            stage.net.cut()?;
            // The participant's page says what it knows while frames come, and something else when they stop.
            until("the booth says that the call is cut", || Ok((!stage.booths[0].shows("Langsung")?).then_some(())))?;
            noticed[1].push(seen::now() - cut);
            let rest = seconds as f64 * 1000.0 - (seen::now() - cut);
            std::thread::sleep(Duration::from_millis(rest.max(0.0) as u64));
            stage.net.mend()?;
            let mended = seen::now();
            let first = until("a picture is back", || Ok(seen::read(&mut stage.officer.page)?.first_after(mended)))?;
            back.push(first - mended);
            let seen = seen::read(&mut stage.officer.page)?;
            let gone = seen.lives.iter().find(|(at, live)| *at > cut && !live);
            noticed[0].extend(gone.map(|(at, _)| at - cut));
            stage.officer.page.wait_for("__watch.lives.at(-1)[1] === true")?;
            stage.booths[0].sees("Langsung")?;
        }
        let rival = resumes(seconds)?;
        table.row(
            &format!("picture after a cut of {seconds} s, p95"),
            "ms",
            quantile(&back, 0.95),
            rival,
            Goal::Most(300.0),
        );
    }
    let most = Goal::Most(1500.0);
    table.row("cut noticed by the console, longest", "ms", quantile(&noticed[0], 1.0), None, most);
    table.row("cut noticed by the booth, longest", "ms", quantile(&noticed[1], 1.0), None, most);
    Ok(())
}

/// After how long a browser's picture is back after a cut; none if its call is lost.
fn resumes(seconds: u64) -> anyhow::Result<Option<f64>> {
    const LONGEST: Duration = Duration::from_secs(20);
    let mut rival = Rival::set(Picture::Painted, None)?;
    rival.call("h264")?;
    rival.settle()?;
    rival.net.cut()?;
    std::thread::sleep(Duration::from_secs(seconds));
    rival.net.mend()?;
    let mended = seen::now();
    while seen::now() - mended < LONGEST.as_secs_f64() * 1000.0 {
        if let Some(at) = seen::read(&mut rival.page)?.first_after(mended) {
            return Ok(Some(at - mended));
        }
    }
    Ok(None)
}

/// Six booths at one desk: the one in focus, and the others beside it.
pub fn six(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let while_ = effort.seconds(60);
    let mut stage = Stage::set(6, None)?;
    stage.officer.take_on(6)?;
    stage.serve_all()?;
    stage.focus(1)?;
    std::thread::sleep(Duration::from_secs(5));
    let before = usage::of_tree(stage.browser.pid());
    let seen = stage.watch(while_)?;
    let after = usage::of_tree(stage.browser.pid());
    let rate = |name: &str| seen.of(name).len() as f64 / while_.as_secs_f64();
    let tiles = (2..=6).map(|slot| rate(&format!("tile-video-{slot}"))).min_by(f64::total_cmp);
    table.row("six booths: pictures of the one in focus", "/s", Some(rate("focus-video")), None, Goal::Least(28.0));
    table.row("six booths: pictures of the slowest tile", "/s", tiles, None, Goal::Least(9.0));
    let ages = seen.ages("focus-video");
    table.row("six booths: latency in focus p95", "ms", quantile(&ages, 0.95), None, Goal::None);
    let cpu = (after.cpu_s - before.cpu_s) / while_.as_secs_f64();
    table.row("six booths: processor of the console's browser", "s/s", Some(cpu), None, Goal::None);
    table.row("six booths: memory of the console's browser", "MiB", Some(after.pss_mib), None, Goal::None);
    Ok(())
}
