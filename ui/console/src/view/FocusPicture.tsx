/** The booth in focus: who it is, whether what is seen is live, and the officer's own picture. */
import { Button } from "@mantine/core";
import { useMemo } from "react";
import { useLanguage } from "../lang/language";
import { messageShown } from "../state/attention";
import { clock } from "../state/format";
import type { TileState } from "../state/model";
import { focused } from "../state/model";
import { Aside } from "./team/Aside";
import { Eye, Microphone, Person } from "./icons";
import { Picture } from "./Picture";
import styles from "./focus.module.css";
import { useShell, useView } from "./useShell";

export function FocusPicture() {
  const { t } = useLanguage();
  const { desk } = useView();
  const entry = focused(desk);
  return (
    <section className={styles.focus} aria-label={t.focus}>
      {entry === null ? <Nobody /> : <Somebody key={entry.tile.snapshot.session} entry={entry} />}
      <OwnPicture />
    </section>
  );
}

function Nobody() {
  const { t } = useLanguage();
  const { desk } = useView();
  const empty = desk.tiles.every((entry) => entry === null);
  return (
    <div className={styles.note}>
      <b>{empty ? t.nobodyYet : t.chooseBooth}</b>
      <span>{empty ? t.nobodyYetHint : t.chooseBoothHint}</span>
    </div>
  );
}

function Somebody({ entry }: { entry: TileState }) {
  const { t } = useLanguage();
  const shell = useShell();
  const { desk } = useView();
  const { tile } = entry;
  const held = tile.mode === "hold";
  const live = desk.health[tile.booth]?.live === true && tile.online && !held;
  const stream = held ? null : shell.stream(tile.booth);
  return (
    <>
      <Picture
        stream={stream}
        label={t.pictureOf(tile.booth_name)}
        className={live ? styles.video : styles.hidden}
        testId="focus-video"
      />
      {live || held ? null : <Person />}
      <div className={styles.head}>
        <h2>
          {tile.booth_name}
          {tile.snapshot.name === "" ? null : ` · ${tile.snapshot.name}`}
        </h2>
        {tile.watched_by === null ? null : (
          <span className={styles.badge} data-testid="watched">
            <Eye /> {t.team.watchedBy(tile.watched_by)}
          </span>
        )}
        {tile.snapshot.microphone_muted ? (
          <span className={styles.badge}>
            <Microphone off /> {t.participantMuted}
          </span>
        ) : null}
        {live ? (
          <span className={styles.live} data-testid="live">
            ● {t.live} {tile.attention === "in_focus" ? clock(desk.now - entry.attentionSince) : null}
          </span>
        ) : (
          <span className={styles.badge}>{held ? t.onHold : tile.online ? t.notLive : t.boothLost}</span>
        )}
      </div>
      <p className={styles.message} role="status">
        {desk.message?.session !== tile.snapshot.session ? null : (
          <span>
            {messageShown(desk) ? `✓ ${t.messageShown}` : t.messageSent} <q>{desk.message.text}</q>
          </span>
        )}
      </p>
      <Aside tile={tile} />
      {held ? (
        <div className={styles.note}>
          <b>{t.onHold}</b>
          <span>{t.onHoldHint}</span>
        </div>
      ) : null}
    </>
  );
}

function OwnPicture() {
  const { t } = useLanguage();
  const shell = useShell();
  const { camera, desk } = useView();
  const { video } = camera;
  const stream = useMemo(() => (video === null ? null : new MediaStream([video])), [video]);
  if (stream === null || camera.problem !== null) {
    return (
      <div className={styles.own} data-problem role="status">
        <p>{camera.asking ? t.camera.asking : camera.problem === null ? t.camera.asking : t.camera[camera.problem]}</p>
        {camera.asking || camera.problem === null ? null : (
          <>
            <p>{t.camera.stillSees}</p>
            <Button size="compact-sm" variant="white" color="dark" onClick={shell.openCamera}>
              {t.camera.retry}
            </Button>
          </>
        )}
      </div>
    );
  }
  return (
    <div className={styles.own}>
      <Picture stream={stream} label={t.ownPicture} className={styles.mirror} testId="own-video" />
      {desk.muted ? (
        <span className={styles.ownMuted}>
          <Microphone off /> {t.muted}
        </span>
      ) : null}
    </div>
  );
}
