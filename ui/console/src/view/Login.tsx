/** Name, password and the code of the phone. Says what is wrong without telling a stranger which of the three it was. */
import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { SyntheticEvent } from "react";
import { useLanguage } from "../lang/language";
import type { LoginOutcome } from "../link/http";
import { login } from "../link/http";
import { clock } from "../state/format";
import { Logo } from "./icons";
import { Preferences } from "./Preferences";
import styles from "./login.module.css";

const CODE_DIGITS = 6;

type Missing = { name?: string; password?: string; code?: string };

export function Login({ ended, onIn }: { ended: boolean; onIn: () => void }) {
  const { t } = useLanguage();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [missing, setMissing] = useState<Missing>({});
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<LoginOutcome | null>(null);
  const [left, setLeft] = useCountdown();
  const codeField = useRef<HTMLInputElement>(null);

  const locked = left > 0;

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const lacks: Missing = {
      ...(name.trim() === "" ? { name: t.loginMissing } : {}),
      ...(password === "" ? { password: t.loginMissing } : {}),
      ...(code.length === CODE_DIGITS ? {} : { code: t.loginCodeShort }),
    };
    setMissing(lacks);
    if (Object.keys(lacks).length > 0 || busy || locked) return;
    setBusy(true);
    const result = await login(name.trim(), password, code);
    setBusy(false);
    setOutcome(result);
    if (result.kind === "in") {
      onIn();
      return;
    }
    if (result.kind === "locked") setLeft(result.seconds ?? 0);
    // A code is good for one try.
    setCode("");
    codeField.current?.focus();
  };

  return (
    <main className={styles.page}>
      <div className={styles.preferences}>
        <Preferences />
      </div>
      <form className={styles.card} onSubmit={(event) => void submit(event)} noValidate aria-label={t.loginTitle}>
        <header className={styles.head}>
          <Logo />
          <div>
            <h1>{t.appName}</h1>
            <p>{t.subtitle}</p>
          </div>
        </header>
        {ended && outcome === null ? <Alert color="brand">{t.loginEnded}</Alert> : null}
        <Problem outcome={outcome} left={left} />
        <TextInput
          label={t.loginName}
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value);
          }}
          error={missing.name}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={100}
          size="md"
          autoFocus
        />
        <PasswordInput
          label={t.loginPassword}
          value={password}
          onChange={(event) => {
            setPassword(event.currentTarget.value);
          }}
          error={missing.password}
          autoComplete="current-password"
          maxLength={500}
          size="md"
        />
        <TextInput
          ref={codeField}
          label={t.loginCode}
          description={t.loginCodeHint}
          value={code}
          onChange={(event) => {
            setCode(event.currentTarget.value.replace(/\D/g, "").slice(0, CODE_DIGITS));
          }}
          error={missing.code}
          autoComplete="one-time-code"
          inputMode="numeric"
          size="md"
          classNames={{ input: styles.code ?? "" }}
        />
        <Button type="submit" size="lg" loading={busy} disabled={locked} fullWidth>
          {busy ? t.loginBusy : t.loginButton}
        </Button>
      </form>
    </main>
  );
}

function Problem({ outcome, left }: { outcome: LoginOutcome | null; left: number }) {
  const { t } = useLanguage();
  if (outcome === null || outcome.kind === "in") return null;
  const text = () => {
    switch (outcome.kind) {
      case "wrong":
        return t.loginWrong;
      case "unreachable":
        return t.loginUnreachable;
      case "locked":
        return left > 0 ? t.loginLocked(clock(left * 1000)) : t.loginLockedSoon;
    }
  };
  return (
    <div className={styles.problem} role="alert">
      {text()}
    </div>
  );
}

/** Seconds left until the next try. */
function useCountdown(): [number, (seconds: number) => void] {
  const [left, setLeft] = useState(0);
  const running = left > 0;
  useEffect(() => {
    if (!running) return;
    const timer = window.setInterval(() => {
      setLeft((seconds) => Math.max(0, seconds - 1));
    }, 1000);
    return () => {
      window.clearInterval(timer);
    };
  }, [running]);
  return [left, setLeft];
}
