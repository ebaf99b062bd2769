//! An officer whose tab dies in the middle: with and without coming back.

use super::{all_come, assert_calm, at_work};
use crate::scene::{Scene, unwatched};
use bilik_tests::booth::Booth;
use bilik_tests::keyboard::{Keyboard, Seat};
use bilik_tests::process::until;
use bilik_tests::specimen::SIX;
use bilik_tests::story;

#[test]
fn an_officer_whose_tab_dies() {
    let mut scene = Scene::new();
    let (sari, agus) = (scene.account("sari", "Sari"), scene.account("agus", "Agus"));
    let mut first = at_work(&mut scene, &sari);
    first.take_on(3).unwrap();
    let mut booths: Vec<Booth> = (1..=3).map(|number| scene.booth(&format!("Bilik {number}"))).collect();
    all_come(&mut booths, &SIX);
    first.focus("Bilik 2").unwrap();
    first.sees_moving("focus-video").unwrap();
    let seats = places(&mut first);
    assert_eq!(seats.len(), 3);
    assert_calm(&first.notes().unwrap());

    // Back at once: the same booths in the same places, and their pictures.
    let crashed = first.crash(&mut scene.browser).unwrap();
    let mut first = Keyboard::back(&mut scene.browser, &scene.hub, crashed).unwrap();
    until("the same booths in the same seats", || Ok((places(&mut first) == seats).then_some(()))).unwrap();
    assert!(!scene.hub.log().contains("session released"), "{}", scene.hub.log());
    assert!(first.seats().unwrap().iter().all(|seat| !seat.chosen), "whom to look at is the officer's choice");
    first.focus("Bilik 2").unwrap();
    first.sees_moving("focus-video").unwrap();
    for seat in seats.iter().filter(|(_, booth)| booth != "Bilik 2") {
        first.sees_moving(&format!("tile-video-{}", seat.0)).unwrap();
    }
    booths[1].sees("Langsung · Sari").unwrap();
    assert_calm(&first.notes().unwrap());

    // Not back within the grace: to a colleague, whose calls come up.
    let mut second = at_work(&mut scene, &agus);
    assert_eq!(second.seats().unwrap(), []);
    let crashed = first.crash(&mut scene.browser).unwrap();
    until("the colleague has all three", || Ok((second.seats()?.len() == 3).then_some(()))).unwrap();
    assert_eq!(scene.hub.log().matches("session released").count(), 3);
    for booth in &mut booths {
        booth.sees("Agus").unwrap();
    }
    second.focus("Bilik 3").unwrap();
    second.sees_moving("focus-video").unwrap();
    booths[2].sees("Langsung · Agus").unwrap();
    assert_calm(&second.notes().unwrap());

    // Nobody at all: to the head of the line, before who comes meanwhile.
    let _gone = second.crash(&mut scene.browser).unwrap();
    for booth in &mut booths {
        booth.sees("Belum ada petugas").unwrap();
    }
    let mut late = scene.booth("Bilik 4");
    late.sees("Selamat datang.").unwrap();
    story::consent(&mut late, &mut unwatched).unwrap();
    let mut first = Keyboard::back(&mut scene.browser, &scene.hub, crashed).unwrap();
    until("those who were served before are served again", || {
        Ok((first.seats()?.len() == 3 && first.seat("Bilik 4")?.is_none()).then_some(()))
    })
    .unwrap();
    first.sees("1 orang").unwrap();
    for booth in &mut booths {
        booth.sees("Sari").unwrap();
    }
    assert_calm(&first.notes().unwrap());
}

fn places(officer: &mut Keyboard) -> Vec<(u8, String)> {
    officer.seats().unwrap().into_iter().map(|Seat { slot, booth, .. }| (slot, booth)).collect()
}
