/** Listens for keys on the whole page and says where the officer is; what a key means stands in `state/keys.ts`. */
import { useEffect } from "react";
import type { Shell } from "../shell";
import { actionFor } from "../state/keys";

const PANEL = "[role=dialog], [role=menu], [role=listbox]";
const CONTROL = "button, a[href], select, summary, input, [role=button], [role=tab]";
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, [contenteditable=true]";

export function useKeys(shell: Shell): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
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
        control: target.closest(CONTROL) !== null,
      };
      const action = actionFor(press, place, desk.page);
      if (action === null) return;
      event.preventDefault();
      shell.act(action);
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
    };
  }, [shell]);
}
