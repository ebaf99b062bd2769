/** What a booth of the fleet says, in words: one place for the rows, the details and the tests. */
import type { Dictionary } from "../../lang/dictionary";
import type { Ended, Fleet, FleetBooth, Progress } from "../../link/fleet";
import type { BoothState } from "../../wire/wire";

export type Health = "good" | "occupied" | "attention" | "out" | "offline" | "closed" | "revoked";

/** The gravest word first. */
export function healthOf(booth: FleetBooth): Health {
  const { state } = booth;
  if (booth.revoked) return "revoked";
  if (!booth.online || state === null) return "offline";
  if (state.out_of_service !== null && state.closed === null) return "out";
  if (state.closed !== null) return "closed";
  if (missing(state).length > 0 || state.refused > 0 || state.lost > 0 || booth.trail_cut_at !== null)
    return "attention";
  const update = booth.machine?.update.is;
  const last = booth.machine?.image?.last?.was;
  if (update === "refused" || last === "rolled_back" || last === "failed") return "attention";
  return booth.occupied ? "occupied" : "good";
}

const DEVICES = ["reader", "camera", "document_camera", "microphone"] as const;

function missing(state: BoothState): (typeof DEVICES)[number][] {
  return DEVICES.filter((kind) => state[kind] === "missing");
}

export function devicesText(booth: FleetBooth, t: Dictionary): string {
  if (booth.state === null) return t.fleet.unknown;
  const names = missing(booth.state).map((kind) => t.floor.device[kind]);
  return names.length === 0 ? t.fleet.allDevices : t.floor.deviceMissing(names.join(", "));
}

/** Each device with its state. */
export function deviceLines(state: BoothState, t: Dictionary): [string, string][] {
  return DEVICES.map((kind) => [t.floor.device[kind], t.fleet.device[state[kind]]]);
}

export function queueText(booth: FleetBooth, t: Dictionary): string {
  if (booth.state === null) return t.fleet.unknown;
  return booth.state.queued === 0 ? t.fleet.queueEmpty : t.fleet.queue(booth.state.queued);
}

/** What a technician has to go and look at, each in a sentence. */
export function troubles(booth: FleetBooth, t: Dictionary, at: (time: number) => string): string[] {
  const { state } = booth;
  const last = booth.machine?.image?.last;
  return [
    ...(state?.out_of_service ? [`${t.floor.outOfService}: ${state.out_of_service}`] : []),
    ...(state !== null && missing(state).length > 0 ? [devicesText(booth, t)] : []),
    ...(state !== null && state.refused > 0 ? [t.fleet.refused(state.refused)] : []),
    ...(state !== null && state.lost > 0 ? [t.fleet.lost(state.lost)] : []),
    ...(booth.trail_cut_at === null ? [] : [t.fleet.trailCut(at(booth.trail_cut_at))]),
    ...(booth.machine?.update.is === "refused" ? [updateText(booth.machine.update, null, t)] : []),
    ...(last?.was === "rolled_back" || last?.was === "failed" ? [lastText(last, t)] : []),
  ];
}

export function seenText(booth: FleetBooth, fleet: Fleet, t: Dictionary): string {
  if (booth.online) return t.fleet.now;
  return booth.last_seen === null ? t.fleet.never : t.fleet.ago(age(fleet.time - booth.last_seen, t));
}

export function age(ms: number, t: Dictionary): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 90) return t.fleet.minutes(minutes);
  const hours = Math.round(minutes / 60);
  return hours < 48 ? t.fleet.hours(hours) : t.fleet.days(Math.round(hours / 24));
}

export function versionText(booth: FleetBooth, t: Dictionary): string {
  const { machine } = booth;
  return machine === null ? t.fleet.unknown : (machine.image?.version ?? machine.software);
}

export function updateText(update: Progress, offer: Fleet["offer"], t: Dictionary): string {
  const words = t.fleet.update;
  switch (update.is) {
    case "none":
      return offer === null ? words.noOffer : words.none;
    case "fetching": {
      const megabytes = Math.floor(update.bytes / (1 << 20));
      const share = offer === null ? null : Math.min(100, Math.floor((update.bytes / Math.max(offer.bytes, 1)) * 100));
      return words.fetching(share === null ? `${megabytes} MB` : `${share} %`);
    }
    case "received":
    case "installed":
      return `${words[update.is]} · ${t.fleet.hindrance[update.hindrance]}`;
    case "refused":
      return words.refused(update.why);
    case "installing":
    case "unknown":
      return words[update.is];
  }
}

export function lastText(last: Ended, t: Dictionary): string {
  const words = t.fleet.last;
  switch (last.was) {
    case "updated":
      return words.updated(last.from, last.to);
    case "rolled_back":
      return words.rolled_back(last.failed, last.running, last.why);
    case "failed":
      return words.failed(last.why);
    case "unknown":
      return words.unknown;
  }
}
