/** Ready sentences under the digits, and room for one's own. A choice goes out at once, as it stands. */
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import type { KeyboardEvent } from "react";
import { useLanguage } from "../../lang/language";
import type { Sentence } from "../../lang/sentences";
import type { Language } from "../../wire/wire";
import { MAX_MESSAGE } from "../../wire/wire";
import { Key } from "../Key";
import styles from "./panels.module.css";

export function SentencePicker(props: {
  sentences: readonly Sentence[];
  /** The participant's. */
  language: Language;
  ownLabel: string;
  onPick: (text: string) => void;
}) {
  const { t, language } = useLanguage();
  const [own, setOwn] = useState("");
  const onDigit = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.altKey || event.metaKey) return;
    const sentence = /^[1-9]$/.test(event.key) ? props.sentences[Number(event.key) - 1] : undefined;
    if (sentence === undefined) return;
    event.preventDefault();
    props.onPick(sentence[props.language]);
  };
  return (
    <div onKeyDown={onDigit}>
      {props.language === language ? null : <p className={styles.hint}>{t.participantLanguage[props.language]}</p>}
      <ul className={styles.sentences}>
        {props.sentences.map((sentence, index) => (
          <li key={sentence.id}>
            <button
              type="button"
              className={styles.sentence}
              aria-keyshortcuts={(index + 1).toString()}
              {...(index === 0 ? { "data-autofocus": true } : {})}
              onClick={() => {
                props.onPick(sentence[props.language]);
              }}
            >
              <Key>{index + 1}</Key>
              <span>
                <span lang={props.language}>{sentence[props.language]}</span>
                {props.language === language ? null : <small lang={language}>{sentence[language]}</small>}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <form
        className={styles.own}
        onSubmit={(event) => {
          event.preventDefault();
          if (own.trim() !== "") props.onPick(own);
        }}
      >
        <TextInput
          label={props.ownLabel}
          value={own}
          maxLength={MAX_MESSAGE}
          onChange={(event) => {
            setOwn(event.currentTarget.value);
          }}
        />
        <Button type="submit" disabled={own.trim() === ""}>
          {t.send}
        </Button>
      </form>
    </div>
  );
}
