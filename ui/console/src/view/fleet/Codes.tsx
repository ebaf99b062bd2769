/** Codes that nobody has used yet. Their secrets are nowhere; they can only be taken back. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../../lang/language";
import type { Done, OpenCode } from "../../link/fleet";
import { revokeCode } from "../../link/fleet";
import { dateTime } from "../../state/format";
import cards from "../card.module.css";
import styles from "./fleet.module.css";

export function Codes({ codes, onChanged }: { codes: readonly OpenCode[]; onChanged: () => void }) {
  const { t, language } = useLanguage();
  const [told, setTold] = useState<Done | null>(null);
  return (
    <section className={`${cards.card} ${styles.codes}`} aria-label={t.fleet.codes}>
      <h2 className={cards.title}>{t.fleet.codes}</h2>
      {codes.length === 0 ? <p className={styles.faint}>{t.fleet.codesNone}</p> : null}
      {told === null || told === "done" ? null : <p role="alert">{told === "gone" ? t.fleet.gone : t.fleet.notDone}</p>}
      <ul>
        {codes.map((code) => (
          <li key={code.id}>
            <span>
              <b>{code.name}</b>
              <small>{t.fleet.codeEnds(dateTime(code.expires_at, language))}</small>
            </span>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={t.fleet.codeRevokeName(code.name)}
              onClick={() => {
                void revokeCode(code.id).then((done) => {
                  setTold(done);
                  onChanged();
                });
              }}
            >
              {t.fleet.codeRevoke}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
