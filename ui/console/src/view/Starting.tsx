/** Before there is a desk: while the hub is asked who is there, and when the answer is no. */
import { Button } from "@mantine/core";
import { useLanguage } from "../lang/language";
import styles from "./login.module.css";

export function Starting(props: {
  state: "starting" | "unreachable" | "serves_not";
  /** The hub has not heard the last try to sign out. */
  unheard: boolean;
  onSignOut: () => void;
}) {
  const { t } = useLanguage();
  const text = { starting: t.starting, unreachable: t.loginUnreachable, serves_not: t.notServing }[props.state];
  return (
    <main className={styles.page}>
      <div className={styles.starting} role="status">
        <p>{text}</p>
        {props.unheard ? (
          <p role="alert">
            {t.signOutUnheard} {t.signOutRetry}
          </p>
        ) : null}
        {props.state === "serves_not" ? <Button onClick={props.onSignOut}>{t.signOut}</Button> : null}
      </div>
    </main>
  );
}
