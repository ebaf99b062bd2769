/** Claims that a booth kept while no officer was there: the list, and one of them opened beside it. */
import { Button, TextInput } from "@mantine/core";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLanguage } from "../lang/language";
import type { ClaimRow } from "../link/http";
import { claimByCode, unverifiedClaims } from "../link/http";
import { dateTime } from "../state/format";
import type { ClaimId } from "../wire/wire";
import cards from "./card.module.css";
import { ClaimDetail } from "./ClaimDetail";
import styles from "./claims.module.css";
import { useView } from "./useShell";

type List = { kind: "loading" } | { kind: "failed" } | { kind: "there"; rows: ClaimRow[] };

export function Claims() {
  const { t, language } = useLanguage();
  const { desk } = useView();
  const [list, setList] = useState<List>({ kind: "loading" });
  const [open, setOpen] = useState<ClaimId | null>(null);
  const [found, setFound] = useState<ClaimRow | null>(null);
  const count = desk.office?.unverified;

  // A list of many pages takes a while: only the answer to the newest question counts.
  const asked = useRef(0);
  const load = useCallback(async () => {
    const question = ++asked.current;
    const rows = await unverifiedClaims();
    if (question === asked.current) setList(rows === null ? { kind: "failed" } : { kind: "there", rows });
  }, []);

  // The hub says how many there are; when that changes, the list is another one.
  useEffect(() => {
    const timer = window.setTimeout(() => void load(), 0);
    return () => {
      window.clearTimeout(timer);
    };
  }, [load, count]);

  const rows = list.kind === "there" ? list.rows : [];
  const row = rows.find((one) => one.claim === open) ?? null;
  const beside = found?.claim === open ? found : null;
  return (
    <main className={styles.claims}>
      <section className={`${cards.card} ${styles.list}`} aria-label={t.claimsTitle}>
        <header>
          <h2 className={cards.title}>{t.claimsTitle}</h2>
          <p>{t.claimsHint}</p>
          <Search
            onFound={(one) => {
              setFound(one);
              setOpen(one.claim);
            }}
          />
        </header>
        {list.kind === "failed" ? (
          <p className={cards.empty} role="alert">
            {t.claimsFailed}{" "}
            <Button size="compact-sm" variant="default" onClick={() => void load()}>
              {t.claimsReload}
            </Button>
          </p>
        ) : null}
        {list.kind === "there" && rows.length === 0 ? <p className={cards.empty}>{t.claimsNone}</p> : null}
        <ul>
          {rows.map((one) => (
            <li key={one.claim}>
              <button
                type="button"
                className={styles.row}
                aria-pressed={one.claim === open}
                data-testid={`claim-${one.tracking}`}
                onClick={() => {
                  setOpen(one.claim);
                }}
              >
                <b>{one.name}</b>
                <span>{one.phone}</span>
                <small>
                  {one.tracking} · {one.booth_name}
                </small>
                <small>{dateTime(one.received_at, language)}</small>
              </button>
            </li>
          ))}
        </ul>
      </section>
      {open === null ? (
        <section className={`${cards.card} ${styles.nothing}`}>{t.claimsChoose}</section>
      ) : (
        <ClaimDetail
          key={open}
          claim={open}
          row={row}
          beside={beside}
          onDecided={() => {
            void load();
          }}
        />
      )}
    </main>
  );
}

/** A claim is taken up again by the code that its participant has, whatever became of it. */
function Search({ onFound }: { onFound: (row: ClaimRow) => void }) {
  const { t } = useLanguage();
  const [code, setCode] = useState("");
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const search = async () => {
    setBusy(true);
    const found = await claimByCode(code);
    setBusy(false);
    setTrouble(found === null ? t.claimsFailed : found === "none" ? t.claimsNoSuchCode : null);
    if (found !== null && found !== "none") onFound(found);
  };
  return (
    <form
      className={styles.search}
      onSubmit={(event) => {
        event.preventDefault();
        if (code.trim() !== "" && !busy) void search();
      }}
    >
      <TextInput
        aria-label={t.claimsByCode}
        placeholder={t.claimsByCode}
        value={code}
        maxLength={20}
        error={trouble}
        autoComplete="off"
        onChange={(event) => {
          setCode(event.currentTarget.value);
          setTrouble(null);
        }}
      />
      <Button type="submit" variant="default" loading={busy}>
        {t.claimsSearch}
      </Button>
    </form>
  );
}
