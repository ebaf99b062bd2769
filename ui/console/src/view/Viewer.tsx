/** The chosen paper, large: zoomed by wheel or keys, dragged, turned, and two of them side by side. */
import { ActionIcon } from "@mantine/core";
import { useState } from "react";
import type { CSSProperties, KeyboardEvent, PointerEvent, ReactNode } from "react";
import { useLanguage } from "../lang/language";
import { photoUrl } from "../link/http";
import { photographed } from "../state/items";
import { KEY } from "../state/keys";
import type { Action } from "../state/model";
import { focused } from "../state/model";
import { MAX_ZOOM } from "../state/viewer";
import type { DocumentKind } from "../wire/wire";
import { DOCUMENT_TITLES } from "../wire/wire";
import cards from "./card.module.css";
import { Minus, Plus, Turn, TwoSheets, Wide } from "./icons";
import { Photo } from "./Photo";
import { useShell, useView } from "./useShell";
import styles from "./viewer.module.css";

export function Viewer() {
  const { t, language } = useLanguage();
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
                kind={kind}
                src={photoUrl(snapshot.session, kind, photo)}
              />
            ))}
      </div>
    </section>
  );
}

function Tools() {
  const { t } = useLanguage();
  const { desk } = useView();
  const { viewer } = desk;
  return (
    <div className={styles.tools}>
      <Tool action={{ do: "zoom", by: -1 }} name={t.zoomOut} shortcut="-">
        <Minus />
      </Tool>
      <Tool action={{ do: "zoom", by: 1 }} name={t.zoomIn} shortcut="+">
        <Plus />
      </Tool>
      <Tool action={{ do: "rotate" }} name={t.rotate} shortcut={KEY.rotate}>
        <Turn />
      </Tool>
      <Tool
        action={{ do: "compare" }}
        name={viewer.pinned === null ? t.compare : t.compareEnd}
        shortcut={KEY.compare}
        pressed={viewer.pinned !== null}
      >
        <TwoSheets />
      </Tool>
      <Tool
        action={{ do: "enlarge" }}
        name={viewer.enlarged ? t.enlargeEnd : t.enlarge}
        shortcut={KEY.enlarge}
        pressed={viewer.enlarged}
      >
        <Wide />
      </Tool>
    </div>
  );
}

function Tool(props: { action: Action; name: string; shortcut: string; pressed?: boolean; children: ReactNode }) {
  const { act } = useShell();
  const { desk } = useView();
  const pressed = props.pressed ?? false;
  return (
    <ActionIcon
      variant={pressed ? "filled" : "subtle"}
      color={pressed ? "brand" : "gray"}
      size="md"
      disabled={desk.viewer.document === null}
      aria-label={props.name}
      aria-keyshortcuts={props.shortcut}
      {...(props.pressed === undefined ? {} : { "aria-pressed": pressed })}
      title={`${props.name} (${props.shortcut})`}
      onClick={() => {
        act(props.action);
      }}
    >
      {props.children}
    </ActionIcon>
  );
}

const PAN_STEP_PX = 60;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

function Pane({ kind, src }: { kind: DocumentKind; src: string }) {
  const { t, language } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const { zoom, turns } = desk.viewer;
  const [moved, setMoved] = useState({ x: 0, y: 0 });
  const [from, setFrom] = useState<{ x: number; y: number } | null>(null);
  // The whole paper is in view: there is nothing to drag.
  const at = zoom === 1 ? { x: 0, y: 0 } : moved;

  const drag = (event: PointerEvent) => {
    if (from !== null) setMoved({ x: event.clientX - from.x, y: event.clientY - from.y });
  };
  const pan = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (arrow === undefined || zoom === 1) return;
    event.preventDefault();
    setMoved({ x: at.x + arrow[0] * PAN_STEP_PX, y: at.y + arrow[1] * PAN_STEP_PX });
  };
  const transform = `translate(${at.x}px, ${at.y}px) scale(${zoom})`;
  return (
    <div
      className={styles.pane}
      tabIndex={0}
      role="group"
      aria-label={DOCUMENT_TITLES[kind][language]}
      data-zoomed={zoom > 1}
      onWheel={(event) => {
        act({ do: "zoom", by: event.deltaY < 0 ? 1 : -1 });
      }}
      onDoubleClick={() => {
        act({ do: "zoom", by: zoom < MAX_ZOOM / 2 ? 1 : 0 });
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setFrom({ x: event.clientX - at.x, y: event.clientY - at.y });
      }}
      onPointerMove={drag}
      onPointerUp={() => {
        setFrom(null);
      }}
      onPointerCancel={() => {
        setFrom(null);
      }}
      onKeyDown={pan}
    >
      <div className={styles.moved} style={{ transform }}>
        <div
          className={styles.sheet}
          data-sideways={turns % 2 === 1}
          style={{ "--turn": `${turns * 90}deg` } as CSSProperties}
        >
          <Photo src={src} alt={t.documentName(DOCUMENT_TITLES[kind][language], t.viewer)} />
        </div>
      </div>
    </div>
  );
}
