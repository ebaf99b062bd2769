/** The hub's HTTP side: login, logout, the list of claims. Every answer is read as an outcome that a view can show. */
import type { ClaimId, ClaimRecord, Decision, DocumentKind, OfficerId, SessionId, TrackingCode } from "../wire/wire";

/** The hub takes no change without it: a form on another site cannot set a header. */
const HEADERS = { "x-bilik": "1" };
/** Nobody waits longer than this for an answer of a server in the same building. */
const TIMEOUT_MS = 10_000;

export type LoginOutcome =
  | { kind: "in" }
  | { kind: "wrong" }
  /** Too many tries; `seconds` until the next one, if the hub says so. */
  | { kind: "locked"; seconds: number | null }
  | { kind: "unreachable" };

export async function login(name: string, password: string, code: string): Promise<LoginOutcome> {
  const answer = await request("POST", "/api/v1/login", { login: name, password, code });
  if (answer === null || answer.status >= 500) return { kind: "unreachable" };
  if (answer.ok) return { kind: "in" };
  if (answer.status !== 429 && answer.status !== 423) return { kind: "wrong" };
  const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
  return { kind: "locked", seconds: Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : null };
}

/** Whether the hub knows the cookie no more. The page cannot drop it (`HttpOnly`), so without an answer it still holds. */
export async function logout(): Promise<boolean> {
  const answer = await request("POST", "/api/v1/logout");
  return answer !== null && (answer.ok || answer.status === 401);
}

/** Only a clear "no" counts as logged out: an unreachable hub says nothing about the cookie. */
export async function stillLoggedIn(): Promise<boolean> {
  const answer = await request("GET", "/api/v1/me");
  return answer?.status !== 401 && answer?.status !== 403;
}

/** Who is at the page: participants are for officers and supervisors; booths and the audit trail have people of their own. */
export type Me =
  | { kind: "serves" | "out" | "unreachable" }
  | { kind: "serves_not" }
  | { kind: "technician" | "auditor"; name: string; branch: string };

/** At the start of the page, where there is nothing to go back to: no hub, no desk. */
export async function whoAmI(): Promise<Me> {
  const answer = await request("GET", "/api/v1/me");
  if (answer === null || answer.status >= 500) return { kind: "unreachable" };
  if (!answer.ok) return { kind: "out" };
  const me: unknown = await answer.json().catch(() => null);
  if (!isObject(me)) return { kind: "serves" };
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  switch (me.role) {
    case undefined:
    case "officer":
    case "supervisor":
      return { kind: "serves" };
    case "technician":
    case "auditor":
      return { kind: me.role, name: text(me.name), branch: text(me.branch_name) };
    default:
      return { kind: "serves_not" };
  }
}

/** One row of the list of claims. */
export type ClaimRow = {
  claim: ClaimId;
  /** Grows with each claim that the hub receives. */
  sequence: number;
  tracking: TrackingCode;
  booth_name: string;
  /** Wall time, milliseconds. */
  received_at: number;
  name: string;
  phone: string;
  /** An officer has said so in the call. */
  verified: boolean;
};

/** The hub opens a hundred claims for each page; more pages than this are a day that nobody can phone through. */
const MAX_PAGES = 50;

/** Every claim that no officer has decided, the one that has waited longest first. None if a page does not come. */
export async function unverifiedClaims(): Promise<ClaimRow[] | null> {
  const rows: ClaimRow[] = [];
  let before = Infinity;
  for (let page = 0; page < MAX_PAGES; page++) {
    const value = await claimsBefore("unverified", before);
    if (value === null) return null;
    // The newest come first; an empty page is the end, and a page that goes no further back would be asked for ever.
    const oldest = Math.min(...value.map(sequenceOf));
    if (oldest >= before) break;
    rows.push(...value.flatMap(readRow));
    before = oldest;
  }
  return rows.sort((a, b) => a.sequence - b.sequence);
}

async function claimsBefore(standing: "unverified" | "all", before: number): Promise<unknown[] | null> {
  const value = await json(`/api/v1/claims?standing=${standing}${before === Infinity ? "" : `&before=${before}`}`);
  return Array.isArray(value) ? (value as unknown[]) : null;
}

/** The claim with this tracking code, whatever became of it; "none" if there is none. None if the hub does not answer. */
export async function claimByCode(code: string): Promise<ClaimRow | "none" | null> {
  const answer = await request("GET", `/api/v1/claims?${new URLSearchParams({ tracking: code }).toString()}`);
  if (answer?.status === 400) return "none";
  const value: unknown = answer?.ok === true ? await answer.json().catch(() => null) : null;
  return Array.isArray(value) ? (value.flatMap(readRow)[0] ?? "none") : null;
}

/** Lets a claim be decided anew; one that was verified, for a supervisor who says why. Whether it can be now. */
export async function reopenClaim(claim: ClaimId, note: string | null): Promise<boolean> {
  const body = note === null ? {} : { note };
  const answer = await request("POST", `/api/v1/claims/${encodeURIComponent(claim)}/reopen`, body);
  // Another one may have been faster: open is open.
  return answer !== null && (answer.ok || answer.status === 409);
}

/** What an officer has left for colleagues, with what. No text: the hub cannot read it any more. */
export type Note = { officer: string; at: number; on: "verified" | "returned" | "reopened"; text: string | null };

/** A claim with the notes about it, the newest first. */
export type OpenedClaim = ClaimRecord & { notes: Note[] };

export async function claimRecord(claim: ClaimId): Promise<OpenedClaim | null> {
  const record = await json(`/api/v1/claims/${encodeURIComponent(claim)}`);
  if (!isObject(record) || !Array.isArray(record.entries) || !Array.isArray(record.documents)) return null;
  const notes = Array.isArray(record.notes) ? record.notes.flatMap(readNote) : [];
  return { ...(record as unknown as ClaimRecord), notes };
}

function readNote(value: unknown): Note[] {
  if (!isObject(value)) return [];
  const { officer, at, on, text } = value;
  if (on !== "verified" && on !== "returned" && on !== "reopened") return [];
  return [
    {
      officer: typeof officer === "string" ? officer : "",
      at: typeof at === "number" ? at : 0,
      on,
      text: typeof text === "string" ? text : null,
    },
  ];
}

/** A decision that the ledger holds, and whose it is. */
export type Made = { decision: Decision["kind"]; officer: OfficerId };

export type DecideOutcome = { kind: "saved" } | ({ kind: "already" } & Made) | { kind: "failed" };

export async function decideClaim(
  row: Pick<ClaimRow, "claim" | "sequence">,
  decision: Decision,
  note: string,
): Promise<DecideOutcome> {
  const body = note.trim() === "" ? decision : { ...decision, note: note.trim() };
  const answer = await request("POST", `/api/v1/claims/${encodeURIComponent(row.claim)}/decision`, body);
  if (answer?.ok === true) return { kind: "saved" };
  // A claim is decided once. Where the answer was lost, the hub may have kept this very decision.
  const unsure = answer === null || answer.status === 409 || answer.status >= 500;
  const made = unsure ? await decisionOn(row) : null;
  return made === null ? { kind: "failed" } : { kind: "already", ...made };
}

/** None if nobody has decided it, or if the hub does not answer. */
export async function decisionOn({ claim, sequence }: Pick<ClaimRow, "claim" | "sequence">): Promise<Made | null> {
  const value = await claimsBefore("all", sequence + 1);
  const row = value?.find((one) => isObject(one) && one.claim === claim);
  const made = isObject(row) ? row.decision : null;
  if (!isObject(made) || typeof made.officer !== "string" || !isObject(made.decision)) return null;
  const { kind } = made.decision;
  return kind === "verified" || kind === "returned" ? { decision: kind, officer: made.officer } : null;
}

/** Address of a photograph of a running session. */
export function photoUrl(session: SessionId, kind: DocumentKind, photo: number): string {
  return `/api/v1/sessions/${encodeURIComponent(session)}/documents/${kind}/${photo}`;
}

/** Address of a part of a claim in the ledger. */
export function partUrl(claim: ClaimId, kind: DocumentKind): string {
  return `/api/v1/claims/${encodeURIComponent(claim)}/parts/${kind}.jpg`;
}

function sequenceOf(value: unknown): number {
  return isObject(value) && typeof value.sequence === "number" ? value.sequence : Infinity;
}

function readRow(value: unknown): ClaimRow[] {
  if (!isObject(value) || typeof value.claim !== "string") return [];
  const text = (key: string) => (typeof value[key] === "string" ? value[key] : "");
  return [
    {
      claim: value.claim,
      sequence: typeof value.sequence === "number" ? value.sequence : 0,
      tracking: text("tracking"),
      booth_name: text("booth_name"),
      received_at: typeof value.received_at === "number" ? value.received_at : 0,
      name: text("name"),
      phone: text("phone"),
      verified: value.standing === "verified",
    },
  ];
}

export async function json(path: string): Promise<unknown> {
  const answer = await request("GET", path);
  try {
    return answer?.ok === true ? ((await answer.json()) as unknown) : null;
  } catch {
    return null;
  }
}

/** None if there was no answer. */
export async function request(
  method: "GET" | "POST",
  path: string,
  body?: object,
  patience = TIMEOUT_MS,
): Promise<Response | null> {
  try {
    return await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(patience),
      headers: body === undefined ? HEADERS : { ...HEADERS, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
