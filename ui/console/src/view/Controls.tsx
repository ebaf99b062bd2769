/** What the officer does with the booth in focus, each with its key; on the right the way to whoever waits longest. */
import { Button } from "@mantine/core";
import { useLanguage } from "../lang/language";
import { canTell, waiting } from "../state/attention";
import { clock } from "../state/format";
import { KEY } from "../state/keys";
import { focused } from "../state/model";
import cards from "./card.module.css";
import styles from "./controls.module.css";
import { Key } from "./Key";
import { useShell, useView } from "./useShell";

export function Controls() {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const entry = focused(desk);
  const held = entry?.tile.mode === "hold";
  const apart = !canTell(desk);
  return (
    <section className={`${cards.card} ${styles.controls}`} aria-label={t.controls}>
      <Button
        variant={desk.muted ? "filled" : "default"}
        color="brick"
        rightSection={<Key>{KEY.mute}</Key>}
        aria-label={desk.muted ? t.unmuteName : t.muteName}
        aria-pressed={desk.muted}
        aria-keyshortcuts={KEY.mute}
        onClick={() => {
          act({ do: "mute" });
        }}
      >
        {desk.muted ? t.muted : t.mute}
      </Button>
      <Button
        variant={held ? "filled" : "default"}
        rightSection={<Key>{KEY.hold}</Key>}
        aria-label={held ? t.unholdName : t.holdName}
        aria-keyshortcuts={KEY.hold}
        disabled={entry === null || desk.link !== "up"}
        onClick={() => {
          act({ do: "hold" });
        }}
      >
        {held ? t.unhold : t.hold}
      </Button>
      <Button
        variant="default"
        rightSection={<Key>{KEY.message}</Key>}
        aria-label={t.messageName}
        aria-keyshortcuts={KEY.message}
        disabled={apart}
        onClick={() => {
          act({ do: "open", panel: "message" });
        }}
      >
        {t.message}
      </Button>
      <Button
        variant="default"
        rightSection={<Key>{KEY.transfer}</Key>}
        aria-label={t.team.transferName}
        aria-keyshortcuts={KEY.transfer}
        disabled={entry === null || desk.link !== "up"}
        onClick={() => {
          act({ do: "open_team", panel: "transfer" });
        }}
      >
        {t.team.transfer}
      </Button>
      <Button
        variant="default"
        rightSection={<Key>{KEY.ask}</Key>}
        aria-label={t.team.askName}
        aria-keyshortcuts={KEY.ask}
        disabled={entry === null || desk.link !== "up"}
        onClick={() => {
          act({ do: "open_team", panel: "ask" });
        }}
      >
        {t.team.ask}
      </Button>
      <Button
        variant="default"
        rightSection={<Key>{KEY.end}</Key>}
        aria-keyshortcuts={KEY.end}
        disabled={apart}
        onClick={() => {
          act({ do: "open", panel: "end" });
        }}
      >
        {t.end}
      </Button>
      <span className={styles.space} />
      <NextWaiting />
    </section>
  );
}

/** Amber: somebody waits for you. Also on the page of claims, where the tiles are out of sight. */
export function NextWaiting() {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const [next] = waiting(desk);
  if (next === undefined) {
    return (
      <Button className={styles.next} variant="default" disabled>
        {t.nextNobody}
      </Button>
    );
  }
  const time = clock(desk.now - next.attentionSince);
  return (
    <Button
      className={styles.next}
      color="amber"
      rightSection={<Key>{t.space}</Key>}
      aria-label={t.nextWaitingName(next.tile.booth_name, time)}
      aria-keyshortcuts="Space"
      onClick={() => {
        act({ do: "focus_next" });
      }}
    >
      {t.nextWaiting(next.tile.booth_name, time)}
    </Button>
  );
}
