//! One officer serves six booths to the decision, without a mouse.

use super::{LONG, Waiting, assert_calm, assert_focus_follows_keys, at_work, visit};
use crate::scene::{Scene, claim_ids};
use bilik_tests::booth::Booth;
use bilik_tests::keyboard::{Keyboard, Row};
use bilik_tests::process::{until, until_within};
use bilik_tests::specimen::SIX;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;

/// Whose account number is asked for once more.
const AGAIN: &str = "Bilik 2";
/// Whose claim goes back.
const BACK: &str = "Bilik 5";

#[test]
#[allow(clippy::print_stdout, reason = "what a claim costs an officer is a figure for people")]
fn six_booths_by_keyboard_alone() {
    let mut scene = Scene::new();
    let account = scene.account("sari", "Sari");
    let mut officer = at_work(&mut scene, &account);
    officer.take_on(6).unwrap();
    let names: Vec<String> = (1..=6).map(|number| format!("Bilik {number}")).collect();
    let mut booths: Vec<Booth> = names.iter().map(|name| scene.booth(name)).collect();

    let waiting = &Waiting::new();
    let (served, visits) = thread::scope(|threads| {
        let visits: Vec<_> = booths
            .iter_mut()
            .zip(&SIX)
            .map(|(booth, person)| threads.spawn(move || visit(booth, person, waiting)))
            .collect();
        // Not before all six wait: what they show the officer meanwhile goes on.
        let all = until_within(LONG, "six seats are taken", || {
            Ok((officer.seats()?.len() == 6 || visits.iter().any(|visit| visit.is_finished())).then_some(()))
        });
        let served = all.and_then(|()| Desk::new(&mut officer, &names).serve());
        if served.is_err() {
            waiting.give_up();
        }
        // The officer rests from here on, whatever the booths do.
        let resting = officer.notes().map(|notes| (notes.keys.len(), notes.focus.len()));
        (
            served.and_then(|presses| Ok((presses, resting?))),
            visits.into_iter().map(|one| one.join()).collect::<Vec<_>>(),
        )
    });
    let (presses, resting) = served.unwrap();
    for (name, visit) in names.iter().zip(visits) {
        visit.unwrap().unwrap_or_else(|error| panic!("{name}: {error:#}"));
    }

    // Six decided at the hub, six empty seats at the console.
    let list = scene.hub.command(&["claims"]).unwrap();
    assert_eq!(claim_ids(&list).len(), 5, "{list}");
    assert_eq!(list.matches("verified").count(), 5, "{list}");
    until("six empty seats", || Ok(officer.seats()?.is_empty().then_some(()))).unwrap();
    let places: usize =
        officer.read("document.querySelectorAll('[data-testid^=tile-][data-tone=empty]').length").unwrap();
    assert_eq!(places, 6);
    let figures = until("six visits are counted", || {
        let day: serde_json::Value = officer.read("fetch('/api/v1/statistics').then(answer => answer.json())")?;
        Ok(Some(day["total"].clone()).filter(|total| total["visits"] == 6))
    })
    .unwrap();
    assert_eq!((&figures["verified"], &figures["returned"], &figures["left"]), (&5.into(), &1.into(), &0.into()));
    scene.hub.command(&["verify-audit"]).unwrap();

    let notes = officer.notes().unwrap();
    assert_calm(&notes);
    assert_focus_follows_keys(&notes);
    assert_eq!((notes.keys.len(), notes.focus.len()), resting, "the keyboard moved while the officer rested");
    assert_eq!(
        notes.keys.iter().filter(|key| *key != "Control").count(),
        officer.presses(),
        "keys that nobody pressed"
    );
    for (name, presses) in &presses {
        println!("{name}: {presses} keys");
        // Twelve rows, the way there, the word on all of it; and what had to be asked, with the way back to its row if the
        // participant takes long to mend it.
        let most = if name == AGAIN { 28 } else { 16 };
        assert!(*presses <= most, "{name} took {presses} keys");
    }
}

/// The officer's day.
struct Desk<'a> {
    officer: &'a mut Keyboard,
    left: BTreeSet<String>,
    asked_again: bool,
    /// Corrections that have been looked at.
    corrected: BTreeSet<String>,
    presses: BTreeMap<String, usize>,
}

impl<'a> Desk<'a> {
    fn new(officer: &'a mut Keyboard, names: &[String]) -> Self {
        let left = names.iter().cloned().collect();
        Self { officer, left, asked_again: false, corrected: BTreeSet::new(), presses: BTreeMap::new() }
    }

    /// Keys for each booth.
    fn serve(mut self) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut at: Option<String> = None;
        while !self.left.is_empty() {
            let before = self.officer.presses();
            let here = at.clone().filter(|booth| self.left.contains(booth));
            let comes = until_within(LONG, "somebody needs the officer", || {
                if self.officer.is_waited_for()? {
                    return Ok(Some(true));
                }
                // What the participant in focus has mended needs no key to get to.
                let mended = here.is_some() && self.officer.rows()?.iter().any(|row| row.check == "corrected");
                Ok(mended.then_some(false))
            })?;
            if comes {
                // The keyboard stands on the menu in the bar, where Space is the menu's: a number leads to the desk from anywhere.
                self.officer.press(if at.is_none() { "1" } else { " " })?;
                at = Some(until("another booth is in focus", || {
                    let now = self.officer.seats()?.into_iter().find(|seat| seat.chosen).map(|seat| seat.booth);
                    Ok(now.filter(|now| at.as_ref() != Some(now)))
                })?);
            }
            let Some(booth) = at.clone() else { continue };
            if self.check(&booth)? {
                self.left.remove(&booth);
            }
            *self.presses.entry(booth).or_default() += self.officer.presses() - before;
        }
        Ok(self.presses)
    }

    /// Whether the claim is decided.
    fn check(&mut self, booth: &str) -> anyhow::Result<bool> {
        self.officer.wait_for("document.querySelector('[data-testid^=item-][aria-current=true] button') !== null")?;
        if booth == BACK {
            self.send_back(booth)?;
            return Ok(true);
        }
        loop {
            let rows = self.officer.rows()?;
            let all = |checks: &[&str]| rows.iter().all(|row| checks.contains(&row.check.as_str()));
            if all(&["correct"]) {
                self.approve(booth)?;
                return Ok(true);
            }
            if all(&["correct", "asked_again"]) {
                return Ok(false);
            }
            let Some(at) = rows.iter().position(|row| row.current) else { continue };
            if rows[at].open && rows[at].check != "asked_again" {
                self.judge(booth, &rows[at])?;
            } else if let Some(mended) =
                rows.iter().position(|row| row.check == "corrected" && !self.corrected.contains(&row.code))
            {
                let (key, code) = (if mended < at { "ArrowUp" } else { "ArrowDown" }, &rows[at].code);
                self.officer.press(key)?;
                self.officer.wait_for(&format!(
                    "document.querySelector('[data-testid=item-{code}][aria-current=true]') === null"
                ))?;
            }
        }
    }

    fn judge(&mut self, booth: &str, row: &Row) -> anyhow::Result<()> {
        if booth == AGAIN && row.code == "account_number" && !self.asked_again {
            self.asked_again = true;
            self.officer.open("r")?;
            self.officer.press("1")?;
            return self.officer.closed();
        }
        if row.check == "corrected" {
            self.corrected.insert(row.code.clone());
        }
        self.officer.press("Enter")?;
        // On its way, or already looked at: the cursor is elsewhere, or the row cannot be judged again.
        let code = &row.code;
        self.officer.wait_for(&format!(
            "document.querySelector('[data-testid=item-{code}][aria-current=true] [aria-keyshortcuts=Enter]') === null"
        ))
    }

    fn approve(&mut self, booth: &str) -> anyhow::Result<()> {
        let button = "[data-testid=decision] [aria-keyshortcuts=\"Control+Enter\"]:not([disabled])";
        self.officer.wait_for(&format!("document.querySelector('{button}') !== null"))?;
        self.officer.press_control_enter()?;
        self.decided(booth)
    }

    fn send_back(&mut self, booth: &str) -> anyhow::Result<()> {
        self.officer.open("k")?;
        self.officer.press("3")?;
        self.officer.wait_for("document.querySelector('[role=dialog] input:checked') !== null")?;
        self.officer.press_control_enter()?;
        self.decided(booth)
    }

    /// It stands there, or the participant was so fast that they are gone.
    fn decided(&mut self, booth: &str) -> anyhow::Result<()> {
        until("the claim is decided", || {
            let said = self.officer.words("[data-testid=decision] [role=status]")?.is_some();
            Ok((said || self.officer.seat(booth)?.is_none()).then_some(()))
        })
    }
}
