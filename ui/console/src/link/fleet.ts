/** The technician's side of the hub: every booth, codes that let one in, the way out. Written by hand beside `fleet.rs`. */
import type { BoothId, BoothState } from "../wire/wire";
import { request } from "./http";

export type Fleet = {
  /** The hub's clock, milliseconds: ages are counted from it. */
  time: number;
  booths: FleetBooth[];
  codes: OpenCode[];
  offer: { version: string; bytes: number } | null;
};

export type FleetBooth = {
  booth: BoothId;
  name: string;
  enrolled_at: number;
  revoked: boolean;
  online: boolean;
  occupied: boolean;
  last_seen: number | null;
  state: BoothState | null;
  machine: MachineReport | null;
  machine_at: number | null;
  trail_cut_at: number | null;
};

export type MachineReport = {
  software: string;
  image: { version: string; root_hash: string; slots: Slot[]; last: Ended | null } | null;
  update: Progress;
};

export type Slot = { name: string; version: string | null; running: boolean; state: string };

export type Ended =
  | { was: "updated"; from: string; to: string }
  | { was: "rolled_back"; failed: string; running: string; why: string }
  | { was: "failed"; why: string }
  | { was: "unknown" };

export type Hindrance = "none" | "session" | "claims_wait" | "machine" | "day" | "unknown";

export type Progress =
  | { is: "none" | "installing" | "unknown" }
  | { is: "fetching"; bytes: number }
  | { is: "received" | "installed"; hindrance: Hindrance }
  | { is: "refused"; why: string };

export type OpenCode = { id: string; booth: BoothId | null; name: string; expires_at: number };
export type MadeCode = { id: string; code: string; name: string; expires_at: number };

/** What became of something asked for. */
export type Done = "done" | "gone" | "unsure";

export type FleetAnswer = { kind: "there"; fleet: Fleet } | { kind: "failed" } | { kind: "signed_out" };

export async function fleet(): Promise<FleetAnswer> {
  const answer = await request("GET", "/api/v1/fleet");
  if (answer?.status === 401) return { kind: "signed_out" };
  const value = answer?.ok === true ? ((await answer.json().catch(() => null)) as Fleet | null) : null;
  const fits = value !== null && Array.isArray(value.booths) && Array.isArray(value.codes);
  return fits ? { kind: "there", fleet: value } : { kind: "failed" };
}

/** For a new booth by its name, or for a known one. `hours`: none for ten minutes. */
export async function makeCode(
  whom: { name: string } | { booth: BoothId },
  hours: number | null,
): Promise<MadeCode | null> {
  const body = hours === null ? whom : { ...whom, hours };
  const answer = await request("POST", "/api/v1/fleet/codes", body);
  return answer?.ok === true ? ((await answer.json().catch(() => null)) as MadeCode | null) : null;
}

export async function revokeCode(id: string): Promise<Done> {
  return done(await request("POST", `/api/v1/fleet/codes/${encodeURIComponent(id)}/revoke`, {}));
}

export async function revokeBooth(booth: BoothId): Promise<Done> {
  return done(await request("POST", `/api/v1/fleet/booths/${encodeURIComponent(booth)}/revoke`, {}));
}

function done(answer: Response | null): Done {
  if (answer?.ok === true) return "done";
  return answer?.status === 404 || answer?.status === 409 ? "gone" : "unsure";
}
