/** A day in figures, as the hub tells it. */
import type { DayStatistics } from "../wire/wire";
import { json } from "./http";

/** None if it does not come. Without a day: today, by the hub's clock. */
export async function dayStatistics(day: string | null): Promise<DayStatistics | null> {
  const value = await json(`/api/v1/statistics${day === null ? "" : `?day=${encodeURIComponent(day)}`}`);
  const known = typeof value === "object" && value !== null && "total" in value && "hours" in value && "day" in value;
  return known ? (value as DayStatistics) : null;
}

/** Address of the day as a file. */
export function exportUrl(day: string, format: "csv" | "xlsx", language: string): string {
  return `/api/v1/statistics/export?${new URLSearchParams({ day, format, language }).toString()}`;
}
