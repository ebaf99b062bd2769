/** The auditor's page: the trail in pages with its filters, and the chain that binds it. */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLanguage } from "../../lang/language";
import type { Names, TrailEntry, TrailFilter } from "../../link/trail";
import { names as askNames, NO_FILTER, trail as ask } from "../../link/trail";
import { stillLoggedIn } from "../../link/http";
import cards from "../card.module.css";
import main from "../main.module.css";
import type { Person } from "../OfficeBar";
import { OfficeBar } from "../OfficeBar";
import styles from "./trail.module.css";
import { about, eventText, isSession, timeOf } from "./trailText";
import { Verify } from "./Verify";

type Pages = { entries: readonly TrailEntry[]; next: number | null; state: "loading" | "there" | "failed" };

const NOTHING: Pages = { entries: [], next: null, state: "loading" };
/** Pages without a hit that are gone through by themselves before somebody has to ask for more. */
const PATIENCE = 20;

export function Trail(props: Person) {
  const { t } = useLanguage();
  const { onOut } = props;
  const [filter, setFilter] = useState(NO_FILTER);
  const [pages, setPages] = useState(NOTHING);
  const [names, setNames] = useState<Names>({ officers: [], booths: [] });

  // Only the answer to the newest question counts.
  const asked = useRef(0);
  const load = useCallback(
    async (wanted: TrailFilter, before: number | null, sofar: readonly TrailEntry[]) => {
      const question = ++asked.current;
      let from = before;
      setPages({ entries: sofar, next: before, state: "loading" });
      for (let empty = 0; empty < PATIENCE; empty++) {
        const page = await ask(wanted, from);
        if (question !== asked.current) return;
        if (page === null) {
          setPages({ entries: sofar, next: from, state: "failed" });
          if (!(await stillLoggedIn())) onOut(true);
          return;
        }
        from = page.next;
        if (page.entries.length > 0 || from === null || empty + 1 === PATIENCE) {
          setPages({ entries: [...sofar, ...page.entries], next: from, state: "there" });
          return;
        }
      }
    },
    [onOut],
  );

  useEffect(() => {
    const sensible = filter.session === "" || isSession(filter.session);
    const timer = window.setTimeout(() => {
      if (sensible) void load(filter, null, []);
    }, 0);
    return () => {
      window.clearTimeout(timer);
    };
  }, [filter, load]);
  useEffect(() => {
    let left = false;
    void askNames().then((found) => {
      if (!left && found !== null) setNames(found);
    });
    return () => {
      left = true;
    };
  }, []);

  return (
    <div className={main.page}>
      <OfficeBar person={props} role={t.trail.role} />
      <main className={styles.trail}>
        <section className={`${cards.card} ${styles.list}`} aria-label={t.trail.title}>
          <header className={styles.head}>
            <h1 className={cards.title}>{t.trail.title}</h1>
            <Filters filter={filter} names={names} onChange={setFilter} />
          </header>
          <Entries
            pages={pages}
            names={names}
            onMore={() => void load(filter, pages.next, pages.entries)}
            onSession={(session) => {
              setFilter({ ...NO_FILTER, session });
            }}
          />
        </section>
        <Verify />
      </main>
    </div>
  );
}

function Filters(props: { filter: TrailFilter; names: Names; onChange: (filter: TrailFilter) => void }) {
  const { t } = useLanguage();
  const { filter, names, onChange } = props;
  const all = { value: "", label: t.trail.all };
  const bad = filter.session !== "" && !isSession(filter.session);
  return (
    <form
      className={styles.filters}
      role="search"
      aria-label={t.trail.filters}
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <TextInput
        type="date"
        label={t.trail.day}
        value={filter.day}
        onChange={(event) => {
          onChange({ ...filter, day: event.currentTarget.value });
        }}
      />
      <NativeSelect
        label={t.trail.booth}
        value={filter.booth}
        data={[all, ...names.booths.map((one) => ({ value: one.booth, label: one.name }))]}
        onChange={(event) => {
          onChange({ ...filter, booth: event.currentTarget.value });
        }}
      />
      <NativeSelect
        label={t.trail.officer}
        value={filter.officer}
        data={[all, ...names.officers.map((one) => ({ value: one.officer, label: one.name }))]}
        onChange={(event) => {
          onChange({ ...filter, officer: event.currentTarget.value });
        }}
      />
      <TextInput
        className={styles.session ?? ""}
        label={t.trail.session}
        placeholder={t.trail.sessionHint}
        value={filter.session}
        maxLength={36}
        error={bad ? t.trail.sessionBad : null}
        onChange={(event) => {
          onChange({ ...filter, session: event.currentTarget.value.trim().toLowerCase() });
        }}
      />
      <Button
        variant="default"
        disabled={Object.values(filter).every((value) => value === "")}
        onClick={() => {
          onChange(NO_FILTER);
        }}
      >
        {t.trail.clear}
      </Button>
    </form>
  );
}

function Entries(props: { pages: Pages; names: Names; onMore: () => void; onSession: (session: string) => void }) {
  const { t, language } = useLanguage();
  const { pages, names } = props;
  const { column } = t.trail;
  return (
    <div className={styles.scroll}>
      {pages.entries.length === 0 ? null : (
        <table>
          <thead>
            <tr>
              {[column.number, column.at, column.event, column.about].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {pages.entries.map((entry) => (
              <tr key={entry.sequence}>
                <td className={styles.number}>{entry.sequence}</td>
                <td className={styles.at}>{timeOf(entry.at, language)}</td>
                <th scope="row">{eventText(entry.event, t)}</th>
                <td>
                  {about(entry.event, names, t, language).map((part) => (
                    <span key={`${part.label} ${part.value}`} className={styles.part}>
                      <small>{part.label}</small>{" "}
                      {part.session ? (
                        <button
                          type="button"
                          onClick={() => {
                            props.onSession(part.value);
                          }}
                        >
                          {part.value}
                        </button>
                      ) : (
                        part.value
                      )}
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className={styles.foot} role="status">
        {pages.state === "loading" ? (pages.entries.length === 0 ? t.trail.loading : t.trail.searching) : null}
        {pages.state === "failed" ? <span className={styles.bad}>{t.trail.failed}</span> : null}
        {pages.state === "there" && pages.entries.length === 0 && pages.next === null ? t.trail.none : null}
        {pages.state === "there" && pages.entries.length > 0 && pages.next === null ? t.trail.end : null}
        {pages.state === "failed" || (pages.state === "there" && pages.next !== null) ? (
          <Button variant="default" onClick={props.onMore}>
            {pages.state === "failed" ? t.trail.retry : t.trail.more}
          </Button>
        ) : null}
      </div>
    </div>
  );
}
