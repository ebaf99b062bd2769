import { useLanguage } from "../lang/language";
import styles from "./login.module.css";

/** Before it is known who is there. */
export function Starting({ unreachable }: { unreachable: boolean }) {
  const { t } = useLanguage();
  return (
    <main className={styles.page}>
      <p className={styles.starting} role="status">
        {unreachable ? t.loginUnreachable : t.starting}
      </p>
    </main>
  );
}
