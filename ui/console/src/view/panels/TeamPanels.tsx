/** The dialogues between colleagues: hand over, ask, answer, take over, close a booth. Each works by keyboard alone. */
import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import type { KeyboardEvent } from "react";
import { useLanguage } from "../../lang/language";
import type { Sentence } from "../../lang/sentences";
import { en } from "../../lang/en";
import { id } from "../../lang/id";
import { tileOf } from "../../state/model";
import type { Taker, TeamPanel } from "../../state/team";
import { nameOf, rowOf, takers } from "../../state/team";
import type { Closing, SessionId } from "../../wire/wire";
import { MAX_MESSAGE } from "../../wire/wire";
import { Key } from "../Key";
import { useShell, useView } from "../useShell";
import { Choices } from "./Choices";
import { Cancel, Frame } from "./Panels";
import styles from "./panels.module.css";
import { SentencePicker } from "./SentencePicker";

const QUESTIONS = pairs(id.team.questions, en.team.questions);
const ANSWERS = pairs(id.floor.answers, en.floor.answers);
const CLOSINGS: readonly Closing[] = ["cleaning", "repair", "unattended", "other"];

export function TeamPanels({ panel }: { panel: TeamPanel }) {
  const { t, language } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  switch (panel.kind) {
    case "transfer":
      return <Transfer session={panel.session} />;
    case "ask": {
      const nobody = !desk.team.colleagues.some((one) => one.supervisor && one.here);
      return (
        <Frame title={t.team.askTitle} hint={nobody ? t.team.askNoSupervisor : t.team.askHint} tells={false}>
          <SentencePicker
            sentences={QUESTIONS}
            language={language}
            ownLabel={t.team.askOwn}
            onPick={(question) => {
              act({ do: "ask", question });
            }}
          />
        </Frame>
      );
    }
    case "answer": {
      const visit = rowOf(desk, panel.session)?.booth.visit;
      const text = visit?.question?.text;
      const asker = nameOf(desk, visit?.officer ?? null) ?? t.floor.noOfficer;
      return (
        <Frame title={t.floor.answerTitle} hint={`${t.floor.asks(asker)}: ${text ?? ""}`} tells={false}>
          <SentencePicker
            sentences={ANSWERS}
            language={language}
            ownLabel={t.floor.answerOwn}
            onPick={(answer) => {
              act({ do: "answer", session: panel.session, text: answer });
            }}
          />
        </Frame>
      );
    }
    case "step_in": {
      const row = rowOf(desk, panel.session);
      const name = nameOf(desk, row?.booth.visit?.officer ?? null);
      return (
        <Frame
          title={t.floor.stepInTitle(row?.booth.booth_name ?? "")}
          hint={name === null ? t.floor.stepInFree : t.floor.stepInFrom(name)}
          tells={false}
        >
          <div className={styles.foot}>
            <Cancel />
            <Button
              disabled={row === null}
              onClick={() => {
                act({ do: "step_in", session: panel.session });
              }}
            >
              {t.floor.stepIn}
            </Button>
          </div>
        </Frame>
      );
    }
    case "close_booth": {
      const row = desk.team.floor.find((one) => one.booth.booth === panel.booth);
      const why = row?.booth.state.closed ?? null;
      const close = (reason: Closing | null) => {
        act({ do: "close_booth", booth: panel.booth, why: reason });
      };
      return (
        <Frame
          title={why === null ? t.floor.closeTitle(row?.booth.booth_name ?? "") : t.floor.closed[why]}
          {...(why === null ? { hint: t.floor.closeHint } : {})}
          tells={false}
        >
          {why === null ? (
            <Choices
              choices={CLOSINGS.map((one) => ({ id: one, label: t.floor.closing[one] }))}
              onPick={(index) => {
                close(CLOSINGS[index] ?? null);
              }}
            />
          ) : (
            <div className={styles.foot}>
              <Cancel />
              <Button
                onClick={() => {
                  close(null);
                }}
              >
                {t.floor.openBooth}
              </Button>
            </div>
          )}
        </Frame>
      );
    }
  }
}

/** To whom first, by digit or arrow; then the note, which may stay empty. */
function Transfer({ session }: { session: SessionId }) {
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const [chosen, setChosen] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const row = rowOf(desk, session);
  const tile = tileOf(desk, session)?.tile;
  const from = row?.booth.visit?.officer ?? (tile === undefined ? null : (desk.officer?.id ?? null));
  const list = takers(desk, from);
  const open = list.filter((one) => one.hindrance === null);
  const to = open.some((one) => one.colleague.officer === chosen) ? chosen : null;
  const confirm = () => {
    if (to !== null) act({ do: "transfer", session, to, note });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && event.ctrlKey) {
      event.preventDefault();
      confirm();
      return;
    }
    const taker = /^[1-9]$/.test(event.key) ? open[Number(event.key) - 1] : undefined;
    if (taker === undefined || event.target instanceof HTMLTextAreaElement) return;
    event.preventDefault();
    setChosen(taker.colleague.officer);
  };
  return (
    <Frame
      title={t.team.transferTitle(row?.booth.booth_name ?? tile?.booth_name ?? "")}
      hint={list.length === 0 ? t.team.transferNobody : t.team.transferHint}
      tells={false}
    >
      <div onKeyDown={onKey}>
        <ul className={styles.sentences} aria-label={t.team.transferTo}>
          {list.map((taker, index) => (
            <li key={taker.colleague.officer}>
              <button
                type="button"
                className={styles.sentence}
                aria-pressed={taker.colleague.officer === to}
                disabled={taker.hindrance !== null}
                data-testid={`taker-${taker.colleague.name}`}
                {...(index === 0 ? { "data-autofocus": true } : {})}
                onClick={() => {
                  setChosen(taker.colleague.officer);
                }}
              >
                {taker.hindrance === null ? <Key>{index + 1}</Key> : null}
                <span>{takerText(taker, t)}</span>
              </button>
            </li>
          ))}
        </ul>
        {open.length === 0 ? null : (
          <Textarea
            label={t.team.transferNote}
            value={note}
            maxLength={MAX_MESSAGE}
            autosize
            minRows={2}
            maxRows={5}
            onChange={(event) => {
              setNote(event.currentTarget.value);
            }}
          />
        )}
        <div className={styles.foot}>
          <Cancel />
          <Button disabled={to === null} rightSection={<Key>Ctrl Enter</Key>} onClick={confirm}>
            {t.team.transferConfirm}
          </Button>
        </div>
      </div>
    </Frame>
  );
}

function takerText({ colleague, hindrance }: Taker, t: typeof id | typeof en): string {
  const who = t.team.colleague(colleague.name, colleague.load, colleague.capacity);
  return hindrance === null ? who : `${who} · ${t.team[hindrance]}`;
}

function pairs(indonesian: readonly string[], english: readonly string[]): Sentence[] {
  return indonesian.map((text, index) => ({ id: text, en: english[index] ?? text }));
}
