/**
 * What an entry of the trail says, in words. The trail is older than this page, and may be newer: what is not known here
 * is shown as it was written.
 */
import type { Dictionary } from "../../lang/dictionary";
import type { Names } from "../../link/trail";
import type { Language } from "../../wire/wire";
import { DOCUMENT_TITLES, FIELD_TITLES } from "../../wire/wire";

export type Part = { label: string; value: string; session: boolean };

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function isSession(text: string): boolean {
  return ID.test(text);
}

export function eventText(event: unknown, t: Dictionary): string {
  const name = isObject(event) && typeof event.event === "string" ? event.event : null;
  if (name === null) return typeof event === "string" ? event : JSON.stringify(event);
  return t.trail.event[name] ?? t.trail.unknownEvent(name);
}

/** Whom and what it is about: ids by their names, everything else as it was written. */
export function about(event: unknown, names: Names, t: Dictionary, language: Language): Part[] {
  if (!isObject(event)) return [];
  return Object.entries(event)
    .filter(([key, value]) => key !== "event" && value !== null)
    .map(([key, value]) => ({
      label: t.trail.label[key] ?? key,
      value: wordOf(value, names, t, language),
      session: key === "session" && typeof value === "string" && isSession(value),
    }));
}

/** To the second: entries are compared with what people remember. */
export function timeOf(wall: number, language: Language): string {
  const locale = language === "id" ? "id-ID" : "en-GB";
  return new Date(wall).toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium" });
}

/** A word of the trail as people say it; an object by its values. */
function wordOf(value: unknown, names: Names, t: Dictionary, language: Language): string {
  if (isObject(value)) {
    return Object.values(value)
      .map((one) => wordOf(one, names, t, language))
      .join(", ");
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const titles: Readonly<Record<string, Record<Language, string>>> = { ...FIELD_TITLES, ...DOCUMENT_TITLES };
  return nameOf(text, names) ?? t.trail.value[text] ?? titles[text]?.[language] ?? text;
}

function nameOf(id: string, names: Names): string | null {
  const officer = names.officers.find((one) => one.officer === id)?.name;
  return officer ?? names.booths.find((one) => one.booth === id)?.name ?? null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
