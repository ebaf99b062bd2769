/**
 * Ready sentences for the participant. They go out in the participant's language, whatever the officer's is, and are
 * shown as they go out. Data in one place: a new regulation or a better wording is one line.
 */
import { documentOf, codeOf } from "../state/items";
import type { Field, Item, Language } from "../wire/wire";

export type Sentence = Readonly<Record<Language, string>>;

/** What is wrong with a paper, as a participant can mend it at the booth. */
const PAPER: readonly Sentence[] = [
  { id: "Foto buram. Mohon foto ulang.", en: "The photo is blurred. Please take it again." },
  {
    id: "Ada pantulan cahaya. Mohon miringkan sedikit kertasnya.",
    en: "There is glare. Please tilt the paper a little.",
  },
  { id: "Sebagian terpotong. Mohon seluruh lembar terlihat.", en: "A part is cut off. Please show the whole sheet." },
  { id: "Ini bukan dokumen yang diminta.", en: "This is not the document that was asked for." },
  { id: "Nama tidak terbaca.", en: "The name cannot be read." },
];

const FACE: readonly Sentence[] = [
  { id: "Wajah kurang jelas. Mohon foto ulang.", en: "The face is not clear. Please take the photo again." },
  { id: "Mohon lepas masker, topi, atau kacamata gelap.", en: "Please take off mask, hat or dark glasses." },
  { id: "Mohon menghadap lurus ke kamera.", en: "Please look straight into the camera." },
];

const BANK_BOOK: readonly Sentence[] = [
  {
    id: "Mohon foto halaman yang memuat nama dan nomor rekening.",
    en: "Please photograph the page with name and number.",
  },
  { id: "Rekening harus atas nama Anda sendiri.", en: "The account must be in your own name." },
];

const FIELD: Record<Field, readonly Sentence[]> = {
  nik: [
    { id: "NIK tidak sama dengan KTP.", en: "The NIK differs from the identity card." },
    { id: "NIK tidak sama dengan kartu keluarga.", en: "The NIK differs from the family card." },
  ],
  kpj: [{ id: "Nomor tidak sama dengan kartu peserta.", en: "The number differs from the participant card." }],
  name: [
    { id: "Nama tidak sama dengan KTP.", en: "The name differs from the identity card." },
    { id: "Nama belum lengkap.", en: "The name is not complete." },
  ],
  reason: [{ id: "Alasan tidak cocok dengan surat.", en: "The reason does not match the letter." }],
  event_date: [{ id: "Tanggal tidak sama dengan surat.", en: "The date differs from the letter." }],
  phone: [
    { id: "Nomor tidak dapat dihubungi.", en: "The number cannot be reached." },
    { id: "Nomor belum lengkap.", en: "The number is not complete." },
  ],
  bank: [{ id: "Bank tidak sama dengan buku tabungan.", en: "The bank differs from the bank book." }],
  account_number: [{ id: "Nomor tidak sama dengan buku tabungan.", en: "The number differs from the bank book." }],
  account_holder: [
    { id: "Nama pemilik tidak sama dengan buku tabungan.", en: "The holder's name differs from the bank book." },
    { id: "Rekening harus atas nama Anda sendiri.", en: "The account must be in your own name." },
  ],
  balance: [{ id: "Mohon isi perkiraan saldo.", en: "Please enter the estimated balance." }],
  tax_number: [{ id: "NPWP tidak sama dengan kartu.", en: "The tax number differs from the card." }],
};

const UNREADABLE: Sentence = { id: "Mohon isi sekali lagi.", en: "Please enter it once more." };

/** Why an item is asked for again; at most nine, one for each digit. */
export function askAgainSentences(item: Item): readonly Sentence[] {
  if ("field" in item) return [...FIELD[item.field], UNREADABLE];
  const kind = documentOf(item);
  if (kind === "face") return FACE;
  return codeOf(item) === "bank_book" ? [...BANK_BOOK, ...PAPER] : PAPER;
}

export const MESSAGES: readonly Sentence[] = [
  { id: "Mohon tunggu sebentar, saya segera kembali.", en: "Please wait a moment, I will be right back." },
  { id: "Mohon bicara lebih dekat ke mikrofon.", en: "Please speak closer to the microphone." },
  { id: "Mohon hidupkan mikrofon Anda.", en: "Please turn your microphone on." },
  { id: "Mohon lihat ke kamera.", en: "Please look into the camera." },
  { id: "Mohon perlihatkan dokumen aslinya ke kamera.", en: "Please show the original document to the camera." },
  { id: "Silakan lanjutkan mengisi. Saya menemani Anda.", en: "Please go on. I am here with you." },
  { id: "Petugas loket akan membantu Anda di bilik.", en: "A colleague will come and help you at the booth." },
];

/** Why a claim goes back as a whole. From the published reasons for rejection. */
export const RETURN_REASONS: readonly Sentence[] = [
  { id: "Masa tunggu satu bulan belum lewat.", en: "The waiting period of one month is not over." },
  { id: "Kepesertaan masih aktif di perusahaan.", en: "The membership is still active at the employer." },
  {
    id: "Nama, tanggal lahir, atau NIK berbeda antardokumen.",
    en: "Name, birth date or NIK differ between the documents.",
  },
  { id: "Dokumen yang diperlukan belum lengkap.", en: "A necessary document is missing." },
  { id: "Dokumen tidak terbaca.", en: "A document cannot be read." },
  { id: "Rekening bukan atas nama peserta.", en: "The account is not in the participant's name." },
  { id: "Rekening tidak aktif.", en: "The account is dormant." },
  { id: "Klaim ini diurus di loket kantor cabang.", en: "This claim is handled at the counter of the branch." },
];
