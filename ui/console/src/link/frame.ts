/** Reads one frame of the hub. What does not fit is dropped whole: a page must not break on one bad message. */
import type { HubToConsole } from "../wire/wire";
import { MAX_FRAME } from "../wire/wire";

const TYPES: Readonly<Record<HubToConsole["type"], true>> = {
  welcome: true,
  tile: true,
  tile_gone: true,
  signal: true,
  office: true,
  colleagues: true,
  floor: true,
  floor_gone: true,
  watching: true,
  refused: true,
  replaced: true,
  pong: true,
};

/**
 * The hub is our own program and speaks the version that `welcome` names, so only what would break a view is looked at:
 * the kind of the message and the place and the list of a tile.
 */
export function readFrame(data: unknown): HubToConsole | null {
  if (typeof data !== "string" || data.length > MAX_FRAME) return null;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (!isObject(value) || typeof value.type !== "string" || !Object.hasOwn(TYPES, value.type)) return null;
  const message = value as HubToConsole;
  const fits =
    (message.type !== "tile" || isTile(value.tile)) &&
    (message.type !== "watching" || value.tile === null || isTile(value.tile)) &&
    (message.type !== "colleagues" || Array.isArray(value.colleagues)) &&
    (message.type !== "floor" || (isObject(value.booth) && typeof value.booth.booth_name === "string"));
  return fits ? message : null;
}

function isTile(tile: unknown): boolean {
  if (!isObject(tile) || !isObject(tile.state) || !isObject(tile.snapshot)) return false;
  const { session, items, name, revision } = tile.snapshot;
  const known = typeof session === "string" && typeof name === "string" && typeof revision === "number";
  return known && Number.isInteger(tile.slot) && Array.isArray(items) && items.every(isItem);
}

function isItem(view: unknown): boolean {
  return isObject(view) && isObject(view.item) && isObject(view.check) && Array.isArray(view.doubts);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
