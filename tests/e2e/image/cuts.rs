//! Power cuts. A cut falls after a random number of written bytes, so that it hits the same work on a fast computer and on
//! a slow one. `BILIK_CUTS` says how many there are of each kind, `BILIK_SEED` repeats them.

use super::fixture::{INSTALLED, INSTALLER, NOT_ENROLLED, WELCOME, booth, install, installed, start_installed};
use super::update::{OWN, Repack, bring, button};
use bilik_tests::machine::Machine;
use bilik_tests::machine::drives::Drives;
use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};

/// What is written, at most, in bytes.
const INSTALLATION: u64 = 620 << 20;
const FIRST_START: u64 = 40 << 20;
const UPDATE: u64 = 280 << 20;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Where to cut: as many places as were asked for.
#[allow(clippy::print_stdout, reason = "whoever repeats a run needs its seed")]
fn places(kind: &str, most: u64) -> Vec<u64> {
    let seed = number("BILIK_SEED").unwrap_or_else(|| RandomState::new().hash_one(kind) >> 32);
    let cuts = number("BILIK_CUTS").unwrap_or(3);
    let place = |cut: u64| {
        let mut hasher = DefaultHasher::new();
        (seed, kind, cut).hash(&mut hasher);
        hasher.finish() % most
    };
    let places: Vec<_> = (0..cuts).map(place).collect();
    println!("{kind}: cut after {places:?} bytes; BILIK_SEED={seed} repeats it");
    places
}

#[test]
#[ignore = "make image-test"]
fn cuts_of_an_installation() {
    for (cut, bytes) in places("installation", INSTALLATION).into_iter().enumerate() {
        let mut machine = Machine::new(Drives::blank(&format!("cut-installation-{cut}")).unwrap());
        let stick = machine.drives.installer_stick(None).unwrap();
        machine.power_on(&[&stick]).unwrap();
        install(&mut machine);
        if !machine.cut_at(bytes, INSTALLED).unwrap() {
            machine.cut();
        }
        // As it was left: the stick is still in. What is whole starts, what is not never does.
        machine.power_on(&[&stick]).unwrap();
        if machine.see_any(&[INSTALLER, NOT_ENROLLED]).unwrap().0 == 0 {
            install(&mut machine);
            start_installed(&mut machine, &stick);
        }
        machine.scrap();
    }
}

#[test]
#[ignore = "make image-test"]
fn cuts_of_the_first_start() {
    for (cut, bytes) in places("first start", FIRST_START).into_iter().enumerate() {
        let mut again = installed(&format!("cut-first-{cut}"));
        again.power_on(&[]).unwrap();
        if !again.cut_at(bytes, NOT_ENROLLED).unwrap() {
            again.cut();
        }
        again.power_on(&[]).unwrap();
        again.see(NOT_ENROLLED).unwrap();
        again.scrap();
    }
}

#[test]
#[ignore = "make image-test"]
fn cuts_of_an_update() {
    let bundle = Repack { version: "0.9.4", keys: OWN, ..Repack::default() }.make();
    for (cut, bytes) in places("update", UPDATE).into_iter().enumerate() {
        let mut machine = booth(&format!("cut-update-{cut}"));
        machine.plug_in_reader().unwrap();
        bring(&mut machine, &bundle);
        let before = machine.written().unwrap();
        while button(&mut machine).is_none() {
            machine.pause();
        }
        machine.tap_on("dari stik").unwrap();
        if !machine.cut_at(before + bytes, "Akan dicoba pada").unwrap() {
            machine.cut();
        }
        machine.power_on(&[]).unwrap();
        machine.see(WELCOME).unwrap();
        machine.scrap();
    }
}
