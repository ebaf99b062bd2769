//! What officers and supervisors do with each other, and what the participant is told of it.

use super::{all_come, assert_calm, at_work};
use crate::scene::Scene;
use bilik_tests::booth::Booth;
use bilik_tests::keyboard::Keyboard;
use bilik_tests::process::until;
use bilik_tests::specimen::SIX;

const NOTE: &str = "KTP sudah cocok, tinggal rekening.";

#[test]
fn hold_transfer_watch_take_over_close() {
    let mut scene = Scene::new();
    let (sari, agus) = (scene.account("sari", "Sari"), scene.account("agus", "Agus"));
    let rina = scene.hub.add_supervisor("rina", "Rina").unwrap();
    let mut first = at_work(&mut scene, &sari);
    let mut booths: Vec<Booth> = (1..=2).map(|number| scene.booth(&format!("Bilik {number}"))).collect();
    all_come(&mut booths, &SIX);
    let [one, two] = booths.as_mut_slice() else { panic!("two booths") };

    hold(&mut first, one);
    let mut second = at_work(&mut scene, &agus);
    transfer(&mut first, &mut second, one);
    let mut third = at_work(&mut scene, &rina);
    watch(&mut first, &mut third, two);
    take_over(&mut first, &mut third, two);
    close(&mut second, &mut third, one);
    for officer in [&mut first, &mut second, &mut third] {
        assert_calm(&officer.notes().unwrap());
    }
    scene.hub.command(&["verify-audit"]).unwrap();
}

/// A held booth sends nothing, while another one does.
fn hold(officer: &mut Keyboard, booth: &mut Booth) {
    let (held, other) = (officer.seat("Bilik 1").unwrap().unwrap(), officer.seat("Bilik 2").unwrap().unwrap());
    let (call, control) = (officer.call_in(held.slot).unwrap(), officer.call_in(other.slot).unwrap());
    officer.focus("Bilik 1").unwrap();
    until("picture and sound arrive", || {
        let received = officer.received(call)?;
        Ok((received.video > 0 && received.audio > 0).then_some(()))
    })
    .unwrap();
    assert!(microphone_runs(booth), "{:?}", threads(booth));

    officer.press("h").unwrap();
    officer.sees("Tertahan").unwrap();
    booth.sees("Sari segera kembali kepada Anda").unwrap();
    until("the microphone is closed", || Ok((!microphone_runs(booth)).then_some(()))).unwrap();
    let more = |officer: &mut Keyboard, packets: u64| {
        let begin = officer.received(control).unwrap();
        until("the other booth's picture goes on", || {
            Ok((officer.received(control)?.video >= begin.video + packets).then_some(()))
        })
        .unwrap();
    };
    // What was under way has arrived.
    more(officer, 5);
    let before = officer.received(call).unwrap();
    more(officer, 60);
    assert_eq!(officer.received(call).unwrap(), before, "a held booth sends");

    officer.press("h").unwrap();
    until("picture and sound are back", || {
        let received = officer.received(call)?;
        Ok((received.video > before.video && received.audio > before.audio).then_some(()))
    })
    .unwrap();
    booth.sees("Langsung · Sari").unwrap();
    assert!(microphone_runs(booth), "{:?}", threads(booth));
}

/// Names of all threads of the booth's process: GStreamer names each after the element that it drives.
fn threads(booth: &Booth) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", booth.pid())).unwrap().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .map(|name| name.trim().into())
        .collect()
}

fn microphone_runs(booth: &Booth) -> bool {
    threads(booth).iter().any(|name| name == "device:src")
}

/// With a note, which the next officer reads; the participant is told.
fn transfer(from: &mut Keyboard, to: &mut Keyboard, booth: &mut Booth) {
    from.focus("Bilik 1").unwrap();
    from.open("a").unwrap();
    from.press("1").unwrap();
    from.wait_for("document.querySelector('[data-testid=taker-Agus][aria-pressed=true]') !== null").unwrap();
    from.tab_to("it.tagName === 'TEXTAREA'").unwrap();
    from.type_text(NOTE).unwrap();
    from.press_control_enter().unwrap();
    from.closed().unwrap();
    until("the booth has left the first desk", || Ok(from.seat("Bilik 1")?.is_none().then_some(()))).unwrap();

    booth.sees("Petugas lain melanjutkan bersama Anda").unwrap();
    let seat = until("the booth comes to the other desk", || to.seat("Bilik 1")).unwrap();
    assert!(!seat.chosen, "it waits until it is chosen");
    to.focus("Bilik 1").unwrap();
    let note = to.words("[data-testid=note]").unwrap().unwrap();
    assert!(note.contains("Catatan dari Sari") && note.contains(NOTE), "{note}");
    to.sees_moving("focus-video").unwrap();
    booth.sees("Langsung · Agus").unwrap();
}

/// Officer and participant see that a supervisor reads along.
fn watch(officer: &mut Keyboard, supervisor: &mut Keyboard, booth: &mut Booth) {
    officer.focus("Bilik 2").unwrap();
    assert!(!booth.shows("Seorang penyelia").unwrap());
    supervisor.press("p").unwrap();
    to_row(supervisor, "Bilik 2");
    supervisor.press("w").unwrap();
    until("the supervisor reads the answers", || {
        let words = supervisor.words("[data-testid=watched-session]")?.unwrap_or_default();
        Ok((words.contains(SIX[1].name) && words.contains("0123 4567 8901 222")).then_some(()))
    })
    .unwrap();
    booth.sees("Seorang penyelia ikut melihat").unwrap();
    officer.sees("Rina ikut melihat").unwrap();
    supervisor.press("w").unwrap();
    until("nobody reads along", || {
        let there = officer.words("[data-testid=watched]")?.is_some() || booth.shows("Seorang penyelia")?;
        Ok((!there).then_some(()))
    })
    .unwrap();
}

fn take_over(officer: &mut Keyboard, supervisor: &mut Keyboard, booth: &mut Booth) {
    supervisor.open("i").unwrap();
    supervisor.tab_to("it.innerText === 'Ambil alih'").unwrap();
    supervisor.press("Enter").unwrap();
    until("the supervisor has it in focus", || Ok(supervisor.seat("Bilik 2")?.filter(|seat| seat.chosen))).unwrap();
    until("the officer has it no more", || Ok(officer.seats()?.is_empty().then_some(()))).unwrap();
    supervisor.sees_moving("focus-video").unwrap();
    booth.sees("Petugas lain melanjutkan bersama Anda").unwrap();
    booth.sees("Langsung · Rina").unwrap();
}

/// Who sits in it finishes first.
fn close(officer: &mut Keyboard, supervisor: &mut Keyboard, booth: &mut Booth) {
    supervisor.press("p").unwrap();
    to_row(supervisor, "Bilik 1");
    supervisor.open("x").unwrap();
    supervisor.press("1").unwrap();
    supervisor.closed().unwrap();
    supervisor.sees("Ditutup setelah peserta ini selesai").unwrap();
    assert!(!booth.shows("B-07").unwrap());
    officer.open("e").unwrap();
    officer.tab_to("it.innerText === 'Akhiri sesi'").unwrap();
    officer.press("Enter").unwrap();
    booth.sees("Bilik ini sedang ditutup oleh kantor.").unwrap();
    booth.sees("B-07").unwrap();
    until("the officer's seat is empty", || Ok(officer.seats()?.is_empty().then_some(()))).unwrap();
    supervisor.sees("Ditutup: dibersihkan").unwrap();

    supervisor.open("x").unwrap();
    supervisor.tab_to("it.innerText === 'Buka bilik'").unwrap();
    supervisor.press("Enter").unwrap();
    supervisor.closed().unwrap();
    booth.sees("Selamat datang.").unwrap();
}

/// Down the list of the floor.
fn to_row(supervisor: &mut Keyboard, booth: &str) {
    let row = format!("document.querySelector('[data-testid=\"floor-{booth}\"]')");
    supervisor.wait_for(&format!("{row} !== null")).unwrap();
    for key in ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown", "ArrowDown"] {
        if supervisor.read::<bool>(&format!("{row}.getAttribute('aria-pressed') === 'true'")).unwrap() {
            return;
        }
        supervisor.press(key).unwrap();
    }
    panic!("the cursor does not come to {booth}");
}
