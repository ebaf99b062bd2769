/** The bar on top of pages without participants: where one is, who one is, and the way out. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../lang/language";
import { logout } from "../link/http";
import { Logo } from "./icons";
import { Preferences } from "./Preferences";
import styles from "./topbar.module.css";

export type Person = { name: string; branch: string; onOut: (ended: boolean) => void };

export function OfficeBar({ person, role }: { person: Person; role: string }) {
  const { t } = useLanguage();
  const [unheard, setUnheard] = useState(false);
  return (
    <header className={styles.bar}>
      <span className={styles.brand}>
        <Logo /> <b>{t.appName}</b>
      </span>
      <span className={styles.branch} title={person.branch}>
        {person.branch}
      </span>
      <span className={styles.space} />
      {unheard ? (
        <span className={styles.unheard} role="alert">
          {t.signOutUnheard} {t.signOutRetry}
        </span>
      ) : null}
      <span className={styles.officer}>
        {person.name} · {role}
      </span>
      <div className={styles.tools}>
        <Preferences />
      </div>
      <Button
        variant="default"
        onClick={() => {
          void logout().then((out) => {
            if (out) person.onOut(false);
            else setUnheard(true);
          });
        }}
      >
        {t.signOut}
      </Button>
    </header>
  );
}
