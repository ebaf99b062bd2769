/** The booth under the cursor: what can be done about it, and, while its session is read along, all that it says. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useLanguage } from "../../lang/language";
import { photoUrl } from "../../link/http";
import { clock } from "../../state/format";
import { codeOf, documentOf, photographed, titleOf } from "../../state/items";
import { KEY } from "../../state/keys";
import type { FloorEntry } from "../../state/team";
import { atCursor, nameOf } from "../../state/team";
import type { BoothState, DocumentKind, SessionSnapshot } from "../../wire/wire";
import { DOCUMENT_TITLES } from "../../wire/wire";
import cards from "../card.module.css";
import { CHECK_SIGN } from "../checkSign";
import checks from "../checklist.module.css";
import { Key } from "../Key";
import { Photo } from "../Photo";
import { useShell, useView } from "../useShell";
import styles from "./floor.module.css";
import { floorText } from "./floorText";

export function FloorDetail(props: { chosen: DocumentKind | null; onChoose: (kind: DocumentKind) => void }) {
  const { t } = useLanguage();
  const { desk } = useView();
  const entry = atCursor(desk);
  const { watch } = desk.team;
  const watched = watch !== null && watch.tile.snapshot.session === entry?.booth.visit?.session;
  return (
    <section className={`${cards.card} ${styles.detail}`} aria-label={t.fleet.details} data-testid="floor-detail">
      {entry === null ? <p className={cards.empty}>{t.floor.chooseBooth}</p> : <Detail entry={entry} />}
      {watched ? <Watched snapshot={watch.tile.snapshot} {...props} /> : null}
    </section>
  );
}

function Detail({ entry }: { entry: FloorEntry }) {
  const { t } = useLanguage();
  const { desk } = useView();
  const { booth } = entry;
  const { visit } = booth;
  const text = floorText(entry, desk.now, t);
  const officer = nameOf(desk, visit?.officer ?? null) ?? t.floor.noOfficer;
  return (
    <div className={styles.about}>
      <h2>{booth.booth_name}</h2>
      <p>
        {visit === null ? text.state : `${officer} · ${text.step} · ${text.state}`}
        {visit === null ? null : <small>{t.floor.session(clock(desk.now - entry.began))}</small>}
      </p>
      <Troubles state={booth.state} occupied={visit !== null} />
      {visit?.question ? (
        <blockquote className={styles.question}>
          <b>
            {t.floor.asks(officer)} · {clock(desk.now - entry.askedAt)}
          </b>
          <p>{visit.question.text}</p>
        </blockquote>
      ) : null}
      <Acts entry={entry} />
    </div>
  );
}

/** What keeps a booth from serving, in words. */
function Troubles({ state, occupied }: { state: BoothState; occupied: boolean }) {
  const { t } = useLanguage();
  const kinds = ["reader", "camera", "document_camera", "microphone"] as const;
  const missing = kinds.filter((kind) => state[kind] === "missing").map((kind) => t.floor.device[kind]);
  const lines = [
    ...(state.closed !== null ? [occupied ? t.floor.closingSoon : t.floor.closed[state.closed]] : []),
    ...(state.out_of_service !== null && state.closed === null
      ? [`${t.floor.outOfService}: ${state.out_of_service}`]
      : []),
    ...(missing.length > 0 ? [t.floor.deviceMissing(missing.join(", "))] : []),
    ...(state.queued > 0 ? [t.floor.queued(state.queued)] : []),
  ];
  return lines.length === 0 ? null : (
    <ul className={styles.troubles}>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function Acts({ entry }: { entry: FloorEntry }) {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const { visit, state, online } = entry.booth;
  const own = visit !== null && visit.officer === desk.officer?.id;
  const watched = visit !== null && desk.team.watch?.tile.snapshot.session === visit.session;
  const up = desk.link === "up";
  return (
    <div className={styles.acts}>
      {visit?.question ? (
        <Act
          shortcut={KEY.answer}
          main
          onAct={() => {
            act({ do: "open_team", panel: "answer" });
          }}
          disabled={!up}
        >
          {t.floor.answer}
        </Act>
      ) : null}
      <Act
        shortcut={KEY.watch}
        disabled={!up || visit === null || own || !online}
        onAct={() => {
          act({ do: "watch" });
        }}
      >
        {watched ? t.floor.watchEnd : t.floor.watch}
      </Act>
      <Act
        shortcut={KEY.stepIn}
        disabled={!up || visit === null || own}
        onAct={() => {
          act({ do: "open_team", panel: "step_in" });
        }}
      >
        {t.floor.stepIn}
      </Act>
      <Act
        shortcut={KEY.transfer}
        disabled={!up || visit === null}
        onAct={() => {
          act({ do: "open_team", panel: "transfer" });
        }}
      >
        {t.floor.reassign}
      </Act>
      <Act
        shortcut={KEY.closeBooth}
        disabled={!up}
        onAct={() => {
          act({ do: "open_team", panel: "close_booth" });
        }}
      >
        {state.closed === null ? t.floor.closeBooth : t.floor.openBooth}
      </Act>
      {visit !== null && !own && !watched ? <p className={styles.hint}>{t.floor.watchHint}</p> : null}
    </div>
  );
}

function Act(props: { shortcut: string; disabled: boolean; main?: boolean; onAct: () => void; children: ReactNode }) {
  return (
    <Button
      variant={props.main === true ? "filled" : "default"}
      rightSection={<Key>{props.shortcut}</Key>}
      aria-keyshortcuts={props.shortcut}
      disabled={props.disabled}
      onClick={props.onAct}
    >
      {props.children}
    </Button>
  );
}

/** Read only. A photograph is fetched when it is chosen, for each look is on record. */
function Watched(props: {
  snapshot: SessionSnapshot;
  chosen: DocumentKind | null;
  onChoose: (kind: DocumentKind) => void;
}) {
  const { t, language } = useLanguage();
  const { snapshot, chosen } = props;
  return (
    <div className={styles.watched} data-testid="watched-session">
      <h3>{snapshot.name === "" ? t.noName : snapshot.name}</h3>
      {snapshot.items.length === 0 ? <p className={styles.hint}>{t.floor.watchNothing}</p> : null}
      <ul>
        {snapshot.items.map((view) => {
          const { kind } = view.check;
          const paper = documentOf(view.item);
          return (
            <li key={codeOf(view.item)} data-check={kind} className={styles.item}>
              <span className={`${checks.sign} ${styles.sign}`} aria-hidden="true">
                {CHECK_SIGN[kind]}
              </span>
              <span>
                <small>{titleOf(view.item, language)}</small>
                {paper === null ? <b>{view.value === "" ? t.emptyValue : view.value}</b> : null}
                {paper !== null && view.photo === null ? <b>{t.noPhoto}</b> : null}
                {paper === null || view.photo === null ? null : (
                  <Button
                    size="compact-sm"
                    variant={paper === chosen ? "filled" : "default"}
                    aria-pressed={paper === chosen}
                    aria-label={`${titleOf(view.item, language)}: ${t.photo(view.photo)}`}
                    onClick={() => {
                      props.onChoose(paper);
                    }}
                  >
                    {t.photo(view.photo)}
                  </Button>
                )}
              </span>
              <small>{t.state[kind]}</small>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** The photograph that was chosen. */
export function WatchedPhoto({ snapshot, chosen }: { snapshot: SessionSnapshot; chosen: DocumentKind | null }) {
  const { t, language } = useLanguage();
  const paper = photographed(snapshot).find((one) => one.kind === chosen);
  const title = paper === undefined ? t.floor.watchPhotos : DOCUMENT_TITLES[paper.kind][language];
  return (
    <section className={`${cards.card} ${styles.photo}`} aria-label={t.floor.watchPhotos} data-testid="watched-photo">
      <header className={styles.head}>
        <h2 className={cards.title}>{title}</h2>
      </header>
      <div className={styles.paper}>
        {paper === undefined ? (
          <p>{t.floor.watchPhotoHint}</p>
        ) : (
          <Photo
            key={`${paper.kind} ${paper.photo}`}
            src={photoUrl(snapshot.session, paper.kind, paper.photo)}
            alt={title}
          />
        )}
      </div>
    </section>
  );
}
