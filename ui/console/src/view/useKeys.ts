/**
 * Listens for keys on the whole page and says where the officer is; what a key means stands in `state/keys.ts`. Keys that are
 * typed before a panel has the focus reach it all the same: `state/typeAhead.ts`.
 */
import { useEffect } from "react";
import type { Shell } from "../shell";
import { actionFor } from "../state/keys";
import type { Focus, Held } from "../state/typeAhead";
import { TypeAhead } from "../state/typeAhead";
import { focusIn, pressIn } from "./pressIn";

const DIALOG = "[role=dialog]";
const PANEL = `${DIALOG}, [role=menu], [role=listbox]`;
const CONTROL = "button, a[href], select, summary, input, [role=button], [role=tab]";
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, [contenteditable=true]";
/** How soon it is looked again whether a key that waits can be delivered. */
const AGAIN_MS = 30;
/** Keys that say nothing by themselves. */
const SILENT = /^(Shift|Control|Alt|Meta|AltGraph|CapsLock|Dead|Process|Unidentified)$/;

export function useKeys(shell: Shell): void {
  useEffect(() => {
    // A button that a mouse click, or a menu that was closed by one, has left the focus on is not where the officer
    // works with the keyboard; `:focus-visible` does not tell the two apart once a script has moved the focus.
    let byMouse = false;
    const onPointer = () => {
      byMouse = true;
      shell.touched();
    };
    const focus = (): Focus => {
      const inside = document.activeElement?.closest(DIALOG) != null;
      if (inside) return "panel";
      return shell.view().desk.panel !== null || document.querySelector(DIALOG) !== null ? "nowhere" : "desk";
    };
    const ahead = new TypeAhead({
      focus,
      deliver: (held, to) => {
        if (to === "panel") pressIn(document.activeElement, held);
        else onDesk(held);
      },
      later: (run, soon) => {
        const due = () => {
          run(performance.now());
        };
        window.setTimeout(due, soon ? 0 : AGAIN_MS);
      },
      rescue: () => {
        focusIn(document.querySelector(DIALOG));
      },
    });
    const onDesk = ({ key, ctrl }: Held) => {
      const press = { key, ctrl, alt: false, meta: false, repeat: false };
      const action = actionFor(press, { typing: false, panel: false, control: false }, shell.view().desk.page);
      if (action !== null) shell.act(action);
    };
    const onFocus = () => {
      ahead.go(performance.now());
    };
    // Before anybody else hears of it: a key that is held is heard once, by who it is meant for.
    const onFirst = (event: KeyboardEvent) => {
      if (!event.isTrusted) return;
      shell.touched();
      if (event.isComposing || event.altKey || event.metaKey || SILENT.test(event.key)) return;
      const held = { key: event.key, ctrl: event.ctrlKey, shift: event.shiftKey };
      const dialog = document.querySelector(DIALOG);
      if (event.key === "Escape" && dialog !== null) {
        ahead.clear();
        return;
      }
      if (event.repeat || !ahead.take(held, performance.now())) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Tab") byMouse = false;
      if (event.defaultPrevented || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : document.body;
      const { desk } = shell.view();
      const press = {
        key: event.key,
        ctrl: event.ctrlKey,
        alt: event.altKey,
        meta: event.metaKey,
        repeat: event.repeat,
      };
      const place = {
        typing: target.closest(TYPING) !== null,
        panel: desk.panel !== null || target.closest(PANEL) !== null,
        control: !byMouse && target.closest(CONTROL) !== null,
      };
      const action = actionFor(press, place, desk.page);
      if (action === null) return;
      event.preventDefault();
      // Who chooses a booth goes on with its rows, also from a button in the bar: Enter is not that button's any more.
      const leaves = byMouse || action.do === "focus_slot";
      if (leaves && target.matches(CONTROL) && target instanceof HTMLElement) target.blur();
      shell.act(action);
    };
    window.addEventListener("pointerdown", onPointer, true);
    window.addEventListener("keydown", onFirst, true);
    window.addEventListener("keydown", onKey);
    window.addEventListener("focusin", onFocus);
    return () => {
      window.removeEventListener("pointerdown", onPointer, true);
      window.removeEventListener("keydown", onFirst, true);
      window.removeEventListener("keydown", onKey);
      window.removeEventListener("focusin", onFocus);
    };
  }, [shell]);
}
