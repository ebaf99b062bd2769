/** Words for colleagues about a claim, which its participant never sees. Ctrl Enter is enough. */
import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { useLanguage } from "../../lang/language";
import { MAX_MESSAGE } from "../../wire/wire";
import { Key } from "../Key";
import styles from "./panels.module.css";

export function NoteForm(props: {
  label: string;
  begin?: string;
  confirm: string;
  /** Whether nothing may be said, too. */
  optional: boolean;
  onCancel: () => void;
  onConfirm: (text: string) => void;
}) {
  const { t } = useLanguage();
  const [text, setText] = useState(props.begin ?? "");
  const ready = props.optional || text.trim() !== "";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) props.onConfirm(text);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !event.ctrlKey || !ready) return;
        event.preventDefault();
        props.onConfirm(text);
      }}
    >
      <NoteField label={props.label} value={text} onChange={setText} first />
      <div className={styles.foot}>
        <Button variant="default" onClick={props.onCancel}>
          {t.cancel}
        </Button>
        <Button type="submit" disabled={!ready} rightSection={<Key>Ctrl Enter</Key>}>
          {props.confirm}
        </Button>
      </div>
    </form>
  );
}

export function NoteField(props: { label: string; value: string; onChange: (text: string) => void; first?: boolean }) {
  const { t } = useLanguage();
  return (
    <Textarea
      label={props.label}
      description={t.noteHint}
      value={props.value}
      maxLength={MAX_MESSAGE}
      autosize
      minRows={2}
      maxRows={6}
      {...(props.first === true ? { "data-autofocus": true } : {})}
      onChange={(event) => {
        props.onChange(event.currentTarget.value);
      }}
    />
  );
}
