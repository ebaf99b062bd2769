/** The chosen paper, large: zoomed by wheel or keys, dragged, turned, and two of them side by side. */
import { useLanguage } from "../lang/language";
import { photoUrl } from "../link/http";
import { photographed } from "../state/items";
import { KEY } from "../state/keys";
import { focused } from "../state/model";
import { DOCUMENT_TITLES } from "../wire/wire";
import cards from "./card.module.css";
import { Minus, Plus, Turn, TwoSheets, Wide } from "./icons";
import { Pane } from "./Pane";
import { Tool } from "./Tool";
import { useShell, useView } from "./useShell";
import styles from "./viewer.module.css";

export function Viewer() {
  const { t, language } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const { viewer } = desk;
  const snapshot = focused(desk)?.tile.snapshot;
  const papers = snapshot ? photographed(snapshot) : [];
  const shown = [viewer.pinned, viewer.document].flatMap((kind, index) => {
    const paper = papers.find((one) => one.kind === kind);
    // The pinned paper alone is the viewer's only paper until another one is chosen.
    const twice = index === 0 && viewer.pinned === viewer.document;
    return paper && !twice ? [paper] : [];
  });
  const title = viewer.document === null ? t.viewer : DOCUMENT_TITLES[viewer.document][language];
  const waitsForSecond = viewer.pinned !== null && viewer.pinned === viewer.document;
  return (
    <section className={`${cards.card} ${styles.viewer}`} aria-label={t.viewer} data-testid="viewer">
      <header className={styles.head}>
        <h2 className={cards.title}>{waitsForSecond ? t.compareHint : title}</h2>
        <Tools />
      </header>
      <div className={styles.desk}>
        {snapshot === undefined || shown.length === 0 ? <p className={styles.none}>{t.viewerEmpty}</p> : null}
        {snapshot === undefined
          ? null
          : shown.map(({ kind, photo }) => (
              <Pane
                key={`${snapshot.session} ${kind} ${photo}`}
                label={DOCUMENT_TITLES[kind][language]}
                src={photoUrl(snapshot.session, kind, photo)}
                zoom={viewer.zoom}
                turns={viewer.turns}
                onZoom={(by) => {
                  act({ do: "zoom", by });
                }}
              />
            ))}
      </div>
    </section>
  );
}

function Tools() {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const { viewer } = desk;
  const none = viewer.document === null;
  return (
    <div className={styles.tools}>
      <Tool
        onClick={() => {
          act({ do: "zoom", by: -1 });
        }}
        disabled={none}
        name={t.zoomOut}
        shortcut="-"
      >
        <Minus />
      </Tool>
      <Tool
        onClick={() => {
          act({ do: "zoom", by: 1 });
        }}
        disabled={none}
        name={t.zoomIn}
        shortcut="+"
      >
        <Plus />
      </Tool>
      <Tool
        onClick={() => {
          act({ do: "rotate" });
        }}
        disabled={none}
        name={t.rotate}
        shortcut={KEY.rotate}
      >
        <Turn />
      </Tool>
      <Tool
        onClick={() => {
          act({ do: "compare" });
        }}
        disabled={none}
        name={viewer.pinned === null ? t.compare : t.compareEnd}
        shortcut={KEY.compare}
        pressed={viewer.pinned !== null}
      >
        <TwoSheets />
      </Tool>
      <Tool
        onClick={() => {
          act({ do: "enlarge" });
        }}
        disabled={none}
        name={viewer.enlarged ? t.enlargeEnd : t.enlarge}
        shortcut={KEY.enlarge}
        pressed={viewer.enlarged}
      >
        <Wide />
      </Tool>
    </div>
  );
}
