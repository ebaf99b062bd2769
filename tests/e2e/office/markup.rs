//! Markup in every text that people can send each other: it is shown as what was written, and nothing of it happens.
//!
//! Booths let nobody type the signs that markup needs, so the answers of a hostile booth are put into the frames on their way into
//! the page. All other texts go the whole way, from one keyboard to another screen.

use super::{Notes, assert_calm, come_to_the_officer};
use crate::scene::{Scene, unwatched};
use bilik_tests::hub::Account;
use bilik_tests::keyboard::Keyboard;
use bilik_tests::process::until;
use bilik_tests::specimen::{self, BUDI};
use bilik_tests::story;

/// What is tried on pages that take text for markup, each in its way; `__ran` notes that it worked.
const CORPUS: [&str; 22] = [
    "<script>__ran(0)</script>",
    "<img src=x onerror=__ran(1)>",
    "\"><img src=x onerror=__ran(2)>",
    "'><svg onload=__ran(3)>",
    "<svg/onload=__ran(4)//",
    "<iframe src=\"javascript:parent.__ran(5)\"></iframe>",
    "<iframe srcdoc=\"<script>parent.__ran(6)</script>\">",
    "<a href=\"javascript:__ran(7)\">klik</a>",
    "<details open ontoggle=__ran(8)>",
    "<input autofocus onfocus=__ran(9)>",
    "<math><mtext></table><img src=x onerror=__ran(10)>",
    "javascript:__ran(11)",
    "';__ran(12);//",
    "</title><script>__ran(13)</script>",
    "</textarea><script>__ran(14)</script>",
    "</script><script>__ran(15)</script>",
    "<style>@import'//127.0.0.1/16.css';*{display:none}</style>",
    "<meta http-equiv=refresh content=\"0;url=javascript:__ran(17)\">",
    "{{constructor.constructor('__ran(18)')()}}",
    "<!--<img src=\"--><img src=x onerror=__ran(19)//\">",
    "&lt;script&gt;__ran(20)&lt;/script&gt;",
    "<object data=\"javascript:__ran(21)\"></object>",
];
const BOOTH: &str = "<img src=x onerror=__ran('booth')>";
const OFFICER: &str = "Agus<svg onload=__ran('officer')>";
const SUPERVISOR: &str = "\"><script>__ran('supervisor')</script>";

/// What markup would have made of the page.
const MADE: &str = "document.querySelectorAll('img[src=\"x\"], svg[onload], iframe, object, details, math, [onerror], [onfocus], [ontoggle], \
     a[href^=\"javascript:\"], meta[http-equiv], body style, body script:not([src])').length";

/// The frames of a booth that sends what it likes: the corpus in place of every answer and doubt, and of the name also in the list of
/// claims.
fn hostile() -> String {
    let corpus = serde_json::to_string(&CORPUS).unwrap();
    let name = serde_json::to_string(specimen::NAME).unwrap();
    format!(
        "(() => {{ const corpus = {corpus}; const name = {name}; \
         const people = value => typeof value === 'string' ? (value === name ? corpus[1] : value) \
           : Array.isArray(value) ? value.map(people) \
           : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, people(v)])) : value; \
         const spoil = text => {{ const frame = JSON.parse(text); const of = frame.tile?.snapshot; \
           if (of) {{ of.name = corpus[2]; of.items.forEach((item, n) => {{ item.value = corpus[n]; item.doubts = corpus; }}); }} \
           return JSON.stringify(frame); }}; \
         const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data').get; \
         Object.defineProperty(MessageEvent.prototype, 'data', {{ get() {{ const text = data.call(this); \
           return this.target instanceof WebSocket && typeof text === 'string' ? spoil(text) : text; }} }}); \
         const json = Response.prototype.json; \
         Response.prototype.json = function () {{ return json.call(this).then(people); }}; }})();"
    )
}

#[test]
fn markup_stays_text() {
    let mut scene = Scene::new();
    let mut booth = scene.booth(BOOTH);
    story::without_officer(&mut booth, &mut unwatched).unwrap();
    booth.press("Selesai").unwrap();
    booth.sees("Selamat datang.").unwrap();

    let agus = scene.account("agus", OFFICER);
    let rina = scene.hub.add_supervisor("rina", SUPERVISOR).unwrap();
    let mut officer = at_hostile_work(&mut scene, &agus);
    let mut supervisor = at_hostile_work(&mut scene, &rina);
    come_to_the_officer(&mut booth, &BUDI).unwrap();
    booth.sees(OFFICER).unwrap();

    officer.focus(BOOTH).unwrap();
    shows(&mut officer, &CORPUS);
    list_of_claims(&mut officer);
    // From the officer to the participant.
    officer.focus(BOOTH).unwrap();
    officer.open("r").unwrap();
    own_words(&mut officer, "Alasan lain", CORPUS[0]);
    officer.sees(&format!("Diminta ulang: {}", CORPUS[0])).unwrap();
    booth.sees(CORPUS[0]).unwrap();
    officer.open("t").unwrap();
    own_words(&mut officer, "Tulis sendiri", CORPUS[3]);
    officer.sees("Pesan tampil di bilik").unwrap();
    booth.sees(CORPUS[3]).unwrap();
    // To the supervisor and back.
    officer.open("q").unwrap();
    own_words(&mut officer, "Pertanyaan lain", CORPUS[5]);
    supervisor.press("p").unwrap();
    supervisor.wait_for("document.querySelector('[data-testid^=floor-]') !== null").unwrap();
    supervisor.press("ArrowDown").unwrap();
    shows(&mut supervisor, &[CORPUS[5], BOOTH, OFFICER]);
    supervisor.open("j").unwrap();
    own_words(&mut supervisor, "Jawaban lain", CORPUS[6]);
    until("the answer is there", || officer.words("[data-testid=answer]")).unwrap();
    shows(&mut officer, &[CORPUS[6], SUPERVISOR]);
    supervisor.press("w").unwrap();
    until("the supervisor reads along", || supervisor.words("[data-testid=watched-session]")).unwrap();
    shows(&mut supervisor, &CORPUS[..7]);
    officer.sees(&format!("{SUPERVISOR} ikut melihat")).unwrap();
    supervisor.press("w").unwrap();
    // With the session to another desk.
    supervisor.take_on(1).unwrap();
    officer.open("a").unwrap();
    officer.press("1").unwrap();
    officer.tab_to("it.tagName === 'TEXTAREA'").unwrap();
    officer.type_text(CORPUS[14]).unwrap();
    officer.press_control_enter().unwrap();
    supervisor.press("p").unwrap();
    supervisor.focus(BOOTH).unwrap();
    until("the note is there", || supervisor.words("[data-testid=note]")).unwrap();
    shows(&mut supervisor, &[CORPUS[14], OFFICER]);
    booth.sees(SUPERVISOR).unwrap();
    // And the last word.
    supervisor.open("k").unwrap();
    supervisor.tab_to("[...(it?.labels ?? [])].some(label => label.innerText === 'Alasan lain')").unwrap();
    supervisor.type_text(CORPUS[13]).unwrap();
    supervisor.press_control_enter().unwrap();
    booth.sees(CORPUS[13]).unwrap();

    for page in [&mut officer, &mut supervisor] {
        let notes: Notes = page.notes().unwrap();
        assert_calm(&notes);
        assert_eq!(page.read::<usize>(MADE).unwrap(), 0, "a text has become a part of the page");
    }
    would_be_noticed(&mut officer);
}

fn at_hostile_work(scene: &mut Scene, account: &Account) -> Keyboard {
    Keyboard::log_in(&mut scene.browser, &scene.hub, account, &hostile()).unwrap()
}

/// Claims kept without an officer, in the list and opened.
fn list_of_claims(officer: &mut Keyboard) {
    officer.press("l").unwrap();
    officer.sees("Klaim tanpa petugas").unwrap();
    shows(officer, &[CORPUS[1], BOOTH]);
    officer.tab_to("it.dataset.testid?.startsWith('claim-')").unwrap();
    officer.press("Enter").unwrap();
    until("the claim is open", || Ok(officer.text().contains("Hubungi peserta di").then_some(()))).unwrap();
    shows(officer, &[CORPUS[1], BOOTH]);
    officer.press("l").unwrap();
}

/// Writes into the line for one's own words and sends it.
fn own_words(officer: &mut Keyboard, label: &str, text: &str) {
    officer.tab_to(&format!("[...(it?.labels ?? [])].some(label => label.innerText === '{label}')")).unwrap();
    officer.type_text(text).unwrap();
    officer.press("Enter").unwrap();
    officer.closed().unwrap();
}

fn shows(officer: &mut Keyboard, texts: &[&str]) {
    for text in texts {
        officer.sees(text).unwrap();
    }
}

/// The same texts as markup: the page's policy stops them, and this test's eyes see both that and what they make.
fn would_be_noticed(officer: &mut Keyboard) {
    let insert = format!(
        "(() => {{ document.body.insertAdjacentHTML('beforeend', {}); return {MADE}; }})()",
        serde_json::to_string(&CORPUS[1..10].join("")).unwrap()
    );
    assert!(officer.read::<usize>(&insert).unwrap() > 5, "the corpus is harmless");
    until("the policy reports it", || Ok((officer.notes()?.reports.len() > 1).then_some(()))).unwrap();
    assert_eq!(officer.notes().unwrap().ran, Vec::<String>::new(), "the policy does not hold");
}
