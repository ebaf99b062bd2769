/** One booth: everything that is known of it, and the two things that a technician can do about it from here. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../../lang/language";
import type { Done, Fleet, FleetBooth } from "../../link/fleet";
import { revokeBooth } from "../../link/fleet";
import { dateTime } from "../../state/format";
import { Dialog } from "../panels/Dialog";
import styles from "./fleet.module.css";
import { deviceLines, healthOf, lastText, queueText, seenText, troubles, updateText, versionText } from "./fleetText";

export function FleetDetail(props: { booth: FleetBooth; fleet: Fleet; onChanged: () => void; onCode: () => void }) {
  const { t, language } = useLanguage();
  const { booth, fleet } = props;
  const { state, machine } = booth;
  const at = (time: number) => dateTime(time, language);
  const slots = machine?.image?.slots ?? [];
  const slot = (one: (typeof slots)[number]) =>
    t.fleet.slot(one.name, one.version ?? "–", one.running ? t.fleet.slotRunning : one.state);
  const lines: [string, string][] = [
    [t.fleet.column.seen, seenText(booth, fleet, t)],
    ...(state === null ? [] : deviceLines(state, t)),
    [t.fleet.column.queue, queueText(booth, t)],
    [t.fleet.column.version, versionText(booth, t)],
    ...(machine === null
      ? []
      : ([[t.fleet.column.update, updateText(machine.update, fleet.offer, t)]] as [string, string][])),
    ...(slots.length === 0 ? [] : ([[t.fleet.slots, slots.map(slot).join("; ")]] as [string, string][])),
    ...(machine?.image?.last?.was === "updated"
      ? ([[t.fleet.column.update, lastText(machine.image.last, t)]] as [string, string][])
      : []),
    ...(booth.machine_at === null ? [] : ([[t.fleet.toldAt, at(booth.machine_at)]] as [string, string][])),
    [t.fleet.enrolled, at(booth.enrolled_at)],
  ];
  const wrong = troubles(booth, t, at);
  return (
    <>
      <h2>{booth.name}</h2>
      <p className={styles.word} data-health={healthOf(booth)}>
        {t.fleet.health[healthOf(booth)]}
      </p>
      {wrong.length === 0 ? null : (
        <ul className={styles.troubles}>
          {wrong.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <dl>
        {lines.map(([name, value]) => (
          <div key={`${name} ${value}`}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {booth.revoked ? null : (
        <div className={styles.acts}>
          <Button variant="default" onClick={props.onCode}>
            {t.fleet.codeAgain}
          </Button>
          <Revoke booth={booth} onChanged={props.onChanged} />
        </div>
      )}
    </>
  );
}

/** Asks once, and says what it means. */
function Revoke({ booth, onChanged }: { booth: FleetBooth; onChanged: () => void }) {
  const { t } = useLanguage();
  const [asking, setAsking] = useState(false);
  const [told, setTold] = useState<Done | null>(null);
  const close = () => {
    setAsking(false);
  };
  const queued = booth.state?.queued ?? 0;
  return (
    <>
      <Button
        color="brick"
        variant="outline"
        onClick={() => {
          setAsking(true);
        }}
      >
        {t.fleet.revoke}
      </Button>
      {told === null || told === "done" ? null : <p role="alert">{told === "gone" ? t.fleet.gone : t.fleet.notDone}</p>}
      <Dialog
        opened={asking}
        onClose={close}
        title={t.fleet.revokeTitle(booth.name)}
        hint={t.fleet.revokeHint}
        size="md"
      >
        {queued > 0 ? <p className={styles.mind}>{t.fleet.revokeQueued(queued)}</p> : null}
        <div className={styles.foot}>
          <Button variant="default" data-autofocus onClick={close}>
            {t.cancel}
          </Button>
          <Button
            color="brick"
            onClick={() => {
              close();
              void revokeBooth(booth.booth).then((done) => {
                setTold(done);
                onChanged();
              });
            }}
          >
            {t.fleet.revokeConfirm}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
