/** What colleagues say of the booth in focus, over its picture: the note it came with, a question and its answer. */
import { Button } from "@mantine/core";
import { useState } from "react";
import type { ReactNode } from "react";
import { useLanguage } from "../../lang/language";
import type { Tile } from "../../wire/wire";
import { useShell } from "../useShell";
import styles from "./aside.module.css";

export function Aside({ tile }: { tile: Tile }) {
  const { t } = useLanguage();
  const { act } = useShell();
  const [read, setRead] = useState<string | null>(null);
  const { note, question } = tile;
  const close = () => {
    act({ do: "close_question" });
  };
  return (
    <div className={styles.aside}>
      {note === null || read === note.text ? null : (
        <Card title={t.team.note(note.from)} text={note.text} testId="note">
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              setRead(note.text);
            }}
          >
            {t.team.understood}
          </Button>
        </Card>
      )}
      {question === null ? null : question.answer === null ? (
        <Card title={t.team.asked} text={question.text} testId="question">
          <Button size="compact-sm" variant="default" onClick={close}>
            {t.team.takeBack}
          </Button>
        </Card>
      ) : (
        <Card
          title={t.team.answered(question.answer.from)}
          text={question.answer.text}
          quoted={t.team.askedText(question.text)}
          testId="answer"
        >
          <Button size="compact-sm" onClick={close}>
            {t.team.understood}
          </Button>
        </Card>
      )}
    </div>
  );
}

function Card(props: { title: string; text: string; quoted?: string; testId: string; children: ReactNode }) {
  return (
    <div className={styles.card} role="status" data-testid={props.testId}>
      <b>{props.title}</b>
      {props.quoted === undefined ? null : <small>{props.quoted}</small>}
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}
