/** Makes an enrolment code and shows it once: closed, it is nowhere any more. */
import { Button, Radio, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../../lang/language";
import type { FleetBooth, MadeCode } from "../../link/fleet";
import { makeCode } from "../../link/fleet";
import { dateTime } from "../../state/format";
import { Dialog } from "../panels/Dialog";
import styles from "./fleet.module.css";

/** How long a code is good, in hours; none: to be typed at once. */
const VALIDITIES = { typed: null, day: 24, days: 72, weeks: 336 } as const;
type Validity = keyof typeof VALIDITIES;
/** Of a booth's name, in characters; the hub allows no more. */
const MAX_NAME = 100;

/** `booth`: for one that is known; none for a new one. */
export function MakeCode(props: { booth: FleetBooth | null; onMade: () => void; onClose: () => void }) {
  const { t } = useLanguage();
  const { booth } = props;
  const [made, setMade] = useState<MadeCode | null>(null);
  return (
    <Dialog
      onClose={props.onClose}
      title={made === null ? (booth === null ? t.fleet.codeNew : t.fleet.codeAgain) : t.fleet.codeMade(made.name)}
      size="36rem"
      // A click beside it must not make a code vanish that nobody has written down.
      closeOnClickOutside={made === null}
    >
      {made === null ? (
        <Order
          booth={booth}
          onMade={(code) => {
            setMade(code);
            props.onMade();
          }}
        />
      ) : (
        <Shown made={made} onClose={props.onClose} />
      )}
    </Dialog>
  );
}

function Order({ booth, onMade }: { booth: FleetBooth | null; onMade: (made: MadeCode) => void }) {
  const { t } = useLanguage();
  const [name, setName] = useState("");
  const [validity, setValidity] = useState<Validity>("typed");
  const [problem, setProblem] = useState<"name" | "hub" | null>(null);
  const [busy, setBusy] = useState(false);
  const order = async () => {
    const trimmed = name.trim();
    if (booth === null && trimmed === "") {
      setProblem("name");
      return;
    }
    setBusy(true);
    const made = await makeCode(booth === null ? { name: trimmed } : { booth: booth.booth }, VALIDITIES[validity]);
    setBusy(false);
    if (made === null) setProblem("hub");
    else onMade(made);
  };
  return (
    <form
      className={styles.order}
      onSubmit={(event) => {
        event.preventDefault();
        void order();
      }}
    >
      {booth === null ? (
        <TextInput
          label={t.fleet.codeName}
          description={t.fleet.codeNameHint}
          value={name}
          maxLength={MAX_NAME}
          error={problem === "name" ? t.fleet.codeNameBad : null}
          data-autofocus
          onChange={(event) => {
            setName(event.currentTarget.value);
            setProblem(null);
          }}
        />
      ) : (
        <p>{t.fleet.codeKnown(booth.name)}</p>
      )}
      <Radio.Group
        label={t.fleet.codeValidity}
        value={validity}
        onChange={(value) => {
          setValidity(value);
        }}
      >
        {(Object.keys(VALIDITIES) as Validity[]).map((key) => (
          <Radio key={key} value={key} label={t.fleet.validity[key]} mt="xs" />
        ))}
      </Radio.Group>
      {problem === "hub" ? <p role="alert">{t.fleet.notDone}</p> : null}
      <div className={styles.foot}>
        <Button type="submit" loading={busy} {...(booth === null ? {} : { "data-autofocus": true })}>
          {t.fleet.codeMake}
        </Button>
      </div>
    </form>
  );
}

function Shown({ made, onClose }: { made: MadeCode; onClose: () => void }) {
  const { t, language } = useLanguage();
  const [copied, setCopied] = useState(false);
  return (
    <>
      <p className={styles.code} data-testid="made-code" translate="no">
        {made.code}
      </p>
      <p>{t.fleet.codeOnce}</p>
      <p className={styles.ends}>{t.fleet.codeEnds(dateTime(made.expires_at, language))}</p>
      <div className={styles.foot}>
        <Button
          variant="default"
          onClick={() => {
            void navigator.clipboard.writeText(made.code).then(
              () => {
                setCopied(true);
              },
              () => {
                setCopied(false);
              },
            );
          }}
        >
          {copied ? `✓ ${t.fleet.codeCopied}` : t.fleet.codeCopy}
        </Button>
        <Button data-autofocus onClick={onClose}>
          {t.fleet.codeDone}
        </Button>
      </div>
    </>
  );
}
