import type { ReactNode } from "react";
import styles from "./card.module.css";

/** A key as it is printed on a keyboard. The element it stands in names its shortcut with `aria-keyshortcuts`. */
export function Key({ children }: { children: ReactNode }) {
  return (
    <kbd className={styles.key} aria-hidden="true">
      {children}
    </kbd>
  );
}
