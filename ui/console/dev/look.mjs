/**
 * Opens every view in a real Chromium against `mock-hub.mjs` and writes pictures, for people to look at.
 * Fails if the page breaks the content security policy, logs an error, scrolls as a whole, or shows no live picture.
 *
 *   npm run build && node dev/look.mjs DIRECTORY
 */
import { stage } from "./stage.mjs";

await stage(process.argv[2] ?? "/tmp/bilik-console", 4191, look);

async function look({ base, context, page, shot, problems }) {
  await page.goto(base);
  await page.getByLabel("Nama pengguna").fill("sari");
  await shot("login-light-id");
  const tryLogin = async (code) => {
    await page.getByLabel("Kata sandi", { exact: true }).fill("specimen");
    await page.getByLabel("Kode 6 angka").fill(code);
    await page.keyboard.press("Enter");
  };
  for (let attempt = 0; attempt < 2; attempt++) await tryLogin("000000");
  await page.getByRole("alert").waitFor();
  await shot("login-wrong-id");
  await tryLogin("000000");
  await page.getByText("Terlalu banyak").waitFor();
  await shot("login-locked-id");
  await page.reload();
  await page.getByLabel("Nama pengguna").fill("sari");
  await tryLogin("123456");
  await page.getByTestId("tile-3").getByText("Bilik 3").waitFor();
  await page.keyboard.press("3");
  await page.getByTestId("live").waitFor({ timeout: 15_000 });
  await page.waitForTimeout(1500);
  await shot("desk-light-id");

  const live = () =>
    page.evaluate(() => [...document.querySelectorAll("nav video")].filter((video) => video.videoWidth > 0).length);
  if ((await live()) < 4) problems.push(`only ${await live()} tiles show a picture`);

  await page.keyboard.press("Enter");
  await page.waitForTimeout(300);
  await page.keyboard.press("r");
  await shot("ask-again-light-id");
  await page.keyboard.press("1");
  await page.keyboard.press("t");
  await shot("message-light-id");
  await page.keyboard.press("1");
  await page.waitForTimeout(300);
  await page.keyboard.press("k");
  await shot("return-light-id");
  await page.keyboard.press("Escape");
  await page.keyboard.press("e");
  await shot("end-light-id");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await shot("keys-light-id");
  await page.keyboard.press("Escape");
  await page.getByTestId("thumb-face").click();
  await page.keyboard.press("b");
  await page.getByTestId("thumb-identity_card").click();
  await page.keyboard.press("v");
  await page.keyboard.press("+");
  await page.waitForTimeout(300);
  await shot("compare-wide-light-id");
  await page.keyboard.press("Escape");
  await page.keyboard.press("b");
  await page.getByTestId("capacity").click();
  await page.waitForTimeout(300);
  await shot("capacity-light-id");
  await page.getByRole("menuitemradio", { name: "6 bilik" }).click();

  // The alarm: somebody has waited for more than 30 seconds.
  await page.locator("[data-testid=tile-2][data-tone=alarm]").waitFor({ timeout: 40_000 });
  await shot("alarm-light-id");
  await page.keyboard.press(" ");
  await page.waitForTimeout(1500);
  for (let row = 0; row < 4; row++) {
    await page.keyboard.press("Enter");
    await page.waitForTimeout(150);
  }
  await page.keyboard.press("n");
  await page.getByRole("dialog").getByRole("textbox").fill("Surat PHK asli dibawa besok pagi ke loket 2.");
  await shot("note-light-id");
  await page.keyboard.press("Control+Enter");
  await shot("ready-to-approve-light-id");
  await page.keyboard.press("Control+Enter");
  await page.getByText("JK7-4QF-2MX").waitFor();
  await shot("approved-light-id");

  await page.keyboard.press("l");
  await page.getByTestId("claim-JK7-4QF-2MX").click();
  await page.waitForTimeout(600);
  await shot("claims-light-id");
  await page.getByRole("button", { name: "Setujui setelah menelepon" }).click();
  await page
    .getByLabel("Catatan (boleh kosong)")
    .fill("Peserta ditelepon pukul 10.15; buku tabungan asli dibawa besok.");
  await shot("claim-verify-note-light-id");
  await page.getByRole("dialog").getByRole("button", { name: "Setujui" }).click();
  await page.getByText("Klaim disetujui").waitFor();
  await page.getByTestId("notes").getByText("buku tabungan asli").waitFor();
  await shot("claim-decided-light-id");
  for (const [width, height] of [
    [1366, 768],
    [3840, 2160],
  ]) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(300);
    await shot(`claims-${width}x${height}-light-id`);
  }
  await page.setViewportSize({ width: 1600, height: 900 });
  await page.getByRole("button", { name: "Ganti ke tampilan gelap" }).click();
  await page.waitForTimeout(200);
  await shot("claims-dark-id");
  // Taken up again by its code.
  await page.getByRole("textbox", { name: "Kode lacak peserta" }).fill("jk7-4qf-2mx");
  await page.keyboard.press("Enter");
  await page.getByText("Hanya penyelia yang dapat membukanya lagi.").waitFor();
  await shot("claim-found-dark-id");
  await page.locator("h2").first().click();
  await statistics(page, shot);
  await page.keyboard.press("3");
  await page.waitForTimeout(1500);
  await page.getByRole("button", { name: "English" }).click();
  await shot("desk-dark-en");
  await page.keyboard.press("r");
  await shot("ask-again-dark-en");
  await page.keyboard.press("Escape");
  await page.keyboard.press("h");
  await page.waitForTimeout(400);
  await shot("hold-dark-en");
  await page.keyboard.press("h");
  for (const [width, height] of [
    [1366, 768],
    [1366, 650],
    [1920, 1080],
    [3840, 2160],
  ]) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(500);
    await shot(`desk-${width}x${height}-dark-en`);
  }
  await page.setViewportSize({ width: 1366, height: 768 });
  await page.getByRole("button", { name: "Bahasa Indonesia" }).click();
  await page.getByRole("button", { name: "Ganti ke tampilan terang" }).click();
  await page.waitForTimeout(300);
  await shot("desk-1366x768-light-id");
  await page.setViewportSize({ width: 1456, height: 819 });
  await page.getByTestId("item-nik").click();
  await page.waitForTimeout(300);
  await shot("desk-1456x819-light-id");
  await page.setViewportSize({ width: 1366, height: 768 });

  // A hub that cannot sign anybody out.
  await page.route("**/api/v1/logout", (route) => route.fulfill({ status: 503 }));
  await page.getByRole("button", { name: "Menu Sari W." }).click();
  await page.getByRole("menuitem", { name: "Keluar", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Keluar" }).click();
  await page.getByText("Anda belum keluar").waitFor();
  await shot("sign-out-unheard-light-id");
  await page.getByRole("button", { name: "Batal keluar" }).click();

  const other = await context.newPage();
  await other.goto(base);
  await page.getByText("Konsol ini dibuka di tempat lain").waitFor();
  await shot("replaced-light-id");
}

/** Both themes, on the smallest and on an ordinary screen; ends in dark and at the size of before. */
async function statistics(page, shot) {
  const themes = [
    ["dark", "Ganti ke tampilan terang"],
    ["light", "Ganti ke tampilan gelap"],
  ];
  await page.keyboard.press("s");
  await page.getByText("Klaim per jam petugas").first().waitFor();
  for (const [theme, other] of themes) {
    for (const [width, height] of [
      [1366, 768],
      [1920, 1080],
      [3840, 2160],
    ]) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(300);
      await shot(`statistics-${width}x${height}-${theme}-id`);
      if (theme === "light" && width === 1366) {
        await page.getByRole("button", { name: "English" }).click();
        await shot(`statistics-${width}x${height}-${theme}-en`);
        await page.getByRole("button", { name: "Bahasa Indonesia" }).click();
      }
    }
    await page.getByRole("button", { name: other }).click();
  }
  await page.setViewportSize({ width: 1600, height: 900 });
}
