//! The office at work: booths that are processes, officers and supervisors in Chromium with nothing but a keyboard.

mod colleagues;
mod markup;
mod six;
mod vanished;

use crate::scene::unwatched;
use bilik_tests::booth::Booth;
use bilik_tests::keyboard::{Keyboard, Notes};
use bilik_tests::process::until_within;
use bilik_tests::specimen::Person;
use bilik_tests::story;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What needs several people to do their part, on two cores that draw, encode and decode for all of them.
const LONG: Duration = Duration::from_secs(300);

/// So many participants fill in at a time: two cores draw for them, and who is too slow is asked whether they are still there.
const HANDS: usize = 2;

/// What those who come together share.
struct Waiting {
    hands: Mutex<usize>,
    free: Condvar,
    /// Nobody will serve them any more.
    over: AtomicBool,
}

impl Waiting {
    fn new() -> Self {
        Self { hands: Mutex::new(HANDS), free: Condvar::new(), over: AtomicBool::new(false) }
    }

    /// Does something while not too many others do.
    fn with_hands<T>(&self, work: impl FnOnce() -> T) -> T {
        let none = |hands: &mut usize| *hands == 0;
        let guard = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hands = self.free.wait_while(guard, none).unwrap_or_else(PoisonError::into_inner);
        *hands -= 1;
        drop(hands);
        let done = work();
        *self.hands.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.free.notify_one();
        done
    }

    fn give_up(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// All of them come to where the officer is needed.
fn all_come(booths: &mut [Booth], people: &[Person]) {
    let waiting = &Waiting::new();
    thread::scope(|threads| {
        for (booth, person) in booths.iter_mut().zip(people) {
            threads.spawn(move || waiting.with_hands(|| come_to_the_officer(booth, person).unwrap()));
        }
    });
}

/// From the welcome page to where the officer is needed.
fn come_to_the_officer(booth: &mut Booth, person: &Person) -> anyhow::Result<()> {
    booth.sees("petugas siap")?;
    story::consent(booth, &mut unwatched)?;
    story::fill_in_as(booth, person, &mut unwatched)?;
    story::photograph(booth, &mut unwatched)
}

/// A whole visit: does what the officer asks, signs or reads why not, and goes.
fn visit(booth: &mut Booth, person: &Person, waiting: &Waiting) -> anyhow::Result<()> {
    waiting.with_hands(|| come_to_the_officer(booth, person))?;
    let signs = until_within(LONG, "a visit is decided", || {
        if waiting.over.load(Ordering::Relaxed) {
            return Ok(Some(None));
        }
        let glass = booth.look()?;
        let shows = |text: &str| glass.iter().any(|element| element.label.contains(text));
        if shows("Klaim belum dapat diproses") {
            return Ok(Some(Some(false)));
        }
        if let Some(mend) = ["Perbaiki Nomor rekening", "Perbaiki nomor rekening"].into_iter().find(|mend| shows(mend))
        {
            mend_account(booth, mend)?;
        }
        Ok(shows("Tanda tangani klaim Anda").then_some(Some(true)))
    })?;
    let Some(signs) = signs else { anyhow::bail!("the officer has given up") };
    if signs {
        story::sign(booth, &mut unwatched)?;
        booth.sees("Klaim Anda sudah diterima")?;
    }
    booth.press("Selesai")?;
    booth.sees("Selamat datang.")?;
    Ok(())
}

/// Wherever it is asked for: in the list while the officer looks, among what can be done while they do not.
fn mend_account(booth: &mut Booth, label: &str) -> anyhow::Result<()> {
    booth.press(label)?;
    booth.press("Hapus satu angka")?;
    booth.type_on_glass("9")?;
    booth.press("Simpan")
}

/// Everything in its place at the desk: nothing went wrong, nothing was pointed at, and no booth came into focus by itself.
fn assert_calm(notes: &Notes) {
    assert_eq!(notes.errors, Vec::<String>::new());
    assert_eq!(notes.reports, Vec::<String>::new(), "the content security policy was broken");
    assert_eq!(notes.ran, Vec::<String>::new(), "a text was run as a script");
    assert_eq!(notes.pointers, 0, "a pointer was used");
    let mut since = 0;
    for (tile, keys) in &notes.chosen {
        let pressed = &notes.keys[since..*keys];
        // By its number, as the next one, back from another page, taken over.
        let leads = |key: &String| " 123456lpi".contains(key.as_str());
        let asked = pressed.iter().any(leads);
        assert!(tile.is_none() || asked, "{tile:?} came into focus by {pressed:?}: {:?}", notes.chosen);
        since = *keys;
    }
}

/// The keyboard moved at most as often as keys were pressed that may move it: into a dialogue, and back to the list.
fn assert_focus_follows_keys(notes: &Notes) {
    const MOST_PER_KEY: usize = 2;
    for keys in 0..=notes.keys.len() {
        let moved: Vec<&str> =
            notes.focus.iter().filter(|(_, at)| *at == keys).map(|(place, _)| place.as_str()).collect();
        let key = keys.checked_sub(1).map(|index| notes.keys[index].as_str());
        assert!(moved.len() <= MOST_PER_KEY, "after {key:?} the keyboard went to {moved:?}");
    }
}

/// A new officer, by keyboard.
fn at_work(scene: &mut crate::scene::Scene, account: &bilik_tests::hub::Account) -> Keyboard {
    Keyboard::log_in(&mut scene.browser, &scene.hub, account, "").unwrap()
}
