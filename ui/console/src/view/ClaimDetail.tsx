/** One kept claim: whom to phone, what was entered, the papers, and the decision after the call. */
import { Button, Modal } from "@mantine/core";
import { useEffect, useState } from "react";
import { useLanguage } from "../lang/language";
import { RETURN_REASONS } from "../lang/sentences";
import type { ClaimRow } from "../link/http";
import { claimRecord, decideClaim, partUrl } from "../link/http";
import { date, dateTime, grouped } from "../state/format";
import type { ClaimId, ClaimRecord, Decision, DocumentKind, Entry } from "../wire/wire";
import { DOCUMENT_TITLES, FIELD_TITLES, REASON_TITLES } from "../wire/wire";
import cards from "./card.module.css";
import styles from "./claims.module.css";
import panels from "./panels/panels.module.css";
import { SentenceList } from "./panels/SentenceList";
import { Photo } from "./Photo";

type Opened = { kind: "loading" } | { kind: "failed" } | { kind: "there"; record: ClaimRecord };
type Asking = "verify" | "return" | null;
type Done = "none" | "verified" | "returned" | "failed";

export function ClaimDetail({
  claim,
  row,
  onDecided,
}: {
  claim: ClaimId;
  row: ClaimRow | null;
  onDecided: () => void;
}) {
  const { t } = useLanguage();
  const [opened, setOpened] = useState<Opened>({ kind: "loading" });

  useEffect(() => {
    let left = false;
    void claimRecord(claim).then((record) => {
      if (!left) setOpened(record === null ? { kind: "failed" } : { kind: "there", record });
    });
    return () => {
      left = true;
    };
  }, [claim]);

  if (opened.kind !== "there") {
    return (
      <section className={`${cards.card} ${styles.nothing}`} role="status">
        {opened.kind === "failed" ? t.claimFailed : t.claimLoading}
      </section>
    );
  }
  return (
    <section className={`${cards.card} ${styles.detail}`}>
      <Fields record={opened.record} />
      <Papers record={opened.record} />
      <Decide record={opened.record} open={row !== null} onDecided={onDecided} />
    </section>
  );
}

function Fields({ record }: { record: ClaimRecord }) {
  const { t, language } = useLanguage();
  const value = (field: Entry["field"]) => record.entries.find((entry) => entry.field === field)?.value ?? "";
  const phone = value("phone");
  return (
    <div className={styles.fields}>
      <div className={styles.call}>
        <span>{phone === "" ? t.claimNoPhone : t.claimCall}</span>
        {phone === "" ? null : <a href={`tel:${phone}`}>{grouped(phone)}</a>}
      </div>
      <h2 className={cards.title}>
        {value("name")} · {record.tracking}
      </h2>
      <dl>
        <div>
          <dt>{FIELD_TITLES.reason[language]}</dt>
          <dd>{REASON_TITLES[record.reason][language]}</dd>
        </div>
        {record.entries.map((entry) => (
          <div key={entry.field}>
            <dt>
              {FIELD_TITLES[entry.field][language]}
              {entry.source === "card_reader" ? ` (${t.claimCardRead})` : null}
            </dt>
            <dd>
              {entry.field === "event_date" ? date(entry.value, language) : shown(entry)}
              {entry.doubts.map((doubt) => (
                <small key={doubt} lang="id">
                  {t.doubt(doubt)}
                </small>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p className={styles.faint}>
        {t.claimConsent(dateTime(record.consent.given_at, language))}
        <br />
        {t.claimSigned(dateTime(record.signed_at, language))}
      </p>
    </div>
  );
}

/** The bank travels by its code, long numbers without spaces. */
function shown(entry: Entry): string {
  return /^\d{9,}$/.test(entry.value) ? grouped(entry.value) : entry.value;
}

function Papers({ record }: { record: ClaimRecord }) {
  const { t, language } = useLanguage();
  const [chosen, setChosen] = useState<DocumentKind | null>(record.documents[0]?.kind ?? null);
  return (
    <div className={styles.papers}>
      <div className={styles.paper}>
        {chosen === null ? (
          t.documentsEmpty
        ) : (
          <Photo key={chosen} src={partUrl(record.claim, chosen)} alt={DOCUMENT_TITLES[chosen][language]} />
        )}
      </div>
      <div className={styles.names}>
        {record.documents.map(({ kind }) => (
          <Button
            key={kind}
            size="compact-md"
            variant={kind === chosen ? "filled" : "default"}
            aria-pressed={kind === chosen}
            onClick={() => {
              setChosen(kind);
            }}
          >
            {DOCUMENT_TITLES[kind][language]}
          </Button>
        ))}
      </div>
    </div>
  );
}

function Decide({ record, open, onDecided }: { record: ClaimRecord; open: boolean; onDecided: () => void }) {
  const { t } = useLanguage();
  const [asking, setAsking] = useState<Asking>(null);
  const [done, setDone] = useState<Done>("none");

  const decide = async (decision: Decision) => {
    setAsking(null);
    const saved = await decideClaim(record.claim, decision);
    setDone(saved ? decision.kind : "failed");
    if (saved) onDecided();
  };
  const close = () => {
    setAsking(null);
  };

  if (done === "verified" || done === "returned") {
    return (
      <p className={styles.done} role="status">
        ✓ {done === "verified" ? t.claimVerified : t.claimReturned}
      </p>
    );
  }
  return (
    <footer className={styles.decide}>
      {done === "failed" ? <span role="alert">{t.claimDecideFailed}</span> : null}
      <Button
        variant="default"
        size="md"
        disabled={!open}
        onClick={() => {
          setAsking("return");
        }}
      >
        {t.sendBack}
      </Button>
      <Button
        size="md"
        disabled={!open}
        onClick={() => {
          setAsking("verify");
        }}
      >
        {t.claimVerify}
      </Button>
      <Modal
        opened={asking === "verify"}
        onClose={close}
        title={t.claimVerifyTitle}
        centered
        lockScroll={false}
        closeButtonProps={{ "aria-label": t.close }}
      >
        <p className={panels.hint}>{t.claimVerifyHint}</p>
        <div className={panels.foot}>
          <Button variant="default" data-autofocus onClick={close}>
            {t.cancel}
          </Button>
          <Button onClick={() => void decide({ kind: "verified" })}>{t.approve}</Button>
        </div>
      </Modal>
      <Modal
        opened={asking === "return"}
        onClose={close}
        title={t.returnTitle}
        size="34rem"
        centered
        lockScroll={false}
        closeButtonProps={{ "aria-label": t.close }}
      >
        <SentenceList
          sentences={RETURN_REASONS}
          language={record.language}
          onConfirm={(reasons) => void decide({ kind: "returned", reasons })}
        />
      </Modal>
    </footer>
  );
}
