/** What technicians and auditors read, from what the hub says. */
import { expect, test } from "vitest";
import { en } from "../lang/en";
import { id } from "../lang/id";
import type { Fleet, FleetBooth, MachineReport } from "../link/fleet";
import { tile } from "../state/specimen";
import type { BoothState } from "../wire/wire";
import { devicesText, healthOf, queueText, seenText, troubles, updateText, versionText } from "./fleet/fleetText";
import { about, eventText, isSession } from "./trail/trailText";

const MACHINE: MachineReport = { software: "0.2.0", image: null, update: { is: "none" } };
const FLEET: Fleet = { time: 10_000_000, booths: [], codes: [], offer: { version: "0.3.0", bytes: 200 << 20 } };

function booth(change: Partial<FleetBooth> = {}, state: Partial<BoothState> = {}): FleetBooth {
  return {
    booth: "booth-1",
    name: "Bilik 1",
    enrolled_at: 0,
    revoked: false,
    online: true,
    occupied: false,
    last_seen: 10_000_000,
    state: { ...tile(1).state, ...state },
    machine: MACHINE,
    machine_at: 0,
    trail_cut_at: null,
    ...change,
  };
}

test.each([
  [booth(), "good"],
  [booth({ occupied: true }), "occupied"],
  [booth({}, { camera: "missing" }), "attention"],
  [booth({}, { refused: 1 }), "attention"],
  [booth({}, { lost: 1 }), "attention"],
  [booth({ trail_cut_at: 5 }), "attention"],
  [booth({ machine: { ...MACHINE, update: { is: "refused", why: "x" } } }), "attention"],
  [booth({}, { out_of_service: "B-04: x" }), "out"],
  [booth({}, { out_of_service: "B-07: x", closed: "repair" }), "closed"],
  [booth({ online: false }, { out_of_service: "B-04: x" }), "offline"],
  [booth({ state: null }), "offline"],
  [booth({ online: false, revoked: true }), "revoked"],
] as const)("health %#: %s", (one, expected) => {
  expect(healthOf(one)).toBe(expected);
});

test("a row of the fleet in words", () => {
  const offline = booth({ online: false, state: null, machine: null, last_seen: 10_000_000 - 3 * 3_600_000 });
  const say = (one: FleetBooth) => [
    seenText(one, FLEET, id),
    versionText(one, id),
    devicesText(one, id),
    queueText(one, id),
  ];
  expect(say(booth({}, { queued: 2, reader: "missing" }))).toEqual([
    "sekarang",
    "0.2.0",
    "Tidak tersambung: pembaca kartu",
    "2 klaim",
  ]);
  expect(say(offline)).toEqual(["3 jam yang lalu", "belum diketahui", "belum diketahui", "belum diketahui"]);
  expect(seenText({ ...offline, last_seen: null }, FLEET, en)).toBe("never");
});

test.each([
  [{ is: "none" }, "terbaru"],
  [{ is: "fetching", bytes: 50 << 20 }, "mengunduh 25 %"],
  [{ is: "received", hindrance: "session" }, "terunduh · menunggu bilik sepi"],
  [{ is: "installed", hindrance: "day" }, "terpasang, menunggu mulai ulang · menunggu malam"],
  [{ is: "refused", why: "signature" }, "ditolak: signature"],
  [{ is: "installing" }, "memasang"],
] as const)("update %o", (update, expected) => {
  expect(updateText(update, FLEET.offer, id)).toBe(expected);
});

test("what has to be looked at stands in sentences, the rest does not", () => {
  const at = () => "kemarin";
  expect(troubles(booth(), id, at)).toEqual([]);
  const last = { was: "rolled_back", failed: "0.3.0", running: "0.2.0", why: "not well" } as const;
  const image = { version: "0.2.0", root_hash: "", slots: [], last };
  const wrong = booth({ trail_cut_at: 1, machine: { ...MACHINE, image } }, { refused: 2, out_of_service: "B-03: x" });
  expect(troubles(wrong, en, at)).toEqual([
    "Out of service: B-03: x",
    "2 claims that the hub does not take: needs a technician at the booth",
    "The booth's audit trail was cut or changed (kemarin)",
    "Update 0.3.0 failed, back to 0.2.0: not well",
  ]);
});

const SESSION = "01234567-89ab-4cde-8f01-23456789abcd";
const NAMES = {
  officers: [{ officer: "officer-1", name: "Sari", role: "officer" }],
  booths: [{ booth: "booth-1", name: "Bilik 1" }],
};

test("an entry of the trail names whom it is about", () => {
  const say = (event: unknown) => [
    eventText(event, id),
    about(event, NAMES, id, "id").map((part) => `${part.label} ${part.value}`),
  ];
  expect(say({ event: "transferred", session: SESSION, booth: "booth-1", from: null, to: "officer-1" })).toEqual([
    "Sesi dialihkan",
    [`sesi ${SESSION}`, "bilik Bilik 1", "kepada Sari"],
  ]);
  expect(say({ event: "checked", item: { field: "nik" }, verdict: "correct" })).toEqual([
    "Butir diperiksa",
    ["butir NIK", "penilaian benar"],
  ]);
  // That there is a note, and never its words.
  const reopened = { event: "claim_reopened", officer: "officer-1", was: "verified", noted: true };
  expect(say(reopened)).toEqual(["Klaim dibuka kembali", ["petugas Sari", "sebelumnya disetujui", "catatan ya"]]);
  // Of a later version, or damaged: as it was written.
  expect(say({ event: "teleported", where: "x" })).toEqual(["kejadian teleported", ["where x"]]);
  expect(say("<b>no json")).toEqual(["<b>no json", []]);
  expect(say([1])).toEqual(["[1]", []]);
  const [part] = about({ event: "x", session: SESSION }, NAMES, id, "id");
  expect(part?.session).toBe(true);
});

test.each([
  [SESSION, true],
  [SESSION.toUpperCase(), false],
  ["", false],
  [`${SESSION}0`, false],
  ["' OR 1=1", false],
])("%s as a session", (text, expected) => {
  expect(isSession(text)).toBe(expected);
});
