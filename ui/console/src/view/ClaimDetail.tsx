/** One kept claim: whom to phone, what was entered, the papers, and the decision after the call. */
import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useLanguage } from "../lang/language";
import { RETURN_REASONS } from "../lang/sentences";
import type { ClaimRow, DecideOutcome, OpenedClaim } from "../link/http";
import { claimRecord, decideClaim, decisionOn, partUrl, reopenClaim } from "../link/http";
import { date, dateTime, grouped } from "../state/format";
import type { ViewerState } from "../state/viewer";
import { EMPTY_VIEWER, rotate, show, zoom } from "../state/viewer";
import { isSupervisor } from "../state/team";
import type { ClaimId, ClaimRecord, Decision, Entry, OfficerId } from "../wire/wire";
import { BANK_NAMES, DOCUMENT_TITLES, FIELD_TITLES, REASON_TITLES } from "../wire/wire";
import cards from "./card.module.css";
import styles from "./claims.module.css";
import { Minus, Plus, Turn } from "./icons";
import { Dialog } from "./panels/Dialog";
import panels from "./panels/panels.module.css";
import { NoteField, NoteForm } from "./panels/NoteForm";
import { SentenceList } from "./panels/SentenceList";
import { Notes } from "./Notes";
import { Pane } from "./Pane";
import { Tool } from "./Tool";
import { useView } from "./useShell";

type Opened = { kind: "loading" } | { kind: "failed" } | { kind: "there"; record: OpenedClaim };
type Asking = "verify" | "return" | "reopen" | null;
type Done = { kind: "none" } | { kind: "failed" } | { kind: "decided"; decision: Decision["kind"]; own: boolean };

export function ClaimDetail({
  claim,
  row,
  beside,
  onDecided,
}: {
  claim: ClaimId;
  row: ClaimRow | null;
  /** Where it was found by its code; it need not be in the list. */
  beside: ClaimRow | null;
  onDecided: () => void;
}) {
  const { t } = useLanguage();
  const [opened, setOpened] = useState<Opened>({ kind: "loading" });
  // The row leaves the list once the claim is decided; its place in the ledger stays.
  const [sequence] = useState((row ?? beside)?.sequence ?? 0);

  // Read anew once something was decided: there may be a note with it.
  const [reads, setReads] = useState(0);
  useEffect(() => {
    let left = false;
    void claimRecord(claim).then((record) => {
      if (left) return;
      if (record !== null) setOpened({ kind: "there", record });
      else setOpened((before) => (before.kind === "there" ? before : { kind: "failed" }));
    });
    return () => {
      left = true;
    };
  }, [claim, reads]);

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
      <Decide
        record={opened.record}
        sequence={sequence}
        open={row !== null}
        inCall={row === null && beside?.verified === true}
        onDecided={() => {
          setReads(reads + 1);
          onDecided();
        }}
      />
    </section>
  );
}

function Fields({ record }: { record: OpenedClaim }) {
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
      <Notes notes={record.notes} />
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
  if (entry.field === "bank") return BANK_NAMES[entry.value] ?? entry.value;
  return /^\d{9,}$/.test(entry.value) ? grouped(entry.value) : entry.value;
}

function Papers({ record }: { record: ClaimRecord }) {
  const { t, language } = useLanguage();
  const [viewer, setViewer] = useState<ViewerState>({ ...EMPTY_VIEWER, document: record.documents[0]?.kind ?? null });
  const chosen = viewer.document;
  return (
    <div className={styles.papers}>
      <div className={styles.paper}>
        {chosen === null ? (
          t.documentsEmpty
        ) : (
          <Pane
            key={chosen}
            label={DOCUMENT_TITLES[chosen][language]}
            src={partUrl(record.claim, chosen)}
            zoom={viewer.zoom}
            turns={viewer.turns}
            onZoom={(by) => {
              setViewer(zoom(viewer, by));
            }}
          />
        )}
      </div>
      <div className={styles.names}>
        <span className={styles.tools}>
          <Tool
            name={t.zoomOut}
            onClick={() => {
              setViewer(zoom(viewer, -1));
            }}
          >
            <Minus />
          </Tool>
          <Tool
            name={t.zoomIn}
            onClick={() => {
              setViewer(zoom(viewer, 1));
            }}
          >
            <Plus />
          </Tool>
          <Tool
            name={t.rotate}
            onClick={() => {
              setViewer(rotate(viewer));
            }}
          >
            <Turn />
          </Tool>
        </span>
        {record.documents.map(({ kind }) => (
          <Button
            key={kind}
            size="compact-md"
            variant={kind === chosen ? "filled" : "default"}
            aria-pressed={kind === chosen}
            onClick={() => {
              setViewer(show(viewer, kind));
            }}
          >
            {DOCUMENT_TITLES[kind][language]}
          </Button>
        ))}
      </div>
    </div>
  );
}

function Decide(props: {
  record: ClaimRecord;
  sequence: number;
  open: boolean;
  /** It was verified in the call. */
  inCall: boolean;
  onDecided: () => void;
}) {
  const { record, sequence, open, inCall, onDecided } = props;
  const { t } = useLanguage();
  const { desk } = useView();
  const [asking, setAsking] = useState<Asking>(null);
  const [done, setDone] = useState<Done>({ kind: "none" });
  const [note, setNote] = useState("");
  const [undone, setUndone] = useState(false);
  const own = desk.officer?.id;
  const { claim } = record;

  const decide = async (decision: Decision) => {
    setAsking(null);
    const outcome = await decideClaim({ claim, sequence }, decision, note);
    setDone(doneBy(outcome, decision, own));
    if (outcome.kind === "saved") setNote("");
    if (outcome.kind !== "failed") onDecided();
  };

  // It has left the list: somebody has decided it, perhaps we ourselves, whose answer was lost.
  const verifiedInCall = inCall && !open && !undone;
  const gone = !open && !verifiedInCall && done.kind !== "decided";
  useEffect(() => {
    if (!gone) return;
    let left = false;
    void decisionOn({ claim, sequence }).then((made) => {
      if (!left && made !== null) setDone({ kind: "decided", decision: made.decision, own: made.officer === own });
    });
    return () => {
      left = true;
    };
  }, [gone, claim, sequence, own]);

  const reopen = async (why: string | null) => {
    setAsking(null);
    const open = await reopenClaim(claim, why);
    setDone(open ? { kind: "none" } : { kind: "failed" });
    if (!open) return;
    setUndone(true);
    onDecided();
  };

  const close = () => {
    setAsking(null);
  };

  if (done.kind === "decided" || verifiedInCall) {
    const ours = { verified: `✓ ${t.claimVerified}`, returned: `✓ ${t.claimReturned}` };
    const said = done.kind === "decided" ? (done.own ? ours : t.claimAlready)[done.decision] : null;
    const verified = done.kind !== "decided" || done.decision === "verified";
    const may = !verified || isSupervisor(desk);
    return (
      <>
        <p className={styles.done} role="status">
          {done.kind === "failed" ? <span role="alert">{t.claimDecideFailed}</span> : null}
          {said ?? `✓ ${t.claimVerifiedInCall}`}
          {may ? (
            <Button
              variant="default"
              onClick={() => {
                if (verified) setAsking("reopen");
                else void reopen(null);
              }}
            >
              {t.claimReopen}
            </Button>
          ) : (
            <small>{t.claimReopenOnly}</small>
          )}
        </p>
        <Dialog opened={asking === "reopen"} onClose={close} title={t.claimReopenTitle} hint={t.claimReopenHint}>
          <NoteForm
            label={t.claimReopenWhy}
            confirm={t.claimReopen}
            optional={false}
            onCancel={close}
            onConfirm={(why) => void reopen(why)}
          />
        </Dialog>
      </>
    );
  }
  return (
    <footer className={styles.decide}>
      {done.kind === "failed" ? <span role="alert">{t.claimDecideFailed}</span> : null}
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
      <Dialog opened={asking === "verify"} onClose={close} title={t.claimVerifyTitle} hint={t.claimVerifyHint}>
        <NoteField label={t.noteOptional} value={note} onChange={setNote} />
        <div className={panels.foot}>
          <Button variant="default" data-autofocus onClick={close}>
            {t.cancel}
          </Button>
          <Button onClick={() => void decide({ kind: "verified" })}>{t.approve}</Button>
        </div>
      </Dialog>
      <Dialog opened={asking === "return"} onClose={close} title={t.returnTitle}>
        <SentenceList
          sentences={RETURN_REASONS}
          language={record.language}
          more={<NoteField label={t.noteOptional} value={note} onChange={setNote} />}
          onConfirm={(reasons) => void decide({ kind: "returned", reasons })}
        />
      </Dialog>
    </footer>
  );
}

function doneBy(outcome: DecideOutcome, decision: Decision, own: OfficerId | undefined): Done {
  switch (outcome.kind) {
    case "saved":
      return { kind: "decided", decision: decision.kind, own: true };
    case "already":
      return { kind: "decided", decision: outcome.decision, own: outcome.officer === own };
    case "failed":
      return { kind: "failed" };
  }
}
