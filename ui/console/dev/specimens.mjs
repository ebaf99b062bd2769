/** People and papers for `mock-hub.mjs`. Everybody is a specimen. */

export const OFFICER = {
  officer: "00000000-0000-4000-8000-00000000000a",
  name: "Sari W.",
  branch_name: "Kantor Cabang Yogyakarta",
  capacity: 6,
};

export const OFFICE = {
  waiting: 3,
  expected_wait_s: 340,
  officers: 2,
  claims_today: 31,
  unverified: 2,
  attention_s: 108,
};

export const READY = {
  queued: 0,
  reader: "ready",
  camera: "ready",
  document_camera: "ready",
  microphone: "ready",
  refused: 0,
  lost: 0,
  audit: null,
  out_of_service: null,
  closed: null,
};

const id = (kind, slot) => `00000000-0000-4000-8000-0000000000${kind}${slot}`;
const field = (name, value, check = "pending", doubts = []) => ({
  item: { field: name },
  value,
  doubts,
  photo: null,
  check: { kind: check },
});
const paperItem = (kind, check = "pending", doubts = []) => ({
  item: { document: kind },
  value: "",
  doubts,
  photo: 1,
  check: { kind: check },
});

function tile(slot, name, step, turn, attention, seconds, rest = {}, snapshot = {}) {
  return {
    slot,
    booth: id("b", slot),
    booth_name: `Bilik ${slot}`,
    state: READY,
    online: true,
    call: null,
    mode: "tile",
    note: null,
    question: null,
    watched_by: null,
    attention,
    since: -seconds * 1000,
    ...rest,
    snapshot: {
      session: id("c", slot),
      revision: 1,
      language: "id",
      step,
      name,
      turn,
      items: [],
      microphone_muted: false,
      message: null,
      tracking: null,
      ...snapshot,
    },
  };
}

/** Came from a colleague, and is watched. */
const NOTED = {
  note: { from: "Budi R.", text: "Nama di buku tabungan sudah saya cocokkan. Tinggal surat PHK." },
  watched_by: "Ratna P.",
};

export function makeTiles() {
  const budi = [
    field("nik", "3171 0117 0845 0001", "correct"),
    field("kpj", "1234 5678 901", "correct"),
    field("name", "Budi Specimen", "correct"),
    field("reason", "Terkena PHK", "correct"),
    field("event_date", "3 Oktober 2026", "correct"),
    field("phone", "0812 0000 0789"),
    field("bank", "BRI"),
    { ...field("account_number", "0000 4567 8901 23"), check: { kind: "asked_again", reason: "Nama tidak terbaca." } },
    field("account_holder", "Budi Specimen", "pending", ["Nama berbeda satu huruf dengan KTP"]),
    paperItem("identity_card", "correct"),
    paperItem("family_card"),
    paperItem("participant_card"),
    paperItem("bank_book", "corrected"),
    paperItem("layoff_notice", "pending", ["Foto agak buram"]),
    paperItem("face"),
  ];
  const agus = [
    field("nik", "3404 0211 0490 0002"),
    field("name", "Agus Specimen"),
    paperItem("identity_card"),
    paperItem("face"),
  ];
  return [
    tile(1, "Rina Specimen", "details", "participant", "self_serving", 242, {}, { items: agus.slice(0, 2) }),
    tile(2, "Agus Specimen", "verification", "officer", "needs_officer", 12, {}, { items: agus }),
    tile(3, "Budi Specimen", "verification", "officer", "needs_officer", 6, NOTED, { items: budi }),
    tile(4, "Dewi Specimen", "documents", "participant", "self_serving", 121, {}, { language: "en" }),
    tile(5, "Tono Specimen", "verification", "correction", "on_hold", 20, { mode: "hold" }, { items: agus }),
  ];
}

export const CLAIMS = [1, 2].map((number) => ({
  claim: id("d", number),
  sequence: number,
  tracking: number === 1 ? "JK7-4QF-2MX" : "9TB-M0C-XW4",
  booth_name: `Bilik ${number}`,
  received_at: Date.UTC(2026, 10, 21, 2 + number, 14),
  standing: { kind: "unverified", session: id("c", number) },
  name: number === 1 ? "Wati Specimen" : "Joko Specimen",
  phone: `08120000000${number}`,
  decision: null,
}));
/** Approved in the call: not in the list, but found by its code. */
CLAIMS.push({ ...CLAIMS[0], claim: id("d", 3), sequence: 3, tracking: "4HX-7N2-P0D", standing: "verified" });

const entry = (name, value, doubts = []) => ({ field: name, value, source: "typed", doubts });

export const CLAIM = {
  format: 1,
  claim: id("d", 1),
  tracking: "JK7-4QF-2MX",
  booth: id("b", 1),
  session: id("c", 1),
  language: "id",
  consent: { version: 1, language: "id", given_at: Date.UTC(2026, 10, 21, 3, 1) },
  reason: "resigned",
  entries: [
    { ...entry("nik", "3171011708450001"), source: "card_reader" },
    entry("kpj", "12345678901"),
    entry("name", "Wati Specimen"),
    entry("event_date", "2026-10-03"),
    entry("phone", "081200000001"),
    entry("bank", "BRI"),
    entry("account_number", "00004567890123", ["Panjang nomor tidak biasa untuk BRI"]),
    entry("account_holder", "Wati Specimen"),
  ],
  documents: ["identity_card", "family_card", "participant_card", "bank_book", "employer_letter", "face"].map(
    (kind) => ({
      kind,
      digest: "0".repeat(64),
      size: 1000,
    }),
  ),
  standing: { kind: "unverified", session: id("c", 1) },
  signed_at: Date.UTC(2026, 10, 21, 3, 12),
};

const OFFICERS = ["Agus Contoh", "Dewi Contoh", "Sari Contoh"];

/** What a busy branch with three officers could look like; every figure is made up. */
export function day(wanted) {
  const hours = Array.from({ length: 9 }, (_, index) => 8 + index);
  const busy = (hour) => Math.round(18 + 9 * Math.sin((hour - 7) / 2));
  const figures = (verified, seconds) => {
    const returned = Math.round(verified * 0.12);
    const visits = Math.round((verified + returned) * 1.15);
    return {
      visits,
      verified,
      returned,
      unverified: Math.round(verified * 0.03),
      left: visits - verified - returned,
      phoned: Math.round(verified * 0.02),
      duty_s: seconds,
      per_hour: ((verified + returned) * 3600) / seconds,
      attention_s: 104 + (verified % 7) * 5,
      seat: { count: visits, median_s: 4, p95_s: 95 + (verified % 5) * 20 },
      eyes: { count: visits * 2, median_s: 9 + (verified % 4) * 3, p95_s: 48 + (verified % 6) * 14 },
      alarms: Math.round(visits * 0.2),
      reasons: [],
      ratings: [
        Math.round(verified * 0.02),
        Math.round(verified * 0.06),
        Math.round(verified * 0.3),
        Math.round(verified * 0.5),
      ],
    };
  };
  const all = hours.reduce((sum, hour) => sum + busy(hour), 0);
  const reasons = [
    { reason: "document_missing", count: 9 },
    { reason: "data_differ", count: 6 },
    { reason: "waiting_period", count: 5 },
    { reason: "others_account", count: 3 },
    { reason: "other", count: 1 },
  ];
  return {
    day: wanted ?? "2026-11-23",
    total: { ...figures(all, 3 * 8.5 * 3600), reasons },
    officers: OFFICERS.map((name, index) => ({
      officer: id("d", index + 1),
      name,
      figures: figures(Math.round(all / 3) + index * 4 - 4, 8.5 * 3600),
    })),
    hours: hours.map((hour) => ({ hour, figures: figures(busy(hour), 3 * 3600) })),
  };
}

const LINES = [0.9, 0.86, 0.9, 0.6, 0, 0.9, 0.7];

/** A drawn sheet with nothing on it that anybody could mistake for a real paper. */
export function paper(kind) {
  if (kind === "face") {
    return svg(
      480,
      600,
      `<rect width="480" height="600" fill="#b9cbc6"/><circle cx="240" cy="240" r="110" fill="#d9b394"/>
      <path d="M60 600c0-160 90-200 180-200s180 40 180 200z" fill="#eef2ef"/>`,
    );
  }
  const card = kind === "identity_card" || kind === "participant_card";
  const [width, height] = card ? [640, 400] : [600, 760];
  const lines = LINES.map((share, index) =>
    share === 0
      ? ""
      : `<rect x="50" y="${150 + index * 30}" width="${(width - 100) * share}" height="9" fill="#b9b9b9"/>`,
  ).join("");
  return svg(
    width,
    height,
    `<rect width="${width}" height="${height}" fill="${card ? "#dbe9f4" : "#fff"}"/>
     <text x="50" y="100" font-family="sans-serif" font-size="34" font-weight="700">SPECIMEN</text>
     <text x="50" y="130" font-family="sans-serif" font-size="18" fill="#666">${kind}</text>${lines}`,
  );
}

function svg(width, height, content) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${content}</svg>`;
}
