/** Durations and numbers as people read them. Everything is a pure function of its arguments. */
import type { Language } from "../wire/wire";

const LOCALE: Record<Language, string> = { id: "id-ID", en: "en-GB" };

/** `0:41`, `12:05`, `1:02:03`. Negative durations count as none. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => value.toString().padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** Whole minutes, at least one: nobody is told to wait for no time. */
export function minutesUp(seconds: number): number {
  return Math.max(1, Math.ceil(seconds / 60));
}

/** `1,8` in Indonesian, `1.8` in English. */
export function decimal(value: number, language: Language): string {
  return value.toLocaleString(LOCALE[language], { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

export function whole(value: number, language: Language): string {
  return value.toLocaleString(LOCALE[language], { maximumFractionDigits: 0 });
}

/** Date and time of day where the officer sits. */
export function dateTime(wall: number, language: Language, zone?: string): string {
  const options = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" } as const;
  return new Date(wall).toLocaleString(LOCALE[language], zone === undefined ? options : { ...options, timeZone: zone });
}

/** `2026-10-03` as `3 Okt 2026`; anything else stays as it is. */
export function date(stored: string, language: Language): string {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(stored);
  if (parts === null) return stored;
  const [year, month, day] = parts.slice(1).map(Number);
  const at = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day));
  const options = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" } as const;
  return at.toLocaleDateString(LOCALE[language], options);
}

/** Digits in groups of four, from the left: as the booth shows them. */
export function grouped(digits: string): string {
  return digits.replace(/(\d{4})(?=\d)/g, "$1 ");
}

/** `Budi S.`: enough for a tile beside a picture. */
export function shortName(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  const initial = last === undefined ? undefined : Array.from(last)[0];
  return initial === undefined ? (words[0] ?? "") : `${words[0] ?? ""} ${initial.toUpperCase()}.`;
}
