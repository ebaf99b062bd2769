/** What both sides see: each field and each paper, how far it is checked, and the two things an officer can say of it. */
import { Button } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useLanguage } from "../lang/language";
import { canCheck } from "../state/attention";
import { codeOf, documentOf, titleOf } from "../state/items";
import { KEY } from "../state/keys";
import { focused } from "../state/model";
import type { ItemView } from "../wire/wire";
import cards from "./card.module.css";
import { CHECK_SIGN } from "./checkSign";
import styles from "./checklist.module.css";
import { Key } from "./Key";
import { useShell, useView } from "./useShell";

export function Checklist() {
  const { t } = useLanguage();
  const { desk } = useView();
  const snapshot = focused(desk)?.tile.snapshot;
  const items = snapshot?.items ?? [];
  const done = items.filter((view) => view.check.kind === "correct").length;
  const list = useRef<HTMLUListElement>(null);
  const { focus, cursor } = desk;

  // The row under the cursor comes into view. Whoever has chosen a booth goes on with its rows, unless they are typing.
  useEffect(() => {
    const row = list.current?.querySelector<HTMLElement>("[aria-current=true]");
    row?.scrollIntoView({ block: "nearest" });
    const active = document.activeElement;
    const free = active === null || active === document.body || active.closest("nav, li") !== null;
    if (free) row?.focus({ preventScroll: true });
  }, [focus, cursor]);

  // It stays in view when the window or the wide view changes the room there is, and when a row above it grows by a reason.
  const count = items.length;
  const empty = count === 0;
  useEffect(() => {
    const element = list.current;
    if (empty || element === null) return;
    let begun = false;
    const observer = new ResizeObserver(() => {
      // The first time tells how large all of it is, not that anything has changed.
      const changed = begun;
      begun = true;
      if (changed) element.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
    });
    for (const one of [element, ...element.children]) observer.observe(one);
    return () => {
      observer.disconnect();
    };
  }, [empty, count]);

  return (
    <section className={`${cards.card} ${styles.checklist}`} aria-label={t.checklist}>
      <header className={styles.head}>
        <h2 className={cards.title}>{t.checklist}</h2>
        {items.length > 0 ? (
          <span>
            {t.checklistCount(done, items.length)} · {t.checklistShared}
          </span>
        ) : null}
      </header>
      {empty ? (
        <p className={cards.empty}>{snapshot === undefined ? t.chooseBooth : t.checklistEmpty}</p>
      ) : (
        <ul className={styles.list} ref={list}>
          {items.map((view, index) => (
            <Row key={codeOf(view.item)} view={view} number={index + 1} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ view, number }: { view: ItemView; number: number }) {
  const { t, language } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const code = codeOf(view.item);
  const current = desk.cursor === code;
  const sent = desk.sent[code] !== undefined;
  const state = sent ? t.state.sent : t.state[view.check.kind];
  const title = titleOf(view.item, language);
  const value = valueOf(view, t);
  const { kind } = view.check;
  return (
    <li
      className={styles.row}
      data-testid={`item-${code}`}
      data-check={kind}
      aria-current={current}
      aria-label={t.rowName(title, value, state)}
      tabIndex={current ? 0 : -1}
      onClick={() => {
        act({ do: "cursor", item: code });
      }}
    >
      <span className={styles.sign} aria-hidden="true">
        {kind === "pending" ? number : CHECK_SIGN[kind]}
      </span>
      <div className={styles.what}>
        <span className={styles.title}>{title}</span>
        <span className={styles.value} data-faint={documentOf(view.item) !== null || view.value === ""}>
          {value}
        </span>
        {view.check.kind === "asked_again" ? (
          <span className={styles.reason}>{t.askedAgain(view.check.reason)}</span>
        ) : null}
        {view.doubts.map((doubt) => (
          <span key={doubt} className={styles.doubt} lang="id">
            {t.doubt(doubt)}
          </span>
        ))}
      </div>
      {current && canCheck(desk) && !sent ? <Verdicts view={view} /> : <span className={styles.state}>{state}</span>}
    </li>
  );
}

function valueOf(view: ItemView, t: ReturnType<typeof useLanguage>["t"]): string {
  if (documentOf(view.item) !== null) return view.photo === null ? t.noPhoto : t.photo(view.photo);
  return view.value === "" ? t.emptyValue : view.value;
}

function Verdicts({ view }: { view: ItemView }) {
  const { t } = useLanguage();
  const { act } = useShell();
  const item = codeOf(view.item);
  const given = view.check.kind === "correct" || view.check.kind === "asked_again";
  return (
    <span className={styles.verdicts}>
      {view.check.kind === "correct" ? null : (
        <Button
          size="compact-sm"
          rightSection={<Key>Enter</Key>}
          aria-keyshortcuts="Enter"
          onClick={() => {
            act({ do: "correct", item });
          }}
        >
          {t.correct}
        </Button>
      )}
      {given ? (
        <Button
          size="compact-sm"
          variant="default"
          rightSection={<Key>{KEY.takeBack}</Key>}
          aria-keyshortcuts={KEY.takeBack}
          onClick={() => {
            act({ do: "take_back", item });
          }}
        >
          {t.takeBack}
        </Button>
      ) : null}
      {view.check.kind === "asked_again" ? null : (
        <Button
          size="compact-sm"
          variant="default"
          rightSection={<Key>{KEY.askAgain}</Key>}
          aria-keyshortcuts={KEY.askAgain}
          onClick={() => {
            act({ do: "open_ask_again", item });
          }}
        >
          {t.askAgain}
        </Button>
      )}
    </span>
  );
}
