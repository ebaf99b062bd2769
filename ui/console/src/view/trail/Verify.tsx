/** The whole chain, checked by one button; what was found is said in words. */
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../../lang/language";
import type { Verified } from "../../link/trail";
import { verify } from "../../link/trail";
import { whole } from "../../state/format";
import cards from "../card.module.css";
import styles from "./trail.module.css";

const HEAD = /^[0-9a-f]{64}$/;

export function Verify() {
  const { t } = useLanguage();
  const [head, setHead] = useState("");
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<{ verified: Verified; head: string } | null>(null);
  const bad = head !== "" && !HEAD.test(head);
  return (
    <section className={`${cards.card} ${styles.verify}`} aria-label={t.trail.verify}>
      <h2 className={cards.title}>{t.trail.verify}</h2>
      <p>{t.trail.verifyHint}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (bad || busy) return;
          setBusy(true);
          setFound(null);
          void verify(head).then((verified) => {
            setBusy(false);
            setFound({ verified, head });
          });
        }}
      >
        <TextInput
          label={t.trail.noted}
          value={head}
          maxLength={64}
          error={bad ? t.trail.notedBad : null}
          onChange={(event) => {
            setHead(event.currentTarget.value.trim().toLowerCase());
          }}
        />
        <Button type="submit" disabled={bad} loading={busy} aria-label={busy ? t.trail.verifyBusy : t.trail.verify}>
          {t.trail.verify}
        </Button>
      </form>
      <div role="status" data-testid="verified">
        {busy ? <p>{t.trail.verifyBusy}</p> : null}
        {found === null ? null : <Result verified={found.verified} noted={found.head} />}
      </div>
    </section>
  );
}

function Result({ verified, noted }: { verified: Verified; noted: string }) {
  const { t, language } = useLanguage();
  switch (verified.state) {
    case "intact":
      return (
        <>
          <p className={styles.result} data-good="true">
            {t.trail.intact(whole(verified.entries, language))}
          </p>
          {noted === "" ? null : (
            <p className={styles.result} data-good={verified.noted}>
              {verified.noted ? t.trail.notedFound : t.trail.notedMissing}
            </p>
          )}
          <p>{t.trail.head}</p>
          <p className={styles.headOf} translate="no">
            {verified.head}
          </p>
        </>
      );
    case "broken":
      return (
        <p className={styles.result} data-good="false">
          {t.trail.broken(whole(verified.sequence, language))}
        </p>
      );
    case "occupied":
      return <p className={styles.bad}>{t.trail.verifyOccupied}</p>;
    case "failed":
      return <p className={styles.bad}>{t.trail.verifyFailed}</p>;
  }
}
