/**
 * What the scripts that look at the console share: `mock-hub.mjs`, a real Chromium, and pictures of a page. A script fails
 * if a page breaks the content security policy, logs an error or scrolls as a whole.
 */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";

const CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/**
 * Runs `look` with a page and the means to take pictures of it into `out`. `allowed`: whether the browser gives the page a
 * camera and a microphone; `devices`: whether there are any; `more`: what else the browser is told.
 */
export async function stage(out, port, look, { allowed = true, devices = true, more = [] } = {}) {
  const base = `http://127.0.0.1:${port}`;
  const problems = [];
  await mkdir(out, { recursive: true });
  const hub = spawn(process.execPath, [new URL("./mock-hub.mjs", import.meta.url).pathname, String(port)]);
  await new Promise((ready) => hub.stdout.once("data", ready));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", ...(devices ? CAMERA.slice(0, allowed ? 2 : 1) : []), ...more],
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1600, height: 900 } });
    if (allowed) await context.grantPermissions(["camera", "microphone"]);
    const booths = await context.newPage();
    await booths.goto(`${base}/dev/booths.html`);
    const page = await context.newPage();
    page.on("console", (entry) => {
      // A wrong password, or a hub that restarts, is an answer, which Chromium logs as an error of the page.
      if (entry.type() === "error" && !/status of (401|429|503)/.test(entry.text()))
        problems.push(`console: ${entry.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`page: ${error.message}`));
    const shot = async (name) => {
      await page.screenshot({ path: `${out}/${name}.png` });
      const scrolls = await page.evaluate(() => {
        const root = document.documentElement;
        return root.scrollHeight > root.clientHeight || root.scrollWidth > root.clientWidth;
      });
      if (scrolls) problems.push(`${name}: the page scrolls as a whole`);
      const cut = await page.evaluate(() => {
        const bar = document.querySelector("header");
        return bar !== null && bar.scrollWidth > bar.clientWidth;
      });
      if (cut) problems.push(`${name}: the bar on top is cut off`);
    };
    await look({ base, context, page, shot, problems });
  } finally {
    await browser.close();
    hub.kill();
  }
  if (problems.length > 0) {
    console.error([...new Set(problems)].join("\n"));
    process.exitCode = 1;
  }
}
