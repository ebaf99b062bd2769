/** The word on the whole claim. Locked until every row is right; the hub and the booth ask for the same. */
import { Button } from "@mantine/core";
import { useLanguage } from "../lang/language";
import type { Dictionary } from "../lang/dictionary";
import { canApprove, noteOf } from "../state/actions";
import { canCheck, canDecide } from "../state/attention";
import { remaining } from "../state/items";
import { KEY } from "../state/keys";
import { focused } from "../state/model";
import type { SessionSnapshot } from "../wire/wire";
import cards from "./card.module.css";
import styles from "./decision.module.css";
import { Key } from "./Key";
import { useShell, useView } from "./useShell";

export function Decision() {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const snapshot = focused(desk)?.tile.snapshot;
  const said = snapshot && decided(snapshot, t);
  return (
    <section className={`${cards.card} ${styles.decision}`} aria-label={t.decision} data-testid="decision">
      {said ? (
        <p className={styles.said} role="status">
          {said}
          {noteOf(desk, snapshot.session) !== null && snapshot.step !== "returned" ? ` ${t.noteSent}` : null}
          {snapshot.tracking === null ? null : <b>{t.trackingCode(snapshot.tracking)}</b>}
        </p>
      ) : (
        <>
          <Button
            variant="default"
            size="md"
            rightSection={<Key>{KEY.sendBack}</Key>}
            aria-keyshortcuts={KEY.sendBack}
            disabled={!canDecide(desk)}
            onClick={() => {
              act({ do: "open", panel: "return" });
            }}
          >
            {t.sendBack}
          </Button>
          <Note snapshot={snapshot} />
          <Approve snapshot={snapshot} />
        </>
      )}
    </section>
  );
}

/** For colleagues: goes along with the approval. */
function Note({ snapshot }: { snapshot: SessionSnapshot | undefined }) {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const there = snapshot !== undefined && noteOf(desk, snapshot.session) !== null;
  return (
    <Button
      variant={there ? "light" : "default"}
      size="md"
      rightSection={<Key>{KEY.note}</Key>}
      aria-keyshortcuts={KEY.note}
      aria-label={there ? t.noteThere : t.note}
      data-testid="note-button"
      disabled={!canCheck(desk)}
      onClick={() => {
        act({ do: "open", panel: "note" });
      }}
    >
      {there ? `✓ ${t.note}` : t.note}
    </Button>
  );
}

function Approve({ snapshot }: { snapshot: SessionSnapshot | undefined }) {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const open = canApprove(desk);
  const left = snapshot ? remaining(snapshot) : 0;
  const verification = snapshot?.step === "verification";
  const deciding = desk.decision !== null;
  const text = () => {
    if (deciding) return t.deciding;
    if (left > 0) return t.approveLocked(left);
    return verification || snapshot === undefined ? t.approve : t.approveEarly;
  };
  return (
    <Button
      size="md"
      disabled={!open}
      aria-label={!open && left > 0 ? t.approveLockedName(left) : text()}
      aria-keyshortcuts="Control+Enter"
      rightSection={open ? <Key>Ctrl Enter</Key> : null}
      onClick={() => {
        act({ do: "approve" });
      }}
    >
      {text()}
    </Button>
  );
}

function decided(snapshot: SessionSnapshot, t: Dictionary): string | null {
  switch (snapshot.step) {
    case "signing":
    case "kept":
    case "confirmed":
    case "returned":
      return t.decided[snapshot.step];
    case "consent":
    case "identify":
    case "reason":
    case "details":
    case "documents":
    case "review":
    case "verification":
      return null;
  }
}
