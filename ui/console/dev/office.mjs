/** Colleagues, booths and an audit trail for `mock-hub.mjs`. Everybody is a specimen. */
import { makeTiles, OFFICER, READY } from "./specimens.mjs";

const officer = (number) => `00000000-0000-4000-8000-0000000000a${number}`;
const booth = (number) => `00000000-0000-4000-8000-0000000000b${number}`;

export const SUPERVISOR = { officer: officer(5), name: "Ratna P.", branch_name: OFFICER.branch_name };

const colleague = (id, name, load, capacity, change = {}) => ({
  officer: id,
  name,
  supervisor: false,
  here: true,
  capacity,
  load,
  ...change,
});

export const COLLEAGUES = [
  colleague(officer(1), "Budi R.", 2, 4),
  colleague(officer(2), "Dewi K.", 4, 4),
  colleague(officer(3), "Joko S.", 0, 0),
  colleague(officer(4), "Made W.", 1, 3, { here: false }),
  colleague(SUPERVISOR.officer, SUPERVISOR.name, 0, 0, { supervisor: true }),
  colleague(OFFICER.officer, OFFICER.name, 5, 6),
];

const servedBy = [OFFICER.officer, OFFICER.officer, officer(1), officer(2), null];

const visits = makeTiles().map(({ snapshot, attention }, index) => ({
  session: snapshot.session,
  officer: servedBy[index],
  language: snapshot.language,
  step: snapshot.step,
  turn: snapshot.turn,
  attention,
  attention_age_ms: [242_000, 41_000, 12_000, 121_000, 8_000][index],
  session_age_ms: 300_000 + index * 70_000,
  question:
    index === 1
      ? { text: "Nama di surat PHK berbeda satu huruf dengan KTP. Boleh diteruskan?", age_ms: 34_000, answer: null }
      : null,
  watched_by: null,
}));

export const FLOOR = Array.from({ length: 9 }, (_, index) => ({
  booth: booth(index + 1),
  booth_name: `Bilik ${index + 1}`,
  online: index !== 8,
  state: {
    ...READY,
    ...(index === 6 ? { closed: "cleaning", out_of_service: "B-07: closed by the office for cleaning" } : {}),
    ...(index === 7 ? { out_of_service: "B-04: no room on the disk for another claim", queued: 3 } : {}),
    ...(index === 3 ? { document_camera: "missing" } : {}),
  },
  visit: visits[index] ?? null,
}));

const now = Date.UTC(2026, 10, 23, 2, 30);
const image = (version, last = null) => ({
  version,
  root_hash: "5ec1be00".repeat(8),
  slots: [
    { name: "a", version, running: true, state: "good" },
    { name: "b", version: "0.1.0", running: false, state: "good" },
  ],
  last,
});

const machine = (update, last) => ({ software: "0.2.0", image: image("0.2.0", last), update });
const UPDATES = [
  { is: "none" },
  { is: "received", hindrance: "session" },
  { is: "fetching", bytes: 90 << 20 },
  { is: "installed", hindrance: "day" },
  { is: "none" },
  { is: "refused", why: "signature is not from a known key" },
];

const FLEET = {
  time: now,
  offer: { version: "0.3.0", bytes: 210 << 20 },
  booths: [
    ...FLOOR.map((one, index) => ({
      booth: one.booth,
      name: one.booth_name,
      enrolled_at: now - 40 * 86_400_000,
      revoked: false,
      online: one.online,
      occupied: one.visit !== null,
      last_seen: now - (one.online ? 1_000 : 3 * 3_600_000),
      state: index === 8 ? null : one.state,
      machine: machine(
        UPDATES[index] ?? { is: "none" },
        index === 4 ? { was: "updated", from: "0.1.0", to: "0.2.0" } : null,
      ),
      machine_at: now - 50_000,
      trail_cut_at: null,
    })),
    {
      booth: booth("f"),
      name: "Bilik lama",
      enrolled_at: now - 300 * 86_400_000,
      revoked: true,
      online: false,
      occupied: false,
      last_seen: now - 60 * 86_400_000,
      state: null,
      machine: null,
      machine_at: null,
      trail_cut_at: null,
    },
  ],
  codes: [{ id: "0123456789abcdef", booth: null, name: "Bilik 10", expires_at: now + 3 * 86_400_000 }],
};

const session = (number) => `00000000-0000-4000-8000-0000000000c${number}`;
const EVENTS = [
  { event: "login", officer: OFFICER.officer },
  { event: "assigned", session: session(1), booth: booth(1), officer: OFFICER.officer },
  { event: "checked", session: session(1), officer: OFFICER.officer, item: { field: "nik" }, verdict: "correct" },
  { event: "supervisor_asked", session: session(1), officer: OFFICER.officer },
  { event: "watch_began", session: session(1), booth: booth(1), officer: SUPERVISOR.officer },
  { event: "photo_watched", session: session(1), officer: SUPERVISOR.officer, document: "identity_card", photo: 1 },
  { event: "question_closed", session: session(1), by: SUPERVISOR.officer, how: "answered" },
  {
    event: "transferred",
    session: session(1),
    booth: booth(1),
    from: OFFICER.officer,
    to: officer(1),
    by: OFFICER.officer,
  },
  { event: "booth_closed", booth: booth(7), officer: SUPERVISOR.officer, why: "cleaning" },
  { event: "technician_acted", officer: officer(6), act: { is: "make_code" } },
  { event: "written_by_a_later_version", officer: officer(6) },
];
const TRAIL = Array.from({ length: 250 }, (_, index) => ({
  sequence: index + 1,
  at: now - (250 - index) * 61_000,
  event: EVENTS[index % EVENTS.length],
}));
const HEAD = "9f3c5ec1be0047a1".repeat(4);

/** Status and body for the paths of technicians and auditors; nothing for any other. */
export function answerOffice(path, query, method) {
  if (path === "/api/v1/fleet") return [200, FLEET];
  if (path === "/api/v1/fleet/codes" && method === "POST") {
    const code = "7Q2M-4XKD-9HBT-0WRA-3F6N-8ZCE-5JPV-1GSY-MK2D-7TQX-4BHN-9RWA-0FCZ";
    return [201, { id: "fedcba9876543210", code, name: "Bilik 11", expires_at: now + 600_000 }];
  }
  if (path.startsWith("/api/v1/fleet/")) return [200, {}];
  if (path === "/api/v1/audit/names") {
    const officers = [...COLLEAGUES, { officer: officer(6), name: "Tono T." }];
    const booths = FLOOR.map((one) => ({ booth: one.booth, name: one.booth_name }));
    return [200, { officers: officers.map(({ officer, name }) => ({ officer, name, role: "officer" })), booths }];
  }
  if (path === "/api/v1/audit/verify") return [200, { state: "intact", entries: 250, head: HEAD, noted: true }];
  if (path !== "/api/v1/audit") return undefined;
  const before = Number(query.get("before") ?? Infinity);
  const wanted = ["booth", "officer", "session"].flatMap((key) => query.get(key) ?? []);
  const fits = (entry) => wanted.every((id) => JSON.stringify(entry.event).includes(id));
  const found = TRAIL.filter((entry) => entry.sequence < before && fits(entry)).reverse();
  return [200, { entries: found.slice(0, 100), next: found.length > 100 ? found[99].sequence : null }];
}
