/** The technician's page: every booth, how it does, and on the right the one that is chosen, with its codes. */
import { Button } from "@mantine/core";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLanguage } from "../../lang/language";
import type { Fleet as List, FleetBooth } from "../../link/fleet";
import { fleet as ask } from "../../link/fleet";
import type { BoothId } from "../../wire/wire";
import cards from "../card.module.css";
import main from "../main.module.css";
import type { Person } from "../OfficeBar";
import { OfficeBar } from "../OfficeBar";
import { Codes } from "./Codes";
import { FleetDetail } from "./FleetDetail";
import styles from "./fleet.module.css";
import { devicesText, healthOf, queueText, seenText, updateText, versionText } from "./fleetText";
import { MakeCode } from "./MakeCode";

/** Often enough to see a booth come up while one stands beside it. */
const LOOK_AGAIN_MS = 5_000;

export function Fleet(props: Person) {
  const { t } = useLanguage();
  const { onOut } = props;
  const [list, setList] = useState<List | null>(null);
  const [failed, setFailed] = useState(false);
  const [chosen, setChosen] = useState<BoothId | null>(null);
  const [making, setMaking] = useState<{ booth: FleetBooth | null } | null>(null);

  // Only the answer to the newest question counts.
  const asked = useRef(0);
  const load = useCallback(async () => {
    const question = ++asked.current;
    const answer = await ask();
    if (question !== asked.current) return;
    if (answer.kind === "signed_out") onOut(true);
    else if (answer.kind === "there") setList(answer.fleet);
    setFailed(answer.kind === "failed");
  }, [onOut]);
  const reload = useCallback(() => void load(), [load]);

  useEffect(() => {
    const first = window.setTimeout(reload, 0);
    const timer = window.setInterval(reload, LOOK_AGAIN_MS);
    const number = asked;
    return () => {
      window.clearTimeout(first);
      window.clearInterval(timer);
      number.current++;
    };
  }, [reload]);

  const booth = list?.booths.find((one) => one.booth === chosen) ?? null;
  return (
    <div className={main.page}>
      <OfficeBar person={props} role={t.fleet.role} />
      <main className={styles.fleet}>
        <section className={`${cards.card} ${styles.list}`} aria-label={t.fleet.title}>
          <header className={styles.head}>
            <h1 className={cards.title}>{t.fleet.title}</h1>
            {list?.offer ? <span>{t.fleet.offer(list.offer.version)}</span> : null}
            <Button
              onClick={() => {
                setMaking({ booth: null });
              }}
            >
              {t.fleet.codeNew}
            </Button>
          </header>
          {failed ? (
            <p className={styles.failed} role="alert">
              {t.fleet.failed}
            </p>
          ) : null}
          {list === null ? (
            failed ? null : (
              <p className={cards.empty}>{t.fleet.loading}</p>
            )
          ) : (
            <Table list={list} chosen={chosen} onChoose={setChosen} />
          )}
        </section>
        <div className={styles.side}>
          <section className={`${cards.card} ${styles.detail}`} aria-label={t.fleet.details} data-testid="fleet-detail">
            {booth === null || list === null ? (
              <p className={cards.empty}>{t.fleet.choose}</p>
            ) : (
              <FleetDetail
                key={booth.booth}
                booth={booth}
                fleet={list}
                onChanged={reload}
                onCode={() => {
                  setMaking({ booth });
                }}
              />
            )}
          </section>
          <Codes codes={list?.codes ?? []} onChanged={reload} />
        </div>
      </main>
      {making === null ? null : (
        <MakeCode
          booth={making.booth}
          onMade={reload}
          onClose={() => {
            setMaking(null);
          }}
        />
      )}
    </div>
  );
}

function Table(props: { list: List; chosen: BoothId | null; onChoose: (booth: BoothId) => void }) {
  const { t } = useLanguage();
  const { list, chosen } = props;
  const { column } = t.fleet;
  // Revoked ones stay on record, at the end.
  const booths = [...list.booths.filter((one) => !one.revoked), ...list.booths.filter((one) => one.revoked)];
  if (booths.length === 0) return <p className={cards.empty}>{t.fleet.none}</p>;
  return (
    <div className={styles.scroll}>
      <table>
        <thead>
          <tr>
            {[
              column.booth,
              column.health,
              column.seen,
              column.version,
              column.devices,
              column.queue,
              column.update,
            ].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {booths.map((booth) => {
            const health = healthOf(booth);
            return (
              <tr
                key={booth.booth}
                data-health={health}
                data-chosen={booth.booth === chosen}
                data-testid={`fleet-${booth.name}`}
                onClick={() => {
                  props.onChoose(booth.booth);
                }}
              >
                <th scope="row">
                  <button
                    type="button"
                    aria-pressed={booth.booth === chosen}
                    onClick={() => {
                      props.onChoose(booth.booth);
                    }}
                  >
                    {booth.name}
                  </button>
                </th>
                <td className={styles.health}>{t.fleet.health[health]}</td>
                <td>{seenText(booth, list, t)}</td>
                <td>{versionText(booth, t)}</td>
                <td>{devicesText(booth, t)}</td>
                <td>{queueText(booth, t)}</td>
                <td>{booth.machine === null ? t.fleet.unknown : updateText(booth.machine.update, list.offer, t)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
