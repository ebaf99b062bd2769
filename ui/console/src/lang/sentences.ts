/**
 * Ready sentences for the participant. They go out in the participant's language, whatever the officer's is, and are
 * shown as they go out. What is asked for again, and why a claim goes back, is said in the words of `src/claim`, which the
 * hub knows by name.
 */
import { codeOf } from "../state/items";
import type { Code, Item, Language } from "../wire/wire";
import { ASK_AGAIN, RETURN_REASONS as RETURN_CODES, SENTENCES } from "../wire/wire";

export type Sentence = Readonly<Record<Language, string>>;

const ready = (codes: readonly Code[]): readonly Sentence[] => codes.map((code) => SENTENCES[code]);

/** Why an item is asked for again; at most nine, one for each digit. */
export function askAgainSentences(item: Item): readonly Sentence[] {
  return ready(ASK_AGAIN[codeOf(item)]);
}

/** Why a claim goes back as a whole. */
export const RETURN_REASONS: readonly Sentence[] = ready(RETURN_CODES);

export const MESSAGES: readonly Sentence[] = [
  { id: "Mohon tunggu sebentar, saya segera kembali.", en: "Please wait a moment, I will be right back." },
  { id: "Mohon bicara lebih dekat ke mikrofon.", en: "Please speak closer to the microphone." },
  { id: "Mohon hidupkan mikrofon Anda.", en: "Please turn your microphone on." },
  { id: "Mohon lihat ke kamera.", en: "Please look into the camera." },
  { id: "Mohon perlihatkan dokumen aslinya ke kamera.", en: "Please show the original document to the camera." },
  { id: "Silakan lanjutkan mengisi. Saya menemani Anda.", en: "Please go on. I am here with you." },
  { id: "Petugas loket akan membantu Anda di bilik.", en: "A colleague will come and help you at the booth." },
];
