/** Ready choices under the digits. */
import type { KeyboardEvent, ReactNode } from "react";
import { Key } from "../Key";
import styles from "./panels.module.css";

export type Choice = {
  /** Its own, among its neighbours. */
  id: string;
  label: ReactNode;
};

export function Choices({ choices, onPick }: { choices: readonly Choice[]; onPick: (index: number) => void }) {
  const onDigit = (event: KeyboardEvent) => {
    // With one of these it is somebody else's key: the browser's, or the console's own.
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const index = Number(event.key) - 1;
    if (choices[index] === undefined) return;
    event.preventDefault();
    onPick(index);
  };
  return (
    <ul className={styles.sentences} onKeyDown={onDigit}>
      {choices.map(({ id, label }, index) => (
        <li key={id}>
          <button
            type="button"
            className={styles.sentence}
            aria-keyshortcuts={(index + 1).toString()}
            {...(index === 0 ? { "data-autofocus": true } : {})}
            onClick={() => {
              onPick(index);
            }}
          >
            <Key>{index + 1}</Key>
            <span>{label}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
