/** Presses a key that was typed ahead, as a browser would have if the focus had been there already. */
import type { Held } from "../state/typeAhead";

const STOPS = "button:not(:disabled), input:not(:disabled), textarea:not(:disabled), a[href], [tabindex='0']";

export function pressIn(element: Element | null, { key, ctrl, shift }: Held): void {
  if (element === null) return;
  const heard = { key, ctrlKey: ctrl, shiftKey: shift, bubbles: true, cancelable: true };
  // What the panel makes of the key comes first; what a browser does with it by itself, a script's event does not do.
  if (!element.dispatchEvent(new KeyboardEvent("keydown", heard)) || ctrl) return;
  const typing = element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && isText(element));
  if (key === "Tab") step(element, shift ? -1 : 1);
  else if (typing && key === "Enter" && element instanceof HTMLInputElement) element.form?.requestSubmit();
  else if (typing && (key.length === 1 || key === "Enter")) write(element, key === "Enter" ? "\n" : key);
  else if (key === " " || (key === "Enter" && element instanceof HTMLButtonElement)) press(element);
}

/** Where a panel wants the focus when it opens. */
export function focusIn(dialog: Element | null): void {
  const first = dialog?.querySelector<HTMLElement>("[data-autofocus]") ?? dialog?.querySelector<HTMLElement>(STOPS);
  first?.focus();
}

function isText(element: HTMLInputElement): boolean {
  return element.type === "text";
}

function press(element: Element): void {
  if (element instanceof HTMLButtonElement || element instanceof HTMLInputElement) element.click();
}

function step(from: Element, by: 1 | -1): void {
  const stops = [...(from.closest("[role=dialog]")?.querySelectorAll<HTMLElement>(STOPS) ?? [])];
  const at = stops.findIndex((one) => one === from);
  stops[(at + by + stops.length) % stops.length]?.focus();
}

function write(field: HTMLTextAreaElement | HTMLInputElement, text: string): void {
  const { selectionStart, selectionEnd, value } = field;
  field.setRangeText(text, selectionStart ?? value.length, selectionEnd ?? value.length, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, data: text, inputType: "insertText" }));
}
