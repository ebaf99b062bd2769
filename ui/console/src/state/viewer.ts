/** How the document viewer stands: which paper, how large, how turned, and which one is pinned beside it. */
import type { DocumentKind } from "../wire/wire";

export type ViewerState = {
  document: DocumentKind | null;
  /** Stays on the left while another is chosen: two papers side by side. */
  pinned: DocumentKind | null;
  /** 1 shows the whole paper. */
  zoom: number;
  /** Quarter turns to the right, 0 to 3. */
  turns: number;
  /** Over the middle column, with the picture of the booth small beside it. */
  enlarged: boolean;
};

export const EMPTY_VIEWER: ViewerState = { document: null, pinned: null, zoom: 1, turns: 0, enlarged: false };

export const MAX_ZOOM = 6;
const STEP = 1.25;

export function show(viewer: ViewerState, document: DocumentKind | null): ViewerState {
  return document === viewer.document ? viewer : { ...viewer, document, zoom: 1, turns: 0 };
}

/** `0` shows the whole paper again. */
export function zoom(viewer: ViewerState, by: 1 | -1 | 0): ViewerState {
  const wanted = by === 0 ? 1 : by === 1 ? viewer.zoom * STEP : viewer.zoom / STEP;
  return { ...viewer, zoom: Math.min(Math.max(wanted, 1), MAX_ZOOM) };
}

export function rotate(viewer: ViewerState): ViewerState {
  return { ...viewer, turns: (viewer.turns + 1) % 4 };
}

export function compare(viewer: ViewerState): ViewerState {
  return { ...viewer, pinned: viewer.pinned === null ? viewer.document : null };
}
