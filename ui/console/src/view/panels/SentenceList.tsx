/** Several reasons at once, ticked by digit or mouse, and one of one's own. */
import { Button, Checkbox, TextInput } from "@mantine/core";
import { useState } from "react";
import type { KeyboardEvent, ReactNode } from "react";
import { useLanguage } from "../../lang/language";
import type { Sentence } from "../../lang/sentences";
import type { Language } from "../../wire/wire";
import { MAX_MESSAGE } from "../../wire/wire";
import { Key } from "../Key";
import styles from "./panels.module.css";

export function SentenceList(props: {
  sentences: readonly Sentence[];
  /** The participant's. */
  language: Language;
  /** Between the reasons and the button. */
  more?: ReactNode;
  onConfirm: (reasons: string[]) => void;
}) {
  const { t, language } = useLanguage();
  const [chosen, setChosen] = useState<readonly number[]>([]);
  const [own, setOwn] = useState("");
  const reasons = [
    ...props.sentences.flatMap((sentence, index) => (chosen.includes(index) ? [sentence[props.language]] : [])),
    ...(own.trim() === "" ? [] : [own.trim()]),
  ];
  const toggle = (index: number) => {
    setChosen((before) => (before.includes(index) ? before.filter((other) => other !== index) : [...before, index]));
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && event.ctrlKey && reasons.length > 0) {
      event.preventDefault();
      props.onConfirm(reasons);
      return;
    }
    const { target } = event;
    const typing =
      target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === "text");
    const index = Number(event.key) - 1;
    if (typing || !/^[1-9]$/.test(event.key) || props.sentences[index] === undefined) return;
    event.preventDefault();
    toggle(index);
  };
  return (
    <div onKeyDown={onKey}>
      <ul className={styles.sentences}>
        {props.sentences.map((sentence, index) => (
          <li key={sentence.id} className={styles.tick}>
            <Key>{index + 1}</Key>
            <Checkbox
              checked={chosen.includes(index)}
              onChange={() => {
                toggle(index);
              }}
              label={sentence[props.language]}
              description={props.language === language ? undefined : sentence[language]}
              {...(index === 0 ? { "data-autofocus": true } : {})}
            />
          </li>
        ))}
      </ul>
      <TextInput
        label={t.returnOwn}
        value={own}
        maxLength={MAX_MESSAGE}
        onChange={(event) => {
          setOwn(event.currentTarget.value);
        }}
      />
      {props.more}
      <div className={styles.foot}>
        <Button
          color="brick"
          disabled={reasons.length === 0}
          rightSection={<Key>Ctrl Enter</Key>}
          onClick={() => {
            props.onConfirm(reasons);
          }}
        >
          {t.returnConfirm}
        </Button>
      </div>
    </div>
  );
}
