import { expect, test } from "vitest";
import { clock, date, dateTime, decimal, grouped, minutesUp, shortName, whole } from "./format";

test.each([
  [0, "0:00"],
  [999, "0:00"],
  [41_000, "0:41"],
  [725_000, "12:05"],
  [3_723_000, "1:02:03"],
  [-5_000, "0:00"],
])("clock of %i ms", (ms, text) => {
  expect(clock(ms)).toBe(text);
});

test.each([
  [0, 1],
  [60, 1],
  [61, 2],
  [340, 6],
])("%i s are %i minutes", (seconds, minutes) => {
  expect(minutesUp(seconds)).toBe(minutes);
});

test("numbers are written as in the language", () => {
  expect([decimal(1.8, "id"), decimal(1.8, "en"), decimal(2, "id")]).toEqual(["1,8", "1.8", "2,0"]);
  expect([whole(1200, "id"), whole(1200, "en")]).toEqual(["1.200", "1,200"]);
});

test.each([
  ["2026-10-03", "3 Okt 2026", "3 Oct 2026"],
  ["3 Oktober", "3 Oktober", "3 Oktober"],
  ["", "", ""],
])("date %s", (stored, id, en) => {
  expect([date(stored, "id"), date(stored, "en")]).toEqual([id, en]);
});

test("a point in time is shown where the officer sits", () => {
  expect(dateTime(Date.UTC(2026, 10, 21, 17, 5), "en", "Asia/Jakarta")).toBe("22 Nov 2026, 00:05");
});

test.each([
  ["081200000001", "0812 0000 0001"],
  ["12345678901", "1234 5678 901"],
  ["", ""],
])("%s in groups", (digits, text) => {
  expect(grouped(digits)).toBe(text);
});

test.each([
  ["Budi Specimen", "Budi S."],
  ["Budi  Santoso specimen", "Budi S."],
  ["Budi", "Budi"],
  ["", ""],
  ["Dewi Élan", "Dewi É."],
])("short name of %s", (name, short) => {
  expect(shortName(name)).toBe(short);
});
