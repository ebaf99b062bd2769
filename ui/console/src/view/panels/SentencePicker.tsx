/** Ready sentences under the digits, and room for one's own. A choice goes out at once, as it stands. */
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../../lang/language";
import type { Sentence } from "../../lang/sentences";
import type { Language } from "../../wire/wire";
import { MAX_MESSAGE } from "../../wire/wire";
import type { Choice } from "./Choices";
import { Choices } from "./Choices";
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
  const pick = (index: number) => {
    const sentence = props.sentences[index];
    if (sentence !== undefined) props.onPick(sentence[props.language]);
  };
  const choice = (sentence: Sentence): Choice => ({
    id: sentence.id,
    label: (
      <>
        <span lang={props.language}>{sentence[props.language]}</span>
        {props.language === language ? null : <small lang={language}>{sentence[language]}</small>}
      </>
    ),
  });
  return (
    <div>
      {props.language === language ? null : <p className={styles.hint}>{t.participantLanguage[props.language]}</p>}
      <Choices choices={props.sentences.map(choice)} onPick={pick} />
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
