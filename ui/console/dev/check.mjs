/**
 * What only a real Chromium shows of the console: keys that are typed faster than a panel opens, a browser without camera, a
 * sound that waits for a touch, a shift that ends on a page loaded anew. Fails if any of it is not so.
 *
 *   npm run build && node dev/check.mjs DIRECTORY
 */
import { stage } from "./stage.mjs";

const OUT = process.argv[2] ?? "/tmp/bilik-console";

const signIn = async (page, base) => {
  await page.goto(base);
  await page.getByLabel("Nama pengguna").fill("sari");
  await page.getByLabel("Kata sandi", { exact: true }).fill("specimen");
  await page.getByLabel("Kode 6 angka").fill("123456");
  await page.keyboard.press("Enter");
  await page.getByTestId("tile-3").getByText("Bilik 3").waitFor();
};

const expecting = (problems) => (what, seen, wanted) => {
  const fine = JSON.stringify(seen) === JSON.stringify(wanted);
  console.log(`${fine ? "ok  " : "FAIL"} ${what}`);
  if (!fine) problems.push(`${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`);
};

/** The page is busy for so long; what is typed meanwhile comes all at once after it. */
const whileBusy = async (page, keys, ms = 300) => {
  const busy = page.evaluate((until) => {
    const end = performance.now() + until;
    while (performance.now() < end);
  }, ms);
  await Promise.all([busy, ...keys.map((key) => page.keyboard.press(key))]);
};

await stage(OUT, 4193, async ({ base, page, problems, shot }) => {
  const expect = expecting(problems);
  await signIn(page, base);
  await page.keyboard.press("3");
  await page.getByTestId("item-nik").waitFor();

  for (const [how, type] of [
    ["quickly", async (keys) => Promise.all(keys.map((key) => page.keyboard.press(key)))],
    ["all at once", async (keys) => whileBusy(page, keys)],
  ]) {
    await type(["a", "1"]);
    const taker = page.locator("[role=dialog] button[aria-pressed=true]");
    await taker.waitFor();
    expect(`A 1, ${how}: somebody is chosen`, await taker.count(), 1);
    await page.keyboard.press("Escape");
    await page.locator("[role=dialog]").waitFor({ state: "detached" });

    // Away from what is asked for already.
    const row = page.locator("li[data-testid^=item-][aria-current=true]");
    const code = await row.getAttribute("data-testid");
    await type(["r", "1"]);
    await page.locator(`[data-testid="${code}"][data-check=asked_again]`).waitFor();
    expect(`R 1, ${how}: asked again, and the panel has gone`, await page.locator("[role=dialog]").count(), 0);
    await type(["n", "s", "u", "r", "a", "t", "Control+Enter"]);
    await page.getByTestId("note-button").filter({ hasText: "✓" }).waitFor();
    await type(["n"]);
    const note = page.getByRole("dialog").getByRole("textbox");
    await note.waitFor();
    expect(
      `N s u r a t, ${how}: every letter is in the note`,
      await note.inputValue(),
      how === "quickly" ? "surat" : "suratsurat",
    );
    await page.keyboard.press("Escape");
    await page.locator("[role=dialog]").waitFor({ state: "detached" });
    // What comes after a panel is for the desk again.
    await type(["t", "1", "4"]);
    await page.locator("[data-testid=tile-4][aria-pressed=true]").waitFor();
    expect(`T 1 4, ${how}: said, and the next booth is in focus`, await page.locator("[role=dialog]").count(), 0);
    await page.keyboard.press("3");
    await page.locator("[data-testid=tile-3][aria-pressed=true]").waitFor();
  }

  // The end of a shift.
  await page.getByRole("button", { name: "Menu Sari W." }).click();
  await page.getByRole("menuitem", { name: "Akhiri tugas" }).click();
  await page.getByTestId("capacity").getByText("Mengakhiri tugas").waitFor();
  await page.reload();
  await page.getByTestId("tile-3").getByText("Bilik 3").waitFor();
  await page.waitForTimeout(4_000);
  const said = await page.getByTestId("capacity").textContent();
  expect("a page loaded anew still ends the shift, and is still signed in", said?.includes("Mengakhiri tugas"), true);
  await page.screenshot({ path: `${OUT}/shift-ends-reloaded.png` });
  await shot("checked");
});

/**
 * A browser that keeps sound back until somebody touches the page. Whatever a script asks of a page counts as a touch, so until
 * then the page is only listened to.
 */
const untouched = async ({ base, page, problems }) => {
  const expect = expecting(problems);
  await signIn(page, base);
  const fresh = await page.context().newPage();
  const told = [];
  fresh.on("console", (entry) => told.push(entry.text()));
  await fresh.addInitScript(() => {
    const Real = window.AudioContext;
    window.AudioContext = class extends Real {
      constructor() {
        super();
        setInterval(() => console.log(`sound ${this.state}`), 500);
      }
      createOscillator() {
        console.log("note");
        return super.createOscillator();
      }
    };
  });
  const until = async (what) => {
    for (let tries = 0; tries < 300 && !told.includes(what); tries++) await new Promise((go) => setTimeout(go, 200));
  };
  await fresh.goto(base);
  await until("sound suspended");
  await new Promise((go) => setTimeout(go, 3_000));
  const early = told.filter((one) => one === "note" || one === "sound running");
  expect("no sound, and none saved up, before the page was touched", early, []);
  await fresh.mouse.click(700, 300);
  await until("note");
  expect("two notes once it was touched", told.filter((one) => one === "note").length, 2);
  await fresh.getByRole("button", { name: "Bunyi" }).first().click();
  expect(
    "and they can be turned off",
    await fresh.evaluate(() => window.localStorage.getItem("bilik.alarm-silent")),
    "1",
  );
  const before = told.filter((one) => one === "note").length;
  await fresh.waitForTimeout(11_000);
  expect("then it is silent", told.filter((one) => one === "note").length, before);
  await fresh.close();
};
await stage(OUT, 4196, untouched, { allowed: false, more: ["--autoplay-policy=document-user-activation-required"] });

/** Whoever has no camera is told what to do, and sees and hears all the same. */
const without =
  (name, words) =>
  async ({ base, page, problems, shot }) => {
    await signIn(page, base);
    await page.keyboard.press("3");
    await page.getByTestId("live").waitFor({ timeout: 20_000 });
    await page.waitForTimeout(1_500);
    const seen = {
      told: await page.getByText(words).isVisible(),
      again: await page.getByRole("button", { name: "Coba lagi" }).isVisible(),
      sees: await page.getByTestId("focus-video").evaluate((video) => video.videoWidth > 0 && !video.paused),
      hears: await page
        .getByTestId("remote-sound")
        .evaluate((audio) => !audio.paused && audio.srcObject.getAudioTracks().length > 0),
    };
    console.log(`${Object.values(seen).every(Boolean) ? "ok  " : "FAIL"} ${name}: ${JSON.stringify(seen)}`);
    if (!Object.values(seen).every(Boolean)) problems.push(`${name}: ${JSON.stringify(seen)}`);
    await shot(`without-camera-${name}`);
  };
await stage(OUT, 4194, without("denied", "Klik ikon kamera di bilah alamat"), { allowed: false });
await stage(OUT, 4195, without("missing", "Kamera atau mikrofon tidak ditemukan"), { devices: false });
