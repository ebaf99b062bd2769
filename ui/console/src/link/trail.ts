/** The auditor's side of the hub: the trail in pages, and its chain. Written by hand beside `trail.rs`. */
import type { BoothId, OfficerId } from "../wire/wire";
import { json, request } from "./http";

export type TrailEntry = {
  sequence: number;
  /** Wall time, milliseconds. */
  at: number;
  /** What was written: an object with `event`, or a text that could not be read. */
  event: unknown;
};

export type TrailFilter = { day: string; booth: string; officer: string; session: string };

export const NO_FILTER: TrailFilter = { day: "", booth: "", officer: "", session: "" };

/** `next`: where to go on; none at the beginning of the trail. */
export type TrailPage = { entries: TrailEntry[]; next: number | null };

export type Names = {
  officers: { officer: OfficerId; name: string; role: string }[];
  booths: { booth: BoothId; name: string }[];
};

export type Verified =
  | { state: "intact"; entries: number; head: string; noted: boolean }
  | { state: "broken"; sequence: number }
  | { state: "occupied" }
  | { state: "failed" };

export async function trail(filter: TrailFilter, before: number | null): Promise<TrailPage | null> {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  if (before !== null) query.set("before", before.toString());
  const page = (await json(`/api/v1/audit?${query.toString()}`)) as TrailPage | null;
  return page !== null && Array.isArray(page.entries) ? page : null;
}

export async function names(): Promise<Names | null> {
  return (await json("/api/v1/audit/names")) as Names | null;
}

/** `head`: a fingerprint that was noted earlier. The whole chain is walked, so it may take its time. */
export async function verify(head: string): Promise<Verified> {
  const body = { head: head === "" ? null : head };
  const answer = await request("POST", "/api/v1/audit/verify", body, VERIFY_MS);
  if (answer?.status === 503) return { state: "occupied" };
  if (answer?.ok !== true) return { state: "failed" };
  return (await answer.json().catch(() => ({ state: "failed" }))) as Verified;
}

const VERIFY_MS = 110_000;
