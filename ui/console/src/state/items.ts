/** The rows of the checklist: their names, which are left, which comes next, and which paper proves which field. */
import type { DocumentKind, Field, Item, ItemView, Language, SessionSnapshot } from "../wire/wire";
import { DOCUMENT_TITLES, FIELD_TITLES, UNCHECKED_FIELDS } from "../wire/wire";

/** The wire name of a field or document. The two sets have no name in common (a test keeps that). */
export type ItemCode = Field | DocumentKind;

export function codeOf(item: Item): ItemCode {
  return "field" in item ? item.field : item.document;
}

export function documentOf(item: Item): DocumentKind | null {
  return "document" in item ? item.document : null;
}

export function titleOf(item: Item, language: Language): string {
  return "field" in item ? FIELD_TITLES[item.field][language] : DOCUMENT_TITLES[item.document][language];
}

export function itemAt(snapshot: SessionSnapshot, code: ItemCode | null): ItemView | null {
  return snapshot.items.find((view) => codeOf(view.item) === code) ?? null;
}

/** Whether an officer has to look at it. The hub and the booth leave out the same fields. */
export function isChecked(item: Item): boolean {
  return !("field" in item && UNCHECKED_FIELDS.includes(item.field));
}

/** How many rows still keep the claim from being approved. */
export function remaining(snapshot: SessionSnapshot): number {
  return snapshot.items.filter((view) => isChecked(view.item) && view.check.kind !== "correct").length;
}

/** Whether the officer has to look at this row now: an item that was asked again waits for the participant. */
function isOpen(view: ItemView, sent: (code: ItemCode) => boolean): boolean {
  return (view.check.kind === "pending" || view.check.kind === "corrected") && !sent(codeOf(view.item));
}

/**
 * The next row to look at after `from`, going round once; what the participant has corrected comes before the rest,
 * for they stand there and wait. Stays at `from` if nothing is open.
 */
export function nextOpen(
  items: readonly ItemView[],
  from: ItemCode | null,
  sent: (code: ItemCode) => boolean,
): ItemCode | null {
  const start = items.findIndex((view) => codeOf(view.item) === from) + 1;
  const round = [...items.slice(start), ...items.slice(0, start)].filter((view) => isOpen(view, sent));
  const next = round.find((view) => view.check.kind === "corrected") ?? round[0];
  if (next !== undefined) return codeOf(next.item);
  const first = items[0];
  return from ?? (first === undefined ? null : codeOf(first.item));
}

/** One row up or down; stops at the ends. */
export function neighbour(items: readonly ItemView[], from: ItemCode | null, by: 1 | -1): ItemCode | null {
  const at = items.findIndex((view) => codeOf(view.item) === from);
  const index = at < 0 ? 0 : Math.min(Math.max(at + by, 0), items.length - 1);
  const view = items[index];
  return view === undefined ? null : codeOf(view.item);
}

/** The papers of a session that have been photographed, in the order of the checklist. */
export function photographed(snapshot: SessionSnapshot): { kind: DocumentKind; photo: number }[] {
  return snapshot.items.flatMap((view) => {
    const kind = documentOf(view.item);
    return kind !== null && view.photo !== null ? [{ kind, photo: view.photo }] : [];
  });
}

const LETTERS: readonly DocumentKind[] = [
  "employer_letter",
  "layoff_notice",
  "layoff_agency_receipt",
  "layoff_employer_report",
  "joint_agreement",
  "court_ruling",
  "employment_letter",
  "doctor_letter",
  "death_certificate",
  "no_more_work_statement",
  "housing_sale_agreement",
  "housing_loan_agreement",
];

/** Which papers show what a field says, the best first. */
const EVIDENCE: Record<Field, readonly DocumentKind[]> = {
  nik: ["identity_card", "family_card"],
  kpj: ["participant_card"],
  name: ["identity_card", "family_card"],
  reason: LETTERS,
  event_date: LETTERS,
  phone: [],
  bank: ["bank_book"],
  account_number: ["bank_book"],
  account_holder: ["bank_book"],
  balance: [],
  tax_number: ["tax_card"],
};

/** The paper to lay beside a row, if it has been photographed. */
export function evidenceFor(item: Item, available: readonly DocumentKind[]): DocumentKind | null {
  const wanted = "document" in item ? [item.document] : EVIDENCE[item.field];
  return wanted.find((kind) => available.includes(kind)) ?? null;
}
