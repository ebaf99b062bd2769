import { expect, test } from "vitest";
import { tileText } from "../view/tileText";
import type { CallHealth, TileState } from "../state/model";
import { tile } from "../state/specimen";
import type { TileChange } from "../state/specimen";
import type { DocumentKind, Field, Item } from "../wire/wire";
import { DOCUMENT_TITLES, FIELD_TITLES, MAX_MESSAGE } from "../wire/wire";
import { en } from "./en";
import { id } from "./id";
import { askAgainSentences, MESSAGES, RETURN_REASONS } from "./sentences";

const ITEMS: Item[] = [
  ...Object.keys(FIELD_TITLES).map((field) => ({ field: field as Field })),
  ...Object.keys(DOCUMENT_TITLES).map((document) => ({ document: document as DocumentKind })),
];

test.each([MESSAGES, RETURN_REASONS, ...ITEMS.map(askAgainSentences)])(
  "ready sentences fit the digits and the wire: %o",
  (...sentences) => {
    expect(sentences.length).toBeLessThanOrEqual(9);
    expect(new Set(sentences.map((sentence) => sentence.id)).size).toBe(sentences.length);
    for (const { id: indonesian, en: english } of sentences) {
      expect(indonesian.length * english.length).toBeGreaterThan(0);
      expect(Math.max(indonesian.length, english.length)).toBeLessThanOrEqual(MAX_MESSAGE);
    }
  },
);

test("no text is empty in either language", () => {
  const texts = (value: unknown): string[] => {
    if (typeof value === "string") return [value];
    if (typeof value === "function") return [(value as (...args: unknown[]) => string)(1, 2, 3, 4, 5)];
    return Object.values(value as object).flatMap(texts);
  };
  for (const dictionary of [id, en]) expect(texts(dictionary).filter((text) => text.trim() === "")).toEqual([]);
  expect(texts(id).length).toBe(texts(en).length);
});

function say(change: TileChange, health?: CallHealth, now = 0) {
  const entry: TileState = { tile: tile(1, change), attentionSince: 0 };
  const { step, turn, tone, network } = tileText(entry, health, now, id);
  return [step, turn, tone, network];
}

test("a tile says whose turn it is, and how the network does", () => {
  const good = { live: true, network: "good" as const };
  expect(say({ snapshot: { step: "details" } }, good)).toEqual(["Mengisi rincian", "mandiri", "calm", "baik"]);
  expect(say({ attention: "needs_officer" }, good)).toEqual(["Menunggu Anda", "menunggu", "waiting", "baik"]);
  expect(say({ attention: "needs_officer" }, good, 30_000)[2]).toBe("alarm");
  expect(say({ attention: "needs_officer", snapshot: { turn: "help" } })[0]).toBe("Minta bantuan");
  expect(say({ attention: "on_hold", mode: "hold" })).toEqual(["Tertahan", "gambar mati", "calm", "menunggu di bilik"]);
  const left = { attention: "needs_officer", mode: "hold" } as const;
  for (const network of ["good", "none"] as const) {
    // Nothing comes from a held booth: the last word on its network is an old one.
    const [step, , tone, word] = say(left, { live: false, network });
    expect([step, tone, word]).toEqual(["Menunggu Anda", "waiting", "menunggu di bilik"]);
  }
  expect(say({ attention: "lost", online: false })).toEqual(["Verifikasi", "terputus", "lost", "terputus"]);
  expect(say({ call: null, snapshot: { step: "consent" } })[3]).toBe("kamera menyusul");
  expect(say({}, { live: false, network: "none" })[3]).toBe("gambar terhenti");
  const narrow = { ...tile(1).state, call: { carried_kbps: 499, picture_kbps: 300 } };
  expect(say({ state: narrow }, good)[3]).toBe("lemah: jalur sempit");
  expect(say({ state: narrow }, { live: false, network: "none" })[3]).toBe("gambar terhenti");
  expect(say({}, { live: true, network: "lossy" })[3]).toBe("lemah: data hilang");
  expect(say({ snapshot: { step: "confirmed", turn: "done" } })[1]).toBe("selesai");
});
