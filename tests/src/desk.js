// What an officer's page does, noted from the beginning: keys, what came into focus, what went wrong. The console knows nothing of it.
(() => {
  const desk = { keys: [], chosen: [], focus: [], pointers: 0, errors: [], reports: [], ran: [] };
  window.__desk = desk;
  // A script that came in with a text would call this.
  window.__ran = (what) => desk.ran.push(String(what));
  window.alert = window.__ran;
  addEventListener("keydown", (event) => event.isTrusted && desk.keys.push(event.key), true);
  for (const kind of ["pointerdown", "pointermove", "mousedown", "mousemove", "touchstart", "wheel"])
    addEventListener(kind, () => desk.pointers++, true);
  addEventListener("error", (event) => desk.errors.push(event.message || `failed to load ${event.target?.src ?? event.target}`), true);
  addEventListener("unhandledrejection", (event) => desk.errors.push(`unhandled: ${event.reason}`));
  const complain = console.error;
  console.error = (...words) => {
    desk.errors.push(words.map(String).join(" "));
    complain.apply(console, words);
  };
  document.addEventListener("securitypolicyviolation", (event) => desk.reports.push(`${event.violatedDirective} ${event.blockedURI}`));
  addEventListener("focusin", (event) => desk.focus.push([event.target.dataset.testid ?? event.target.tagName, desk.keys.length]), true);
  let chosen = null;
  new MutationObserver(() => {
    const now = document.querySelector("[data-chosen=true]")?.dataset.testid ?? null;
    if (now !== chosen) desk.chosen.push([now, desk.keys.length]);
    chosen = now;
  }).observe(document, { attributes: true, attributeFilter: ["data-chosen"], childList: true, subtree: true });
})();
