// Made from src/claim by its test `typescript`; do not edit. To write it anew:
// make types

/**
 * Whose turn a tile says it is.
 */
export type Attention = "self_serving" | "needs_officer" | "in_focus" | "on_hold" | "lost";

/**
 * How far a chain goes.
 */
export type AuditHead = { entries: number, 
/**
 * Of the last entry; [`AUDIT_ROOT`] if there is none.
 */
hash: Digest, };

/**
 * A booth, from its enrolment on.
 */
export type BoothId = string;

/**
 * What a booth says of itself. No personal data.
 */
export type BoothState = { 
/**
 * Claims kept here that the hub has not confirmed.
 */
queued: number, 
/**
 * Of these, those that the hub will not take or that are damaged: a technician is needed.
 */
refused: number, 
/**
 * Claims that were kept here and that a failing disk has lost.
 */
lost: number, 
/**
 * End of the booth's audit trail, for the hub to remember. None until the queue is open.
 */
audit: AuditHead | null, reader: DeviceState, camera: DeviceState, document_camera: DeviceState, microphone: DeviceState, 
/**
 * How the running call does. None while there is none.
 */
call: CallQuality | null, 
/**
 * Why the booth takes nobody, if so.
 */
out_of_service: string | null, 
/**
 * The office's last word on that: a hub that was started anew learns it from here.
 */
closed: Closing | null, };

/**
 * One attempt to carry picture and sound between a booth and a console; the hub counts them up.
 */
export type CallId = number;

/**
 * How much of the booth the officer sees and hears.
 */
export type CallMode = "focus" | "tile" | "hold";

/**
 * A call as its booth sees it now, in kbit/s.
 */
export type CallQuality = { 
/**
 * What the path to the officer is believed to carry; 0 before that is known.
 */
carried_kbps: number, 
/**
 * What the picture is sent at; 0 on hold.
 */
picture_kbps: number, };

/**
 * How far the check of one item has come.
 */
export type Check = { "kind": "pending" } | { "kind": "correct" } | { "kind": "asked_again", reason: string, } | { "kind": "corrected" };

/**
 * A claim, made at the booth before anything is sent.
 */
export type ClaimId = string;

/**
 * The content of [`crate::filing::CLAIM_PART`].
 */
export type ClaimRecord = { 
/**
 * [`crate::filing::FORMAT`].
 */
format: number, claim: ClaimId, tracking: TrackingCode, booth: BoothId, session: SessionId, language: Language, consent: Consent, reason: Reason, 
/**
 * Each answered field once, in the order of the form. [`Field::Reason`] is not among them.
 */
entries: Array<Entry>, documents: Array<DocumentRecord>, standing: Standing, signed_at: WallTime, };

/**
 * Why the office lets nobody into a booth.
 */
export type Closing = "cleaning" | "repair" | "unattended" | "other";

/**
 * The name of a ready sentence, or that of all others.
 */
export type Code = "blurred" | "glare" | "cut_off" | "wrong_paper" | "name_unreadable" | "face_unclear" | "face_covered" | "face_aside" | "wrong_page" | "own_account" | "nik_not_identity_card" | "nik_not_family_card" | "kpj_not_card" | "name_not_identity_card" | "name_incomplete" | "reason_not_letter" | "date_not_letter" | "phone_unreachable" | "number_incomplete" | "bank_not_book" | "number_not_book" | "holder_not_book" | "balance_missing" | "tax_not_card" | "once_more" | "waiting_period" | "still_member" | "data_differ" | "document_missing" | "document_unreadable" | "others_account" | "dormant_account" | "at_the_counter" | "other";

/**
 * Somebody who serves, or whose sessions have not gone to others yet.
 */
export type Colleague = { officer: OfficerId, name: string, supervisor: boolean, 
/**
 * Their console is open.
 */
here: boolean, 
/**
 * Sessions that they take at a time; 0: no new ones.
 */
capacity: number, 
/**
 * Sessions in their hands.
 */
load: number, };

/**
 * What the participant agreed to, and when (UU 27/2022, articles 20 to 24: consent must be provable).
 */
export type Consent = { 
/**
 * Version of the consent text that was shown.
 */
version: number, language: Language, given_at: WallTime, };

/**
 * From the console.
 */
export type ConsoleToHub = { "type": "hello", protocol: number, } | { "type": "capacity", capacity: number, } | { "type": "end_shift", ending: boolean, } | { "type": "focus", session: SessionId | null, } | { "type": "hold", session: SessionId, hold: boolean, } | { "type": "signal", booth: BoothId, call: CallId, signal: Signal, } | { "type": "call_failed", booth: BoothId, call: CallId, } | { "type": "check", session: SessionId, item: Item, verdict: Verdict, 
/**
 * Revision of the snapshot that the officer judged by.
 */
seen: number, } | { "type": "message", session: SessionId, text: string, } | { "type": "decide", session: SessionId, decision: Decision, 
/**
 * For colleagues, about a claim that is verified; neither booth nor participant sees it.
 */
note: Personal | null, } | { "type": "end_session", session: SessionId, } | { "type": "transfer", session: SessionId, to: OfficerId, note: string, } | { "type": "ask", session: SessionId, question: string, } | { "type": "close_question", session: SessionId, } | { "type": "answer", session: SessionId, text: string, } | { "type": "watch", session: SessionId | null, } | { "type": "close_booth", booth: BoothId, why: Closing | null, } | { "type": "ping" };

/**
 * One local day.
 */
export type DayStatistics = { 
/**
 * `2026-11-23`, in the branch's time zone.
 */
day: string, 
/**
 * Of all officers together; for an officer who does not oversee others, the own figures.
 */
total: Figures, 
/**
 * In the order of the names; one alone for an officer who does not oversee others.
 */
officers: Array<OfficerFigures>, 
/**
 * The hours in which anything happened, in order.
 */
hours: Array<HourFigures>, };

/**
 * The officer's word on the whole claim.
 */
export type Decision = { "kind": "verified" } | { "kind": "returned", reasons: Array<string>, };

/**
 * A device as the booth sees it now.
 */
export type DeviceState = "absent" | "ready" | "missing";

/**
 * SHA-256 of some bytes; as text, 64 lower-case hexadecimal digits.
 */
export type Digest = string;

/**
 * One kind of paper (or the face), photographed at the booth.
 */
export type DocumentKind = "identity_card" | "family_card" | "participant_card" | "bank_book" | "tax_card" | "face" | "employer_letter" | "layoff_agency_receipt" | "layoff_employer_report" | "layoff_notice" | "joint_agreement" | "court_ruling" | "passport" | "no_more_work_statement" | "doctor_letter" | "death_certificate" | "heir_letter" | "heir_identity_card" | "employment_letter" | "housing_sale_agreement" | "housing_loan_agreement" | "standing_instruction" | "loan_account";

/**
 * One photographed document.
 */
export type DocumentRecord = { kind: DocumentKind, 
/**
 * Of the JPEG before sealing.
 */
digest: Digest, size: number, };

/**
 * One answered field.
 */
export type Entry = { field: Field, 
/**
 * In its stored form: digits without spaces, a date as `YYYY-MM-DD`, the bank by its code.
 */
value: Personal, source: EntrySource, 
/**
 * What the booth found doubtful, in Indonesian.
 */
doubts: Array<string>, };

/**
 * Where a value came from.
 */
export type EntrySource = "typed" | "card_reader";

/**
 * A question of the form.
 */
export type Field = "nik" | "kpj" | "name" | "reason" | "event_date" | "phone" | "bank" | "account_number" | "account_holder" | "balance" | "tax_number";

/**
 * What is counted. A visit counts where it ended.
 */
export type Figures = { visits: number, verified: number, returned: number, 
/**
 * Kept without an officer's word.
 */
unverified: number, 
/**
 * The participant went, or was sent away, before there was a claim.
 */
left: number, 
/**
 * Claims decided after a call on the phone.
 */
phoned: number, 
/**
 * Officers' time on duty, in seconds.
 */
duty_s: number, 
/**
 * Decided claims per hour on duty; none without any duty.
 */
per_hour: number | null, 
/**
 * Mean of an officer's attention per claim decided in a call, in seconds.
 */
attention_s: number | null, 
/**
 * From the consent to an officer.
 */
seat: Waits, 
/**
 * From needing an officer to the officer's eyes.
 */
eyes: Waits, 
/**
 * Needs that waited beyond [`ALARM_MS`].
 */
alarms: number, reasons: Array<ReasonCount>, 
/**
 * How many participants gave 1 (bad), 2, 3 and 4 (very good).
 */
ratings: [number, number, number, number], };

/**
 * A booth as supervisors see it.
 */
export type FloorBooth = { booth: BoothId, booth_name: string, online: boolean, 
/**
 * Without the end of its audit trail.
 */
state: BoothState, visit: FloorVisit | null, };

/**
 * A session as supervisors see it without watching it.
 */
export type FloorVisit = { session: SessionId, 
/**
 * None: it waits for one.
 */
officer: OfficerId | null, language: Language, step: Step, turn: Turn, attention: Attention, 
/**
 * As in a tile.
 */
attention_age_ms: number, session_age_ms: number, 
/**
 * While nobody has answered it.
 */
question: Question | null, 
/**
 * Names of the supervisors who watch it.
 */
watched_by: string | null, };

export type HourFigures = { 
/**
 * 0 to 23, in the branch's time zone.
 */
hour: number, figures: Figures, };

/**
 * To the console.
 */
export type HubToConsole = { "type": "welcome", protocol: number, officer: OfficerId, name: string, branch_name: string, capacity: number, 
/**
 * The shift ends with the last session.
 */
ending: boolean, time: WallTime, } | { "type": "tile", tile: Tile, } | { "type": "tile_gone", session: SessionId, } | { "type": "signal", booth: BoothId, call: CallId, signal: Signal, } | { "type": "office", office: OfficeView, } | { "type": "colleagues", colleagues: Array<Colleague>, } | { "type": "floor", booth: FloorBooth, } | { "type": "floor_gone", booth: BoothId, } | { "type": "watching", tile: Tile | null, } | { "type": "refused", reason: Refusal, } | { "type": "replaced" } | { "type": "pong" };

/**
 * One row of the checklist.
 */
export type Item = { "field": Field } | { "document": DocumentKind };

/**
 * One row of the checklist.
 */
export type ItemView = { item: Item, 
/**
 * As the participant sees it, e.g. `3171 0117 0845 0001`. Empty for a document.
 */
value: Personal, 
/**
 * What the booth found doubtful, for the officer's eyes (in Indonesian).
 */
doubts: Array<string>, 
/**
 * Documents: which photograph it is, counted from 1; none while not taken.
 */
photo: number | null, check: Check, };

/**
 * Indonesian comes first everywhere; English is for participants who ask for it.
 */
export type Language = "id" | "en";

/**
 * What one colleague wrote to another.
 */
export type Note = { 
/**
 * Name of who wrote it.
 */
from: string, text: string, };

/**
 * The office at a glance, for the bar on top.
 */
export type OfficeView = { 
/**
 * Participants at a booth without an officer.
 */
waiting: number, expected_wait_s: number, officers: number, 
/**
 * Claims received today.
 */
claims_today: number, 
/**
 * Claims kept without an officer that nobody has taken up.
 */
unverified: number, 
/**
 * Mean attention for each claim that was decided today, in seconds.
 */
attention_s: number | null, };

export type OfficerFigures = { officer: OfficerId, name: string, figures: Figures, };

/**
 * An officer's account.
 */
export type OfficerId = string;

/**
 * Text that belongs to a participant. `Debug` tells its length only; there is no `Display`, so it cannot slip into a
 * log line by accident; the memory is overwritten when it is dropped.
 */
export type Personal = string;

/**
 * An officer's question to the supervisors about a session.
 */
export type Question = { text: string, 
/**
 * Milliseconds since it was asked.
 */
age_ms: number, answer: Note | null, };

/**
 * Reason of a claim (*sebab klaim*).
 */
export type Reason = "resigned" | "laid_off" | "retirement_age" | "partial10" | "partial30_cash" | "partial30_credit" | "disability" | "contract_ended" | "company_retirement" | "independent_stopped" | "left_indonesia" | "death";

/**
 * How many claims went back for this reason; one claim may have several. The most frequent first.
 */
export type ReasonCount = { reason: Code, count: number, };

/**
 * Why the hub refused a frame.
 */
export type Refusal = "protocol" | "malformed" | "not_yours" | "out_of_order" | "forbidden" | "away" | "full" | "too_fast";

/**
 * One participant's visit at a booth.
 */
export type SessionId = string;

/**
 * Everything the console shows of one session.
 */
export type SessionSnapshot = { session: SessionId, 
/**
 * Grows with each change; an older one never replaces a newer one.
 */
revision: number, language: Language, step: Step, 
/**
 * The participant's name as typed so far.
 */
name: Personal, turn: Turn, items: Array<ItemView>, microphone_muted: boolean, 
/**
 * The newest message that the booth shows, to see that it arrived.
 */
message: string | null, 
/**
 * Set once the claim is kept.
 */
tracking: TrackingCode | null, };

/**
 * One step of setting up a call, between booth and console; the hub passes it on unread.
 */
export type Signal = { "kind": "offer", sdp: string, } | { "kind": "answer", sdp: string, } | { "kind": "candidate", candidate: string, };

/**
 * Whether an officer has seen the claim before it was signed.
 */
export type Standing = { "kind": "verified", officer: OfficerId, session: SessionId, } | { "kind": "unverified", session: SessionId, };

/**
 * The seven steps of the progress bar, and the end.
 */
export type Step = "consent" | "identify" | "reason" | "details" | "documents" | "review" | "verification" | "signing" | "kept" | "confirmed" | "returned";

/**
 * A session in the hands of an officer.
 */
export type Tile = { 
/**
 * Key of the tile, 1 to 6: stays while the session lasts. 0 for who watches a session that nobody serves.
 */
slot: number, booth: BoothId, booth_name: string, state: BoothState, 
/**
 * Whether the booth's connection is up.
 */
online: boolean, 
/**
 * The running call, if any.
 */
call: CallId | null, mode: CallMode, snapshot: SessionSnapshot, attention: Attention, 
/**
 * Milliseconds since the attention changed to this; for who needs the officer, since they need them.
 */
attention_age_ms: number, 
/**
 * Milliseconds since the session began.
 */
session_age_ms: number, 
/**
 * From who handed the session over.
 */
note: Note | null, 
/**
 * What this officer has asked the supervisors.
 */
question: Question | null, 
/**
 * Names of the supervisors who read along.
 */
watched_by: string | null, };

/**
 * The code a participant takes home: nine characters in three groups, such as `JK7-4QF-2MX`.
 *
 * It is derived from the claim's id, so the booth can show it without the hub and the hub finds the same one. 45 bits:
 * a branch with a million claims has one chance in 35 million that a new code is taken already.
 */
export type TrackingCode = string;

/**
 * Who has to do something next.
 */
export type Turn = "participant" | "help" | "officer" | "correction" | "done";

/**
 * What the officer says of one field or document.
 */
export type Verdict = { "kind": "correct" } | { "kind": "ask_again", reason: string, } | { "kind": "pending" };

/**
 * How long was waited, in seconds.
 */
export type Waits = { count: number, median_s: number | null, 
/**
 * Ninety-five of a hundred waited no longer.
 */
p95_s: number | null, };

/**
 * Milliseconds since 1970-01-01 UTC by the wall clock. For showing and recording, never for order or timers.
 */
export type WallTime = number;

export const PROTOCOL = 4;
/** Longest frame, in bytes. */
export const MAX_FRAME = 131072;
/** Longest text to a participant, in characters. */
export const MAX_MESSAGE = 500;
/** A path that carries less, in kbit/s, makes the picture of a booth in focus small and slow. */
export const NARROW_KBPS = 500;

/** Fields that no officer has to look at. */
export const UNCHECKED_FIELDS: readonly Field[] = ["balance"];

/** Banks by the code that a claim holds. */
export const BANK_NAMES: Readonly<Partial<Record<string, string>>> = {
  "BCA": "BCA",
  "BNI": "BNI",
  "BRI": "BRI",
  "BSI": "BSI",
  "BTN": "BTN",
  "CIMB": "CIMB Niaga",
  "MANDIRI": "Mandiri",
  "OTHER": "Bank lain"
};

export const FIELD_TITLES: Record<Field, Record<Language, string>> = {
  "nik": { id: "NIK", en: "NIK" },
  "kpj": { id: "Nomor peserta (KPJ)", en: "Participant number (KPJ)" },
  "name": { id: "Nama", en: "Name" },
  "reason": { id: "Alasan klaim", en: "Reason" },
  "event_date": { id: "Tanggal surat", en: "Date of the letter" },
  "phone": { id: "Nomor telepon", en: "Phone number" },
  "bank": { id: "Bank", en: "Bank" },
  "account_number": { id: "Nomor rekening", en: "Account number" },
  "account_holder": { id: "Pemilik rekening", en: "Account holder" },
  "balance": { id: "Perkiraan saldo", en: "Estimated balance" },
  "tax_number": { id: "NPWP", en: "Tax number (NPWP)" },
};

export const DOCUMENT_TITLES: Record<DocumentKind, Record<Language, string>> = {
  "identity_card": { id: "KTP", en: "Identity card (KTP)" },
  "family_card": { id: "Kartu keluarga", en: "Family card (KK)" },
  "participant_card": { id: "Kartu peserta", en: "Participant card (KPJ)" },
  "bank_book": { id: "Buku tabungan", en: "Bank book" },
  "tax_card": { id: "NPWP", en: "Tax card (NPWP)" },
  "face": { id: "Foto wajah", en: "Photo of your face" },
  "employer_letter": { id: "Surat keterangan kerja (paklaring)", en: "Employer's letter (paklaring)" },
  "layoff_agency_receipt": { id: "Tanda terima laporan PHK dari dinas", en: "Labour agency's receipt of the lay-off report" },
  "layoff_employer_report": { id: "Surat laporan PHK dari perusahaan", en: "Employer's lay-off report" },
  "layoff_notice": { id: "Surat PHK dan pernyataan tidak menolak", en: "Lay-off notice with your statement of no objection" },
  "joint_agreement": { id: "Perjanjian bersama", en: "Signed joint agreement" },
  "court_ruling": { id: "Putusan pengadilan (PHI)", en: "Court ruling (PHI)" },
  "passport": { id: "Paspor", en: "Passport" },
  "no_more_work_statement": { id: "Pernyataan tidak bekerja lagi di Indonesia", en: "Statement of no longer working in Indonesia" },
  "doctor_letter": { id: "Surat keterangan dokter", en: "Doctor's letter" },
  "death_certificate": { id: "Akta kematian", en: "Death certificate" },
  "heir_letter": { id: "Surat keterangan ahli waris", en: "Heir letter or court order" },
  "heir_identity_card": { id: "KTP ahli waris", en: "Heir's identity card" },
  "employment_letter": { id: "Surat keterangan masih bekerja", en: "Letter of employment" },
  "housing_sale_agreement": { id: "Perjanjian jual beli rumah", en: "House sale agreement" },
  "housing_loan_agreement": { id: "Perjanjian kredit rumah", en: "Housing loan agreement" },
  "standing_instruction": { id: "Surat standing instruction bank", en: "Bank's standing instruction" },
  "loan_account": { id: "Rekening pinjaman rumah", en: "Housing loan account" },
};

export const REASON_TITLES: Record<Reason, Record<Language, string>> = {
  "resigned": { id: "Mengundurkan diri", en: "I resigned" },
  "laid_off": { id: "Terkena PHK", en: "I was laid off" },
  "retirement_age": { id: "Usia pensiun", en: "Retirement age" },
  "partial10": { id: "Sebagian 10 %", en: "Partial, 10 %" },
  "disability": { id: "Cacat total tetap", en: "Total permanent disability" },
  "contract_ended": { id: "Kontrak kerja berakhir", en: "Contract ended" },
  "partial30_cash": { id: "Rumah tunai 30 %", en: "House, cash, 30 %" },
  "partial30_credit": { id: "Rumah kredit 30 %", en: "House, credit, 30 %" },
  "company_retirement": { id: "Pensiun aturan perusahaan", en: "Company retirement" },
  "independent_stopped": { id: "Berhenti usaha mandiri", en: "Stopped own business" },
  "left_indonesia": { id: "Pindah ke luar negeri", en: "Leaving Indonesia" },
  "death": { id: "Peserta meninggal", en: "Participant has died" },
};

export const SENTENCES: Record<Code, Record<Language, string>> = {
  "blurred": { id: "Foto buram. Mohon foto ulang.", en: "The photo is blurred. Please take it again." },
  "glare": { id: "Ada pantulan cahaya. Mohon miringkan sedikit kertasnya.", en: "There is glare. Please tilt the paper a little." },
  "cut_off": { id: "Sebagian terpotong. Mohon seluruh lembar terlihat.", en: "A part is cut off. Please show the whole sheet." },
  "wrong_paper": { id: "Ini bukan dokumen yang diminta.", en: "This is not the document that was asked for." },
  "name_unreadable": { id: "Nama tidak terbaca.", en: "The name cannot be read." },
  "face_unclear": { id: "Wajah kurang jelas. Mohon foto ulang.", en: "The face is not clear. Please take the photo again." },
  "face_covered": { id: "Mohon lepas masker, topi, atau kacamata gelap.", en: "Please take off mask, hat or dark glasses." },
  "face_aside": { id: "Mohon menghadap lurus ke kamera.", en: "Please look straight into the camera." },
  "wrong_page": { id: "Mohon foto halaman yang memuat nama dan nomor rekening.", en: "Please photograph the page with name and number." },
  "own_account": { id: "Rekening harus atas nama Anda sendiri.", en: "The account must be in your own name." },
  "nik_not_identity_card": { id: "NIK tidak sama dengan KTP.", en: "The NIK differs from the identity card." },
  "nik_not_family_card": { id: "NIK tidak sama dengan kartu keluarga.", en: "The NIK differs from the family card." },
  "kpj_not_card": { id: "Nomor tidak sama dengan kartu peserta.", en: "The number differs from the participant card." },
  "name_not_identity_card": { id: "Nama tidak sama dengan KTP.", en: "The name differs from the identity card." },
  "name_incomplete": { id: "Nama belum lengkap.", en: "The name is not complete." },
  "reason_not_letter": { id: "Alasan tidak cocok dengan surat.", en: "The reason does not match the letter." },
  "date_not_letter": { id: "Tanggal tidak sama dengan surat.", en: "The date differs from the letter." },
  "phone_unreachable": { id: "Nomor tidak dapat dihubungi.", en: "The number cannot be reached." },
  "number_incomplete": { id: "Nomor belum lengkap.", en: "The number is not complete." },
  "bank_not_book": { id: "Bank tidak sama dengan buku tabungan.", en: "The bank differs from the bank book." },
  "number_not_book": { id: "Nomor tidak sama dengan buku tabungan.", en: "The number differs from the bank book." },
  "holder_not_book": { id: "Nama pemilik tidak sama dengan buku tabungan.", en: "The holder's name differs from the bank book." },
  "balance_missing": { id: "Mohon isi perkiraan saldo.", en: "Please enter the estimated balance." },
  "tax_not_card": { id: "NPWP tidak sama dengan kartu.", en: "The tax number differs from the card." },
  "once_more": { id: "Mohon isi sekali lagi.", en: "Please enter it once more." },
  "waiting_period": { id: "Masa tunggu satu bulan belum lewat.", en: "The waiting period of one month is not over." },
  "still_member": { id: "Kepesertaan masih aktif di perusahaan.", en: "The membership is still active at the employer." },
  "data_differ": { id: "Nama, tanggal lahir, atau NIK berbeda antardokumen.", en: "Name, birth date or NIK differ between the documents." },
  "document_missing": { id: "Dokumen yang diperlukan belum lengkap.", en: "A necessary document is missing." },
  "document_unreadable": { id: "Dokumen tidak terbaca.", en: "A document cannot be read." },
  "others_account": { id: "Rekening bukan atas nama peserta.", en: "The account is not in the participant's name." },
  "dormant_account": { id: "Rekening tidak aktif.", en: "The account is dormant." },
  "at_the_counter": { id: "Klaim ini diurus di loket kantor cabang.", en: "This claim is handled at the counter of the branch." },
  "other": { id: "Alasan lain", en: "Another reason" },
};

/** Why an item is asked for again. */
export const ASK_AGAIN: Record<Field | DocumentKind, readonly Code[]> = {
  "nik": ["nik_not_identity_card","nik_not_family_card","once_more"],
  "kpj": ["kpj_not_card","once_more"],
  "name": ["name_not_identity_card","name_incomplete","once_more"],
  "reason": ["reason_not_letter","once_more"],
  "event_date": ["date_not_letter","once_more"],
  "phone": ["phone_unreachable","number_incomplete","once_more"],
  "bank": ["bank_not_book","once_more"],
  "account_number": ["number_not_book","once_more"],
  "account_holder": ["holder_not_book","own_account","once_more"],
  "balance": ["balance_missing","once_more"],
  "tax_number": ["tax_not_card","once_more"],
  "identity_card": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "family_card": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "participant_card": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "bank_book": ["wrong_page","own_account","blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "tax_card": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "face": ["face_unclear","face_covered","face_aside"],
  "employer_letter": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "layoff_agency_receipt": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "layoff_employer_report": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "layoff_notice": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "joint_agreement": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "court_ruling": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "passport": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "no_more_work_statement": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "doctor_letter": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "death_certificate": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "heir_letter": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "heir_identity_card": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "employment_letter": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "housing_sale_agreement": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "housing_loan_agreement": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "standing_instruction": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
  "loan_account": ["blurred","glare","cut_off","wrong_paper","name_unreadable"],
};

/** Why a claim goes back as a whole. */
export const RETURN_REASONS: readonly Code[] = ["waiting_period","still_member","data_differ","document_missing","document_unreadable","others_account","dormant_account","at_the_counter"];
