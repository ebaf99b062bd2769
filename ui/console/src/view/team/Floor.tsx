/** The supervisor's page: who works, every booth, and on the right the booth under the cursor. */
import { useState } from "react";
import { useLanguage } from "../../lang/language";
import { clock } from "../../state/format";
import { nameOf } from "../../state/team";
import type { Colleague, DocumentKind, SessionId } from "../../wire/wire";
import cards from "../card.module.css";
import { Eye, Hand } from "../icons";
import { useShell, useView } from "../useShell";
import styles from "./floor.module.css";
import { FloorDetail, WatchedPhoto } from "./FloorDetail";
import { floorText } from "./floorText";

export function Floor() {
  const { desk } = useView();
  const [look, setLook] = useState<{ session: SessionId; document: DocumentKind } | null>(null);
  const watched = desk.team.watch?.tile.snapshot ?? null;
  const chosen = look !== null && look.session === watched?.session ? look.document : null;
  return (
    <main className={styles.floor}>
      <Officers />
      <div className={styles.middle} data-watching={watched !== null}>
        <Booths />
        {watched === null ? null : <WatchedPhoto snapshot={watched} chosen={chosen} />}
      </div>
      <FloorDetail
        chosen={chosen}
        onChoose={(document) => {
          setLook(watched === null ? null : { session: watched.session, document });
        }}
      />
    </main>
  );
}

function Officers() {
  const { t } = useLanguage();
  const { desk } = useView();
  const list = desk.team.colleagues;
  return (
    <section className={`${cards.card} ${styles.officers}`} aria-label={t.floor.officers}>
      <header className={styles.head}>
        <h2 className={cards.title}>{t.floor.officers}</h2>
      </header>
      {list.length === 0 ? <p className={cards.empty}>{t.floor.officersNone}</p> : null}
      <ul>
        {list.map((one) => (
          <li key={one.officer} className={styles.officer} data-here={one.here} data-testid={`officer-${one.name}`}>
            <b>{one.name}</b>
            <Load colleague={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Load({ colleague }: { colleague: Colleague }) {
  const { t } = useLanguage();
  const { load, capacity, here, supervisor } = colleague;
  const places = Math.max(load, capacity);
  const words = [
    ...(supervisor ? [t.floor.supervisor] : []),
    ...(supervisor && places === 0 ? [] : [capacity === 0 ? t.floor.loadPaused(load) : t.floor.load(load, capacity)]),
    ...(here ? [] : [t.floor.gone]),
  ];
  return (
    <>
      <span className={styles.places} aria-hidden="true">
        {Array.from({ length: places }, (_, index) => (
          <i key={index} data-taken={index < load} data-over={index >= capacity} />
        ))}
      </span>
      <small>{words.join(" · ")}</small>
    </>
  );
}

function Booths() {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const { floor, cursor, watch } = desk.team;
  const { column } = t.floor;
  return (
    <section className={`${cards.card} ${styles.booths}`} aria-label={t.floor.booths}>
      <header className={styles.head}>
        <h2 className={cards.title}>{t.floor.booths}</h2>
      </header>
      {floor.length === 0 ? <p className={cards.empty}>{t.floor.boothsNone}</p> : null}
      <div className={styles.scroll}>
        <div className={`${styles.row} ${styles.columns}`} aria-hidden="true">
          <span>{column.booth}</span>
          <span>{column.officer}</span>
          <span>{column.step}</span>
          <span>{column.state}</span>
          <span className={styles.time}>{column.minutes}</span>
          <span />
        </div>
        <ul>
          {floor.map((entry) => {
            const { booth } = entry;
            const { visit } = booth;
            const text = floorText(entry, desk.now, t);
            const officer = visit === null ? "" : (nameOf(desk, visit.officer) ?? t.floor.noOfficer);
            const signs = [
              ...(visit?.question ? [t.floor.question] : []),
              ...(visit?.watched_by ? [t.team.watchedBy(visit.watched_by)] : []),
            ];
            return (
              <li key={booth.booth}>
                <button
                  type="button"
                  className={styles.row}
                  data-tone={text.tone}
                  data-testid={`floor-${booth.booth_name}`}
                  aria-pressed={booth.booth === cursor}
                  aria-label={t.floor.rowName(
                    booth.booth_name,
                    officer,
                    text.step,
                    [text.state, text.time ?? "", ...signs].filter((word) => word !== "").join(", "),
                  )}
                  onClick={() => {
                    act({ do: "floor_cursor", booth: booth.booth });
                  }}
                >
                  <b>{booth.booth_name}</b>
                  <span>{officer}</span>
                  <span>{text.step}</span>
                  <span className={styles.state}>{text.state}</span>
                  <span className={styles.time}>{text.time}</span>
                  <span className={styles.signs} aria-hidden="true">
                    {visit?.question ? (
                      <i data-news="true" title={clock(desk.now - entry.askedAt)}>
                        <Hand />
                      </i>
                    ) : null}
                    {visit?.watched_by ? (
                      <i data-own={watch?.tile.booth === booth.booth}>
                        <Eye />
                      </i>
                    ) : null}
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </section>
  );
}
