/** Listens for keys on the whole page and says where the officer is; what a key means stands in `state/keys.ts`. */
import { useEffect } from "react";
import type { Shell } from "../shell";
import { actionFor } from "../state/keys";

const PANEL = "[role=dialog], [role=menu], [role=listbox]";
const CONTROL = "button, a[href], select, summary, input, [role=button], [role=tab]";
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, [contenteditable=true]";

export function useKeys(shell: Shell): void {
  useEffect(() => {
    // A button that a mouse click, or a menu that was closed by one, has left the focus on is not where the officer
    // works with the keyboard; `:focus-visible` does not tell the two apart once a script has moved the focus.
    let byMouse = false;
    const onPointer = () => {
      byMouse = true;
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
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("pointerdown", onPointer, true);
      window.removeEventListener("keydown", onKey);
    };
  }, [shell]);
}
