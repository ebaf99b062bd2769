//! The booth's image on a machine of its own, from the stick to the claim: `make image-test`. See `bilik_tests::machine`.

mod claim;
mod cuts;
mod escape;
mod fixture;
mod update;

use bilik_tests::machine::tools::tests;
use fixture::WELCOME;

/// From the stick's installer over enrolment to a claim that the hub has.
#[test]
#[ignore = "make image-test"]
fn a_stick_makes_a_booth_that_serves() {
    let hub = fixture::hub("stick");
    let mut machine = fixture::make("stick", &hub);
    fixture::keep(&mut machine);
    machine.power_on(&[]).unwrap();
    machine.plug_in_reader().unwrap();
    machine.see(WELCOME).unwrap();
    claim::make(&mut machine);
    let claims = hub.command(&["claims"]).unwrap();
    assert_eq!(claims.lines().count(), 1, "{claims}");
    machine.scrap();
    assert!(tests().join("ready/disk.img").exists());
}
