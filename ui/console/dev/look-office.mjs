/**
 * As `look.mjs`: what officers do with each other, and the pages of supervisors, technicians and auditors.
 *
 *   npm run build && node dev/look-office.mjs DIRECTORY
 */
import { stage } from "./stage.mjs";

const SIZES = [
  [1366, 768],
  [1920, 1080],
  [3840, 2160],
];

await stage(process.argv[2] ?? "/tmp/bilik-console", 4192, look);

async function look({ base, page, shot, problems }) {
  const signIn = async (name) => {
    await page.getByLabel("Nama pengguna").fill(name);
    await page.getByLabel("Kata sandi", { exact: true }).fill("specimen");
    await page.getByLabel("Kode 6 angka").fill("123456");
    await page.keyboard.press("Enter");
  };
  const signOut = async () => {
    await page.request.post(`${base}/api/v1/logout`);
    await page.goto(base);
    await page.getByLabel("Nama pengguna").waitFor();
  };
  /** In both sizes, light in Indonesian and dark in English, and back. */
  const views = async (name) => {
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(300);
      await shot(`${name}-${width}x${height}-light-id`);
    }
    await page.getByRole("button", { name: "Ganti ke tampilan gelap" }).click();
    await page.getByRole("button", { name: "English" }).click();
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(300);
      await shot(`${name}-${width}x${height}-dark-en`);
    }
    await page.getByRole("button", { name: "Bahasa Indonesia" }).click();
    await page.getByRole("button", { name: "Ganti ke tampilan terang" }).click();
    await page.setViewportSize({ width: 1600, height: 900 });
  };

  // An officer: a note, a question and its answer, a transfer, the end of the shift; by keyboard.
  await page.goto(base);
  await signIn("sari");
  await page.getByTestId("tile-3").getByText("Bilik 3").waitFor();
  await page.keyboard.press("3");
  await page.getByTestId("note").waitFor();
  await page.waitForTimeout(1500);
  await views("noted");
  await page.keyboard.press("q");
  await shot("ask-light-id");
  await page.keyboard.press("1");
  await page.getByTestId("question").waitFor();
  await shot("asked-light-id");
  await page.getByTestId("answer").waitFor();
  await page.getByTestId("note").getByRole("button").click();
  await shot("answered-light-id");
  await page.getByTestId("answer").getByRole("button").click();
  await page.keyboard.press("a");
  await page.keyboard.press("1");
  await page.keyboard.press("Tab");
  await page.getByLabel("Catatan untuk petugas berikutnya").fill("Tinggal surat PHK.");
  await shot("transfer-light-id");
  await page.keyboard.press("Control+Enter");
  await page.getByTestId("tile-3").getByText("Kosong").waitFor();
  await page.getByRole("button", { name: "Menu Sari W." }).click();
  await page.waitForTimeout(300);
  await shot("end-shift-light-id");
  await page.getByRole("menuitem", { name: "Akhiri tugas" }).click();
  await page.waitForTimeout(300);
  await shot("ending-light-id");
  await signOut();

  // A supervisor, by keyboard. What was approved in the call is opened again, with the reason.
  await signIn("penyelia");
  await page.getByRole("button", { name: "Pengawasan" }).waitFor();
  await page.keyboard.press("l");
  await page.getByRole("textbox", { name: "Kode lacak peserta" }).fill("4hx-7n2-p0d");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Buka lagi" }).click();
  await page.getByLabel("Mengapa dibuka lagi").fill("Rekening atas nama orang lain.");
  await shot("reopen-light-id");
  await page.keyboard.press("Control+Enter");
  await page.getByTestId("notes").getByText("Rekening atas nama").waitFor();
  await page.getByTestId("claim-4HX-7N2-P0D").waitFor();
  await shot("reopened-light-id");
  await page.locator("h2").first().click();
  await page.keyboard.press("p");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await views("floor");
  await page.keyboard.press("j");
  await shot("answer-light-id");
  await page.keyboard.press("1");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("w");
  await page.getByTestId("watched-session").waitFor();
  await page.getByRole("button", { name: "KTP: foto" }).click();
  await page.waitForTimeout(500);
  await views("watching");
  await page.keyboard.press("w");
  await page.keyboard.press("a");
  await shot("reassign-light-id");
  await page.keyboard.press("Escape");
  await page.keyboard.press("i");
  await shot("take-over-light-id");
  await page.keyboard.press("Escape");
  for (let row = 0; row < 4; row++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("x");
  await shot("open-booth-light-id");
  await page.keyboard.press("Escape");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("x");
  await shot("close-booth-light-id");
  await page.keyboard.press("1");
  await page.getByTestId("floor-Bilik 6").getByText("dibersihkan").waitFor();
  for (let row = 0; row < 3; row++) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("i");
  await page.locator("button:focus", { hasText: "Batal" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByTestId("tile-3").getByText("Bilik 3").waitFor();
  await page.waitForTimeout(1500);
  await shot("taken-over-light-id");
  if ((await page.getByTestId("tile-3").getAttribute("aria-pressed")) !== "true")
    problems.push("what was taken over is not in focus");
  await signOut();

  // A technician.
  await signIn("teknisi");
  await page.getByTestId("fleet-Bilik 8").getByRole("button").click();
  await views("fleet");
  await page.getByRole("button", { name: "Cabut bilik" }).click();
  await shot("revoke-light-id");
  await page.getByRole("button", { name: "Batal" }).click();
  await page.getByRole("button", { name: "Kode pendaftaran baru" }).click();
  await page.getByLabel("Nama bilik").fill("Bilik 11");
  await shot("code-order-light-id");
  await page.keyboard.press("Enter");
  await page.getByTestId("made-code").waitFor();
  await shot("code-made-light-id");
  await page.getByRole("button", { name: "Sudah saya catat" }).click();
  await signOut();

  // An auditor.
  await signIn("auditor");
  await page.getByText("Sesi dialihkan").first().waitFor();
  await page.getByRole("button", { name: "Periksa rantai" }).click();
  await page.getByTestId("verified").getByText("Utuh").waitFor();
  await views("trail");
  await page.getByLabel("Petugas").selectOption({ label: "Ratna P." });
  await page.getByLabel("Sesi").fill("bukan kode");
  await page.waitForTimeout(300);
  await shot("trail-filtered-light-id");
}
