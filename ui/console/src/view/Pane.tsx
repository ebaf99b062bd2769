/** One paper that can be zoomed by wheel or double click, dragged by mouse or arrow keys, and turned. */
import { useState } from "react";
import type { CSSProperties, KeyboardEvent, PointerEvent } from "react";
import { MAX_ZOOM } from "../state/viewer";
import { Photo } from "./Photo";
import styles from "./viewer.module.css";

const PAN_STEP_PX = 60;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export function Pane(props: {
  label: string;
  src: string;
  zoom: number;
  /** Quarter turns to the right. */
  turns: number;
  onZoom: (by: 1 | -1 | 0) => void;
}) {
  const { zoom, turns } = props;
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
      aria-label={props.label}
      data-zoomed={zoom > 1}
      onWheel={(event) => {
        props.onZoom(event.deltaY < 0 ? 1 : -1);
      }}
      onDoubleClick={() => {
        props.onZoom(zoom < MAX_ZOOM / 2 ? 1 : 0);
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
          <Photo src={props.src} alt={props.label} />
        </div>
      </div>
    </div>
  );
}
