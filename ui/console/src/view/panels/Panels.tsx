/** Whatever stands open over the desk; one at a time. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useLanguage } from "../../lang/language";
import { askAgainSentences, MESSAGES, RETURN_REASONS } from "../../lang/sentences";
import { canTell } from "../../state/attention";
import { itemAt, titleOf } from "../../state/items";
import type { Panel } from "../../state/model";
import { focused } from "../../state/model";
import { useShell, useView } from "../useShell";
import { Dialog } from "./Dialog";
import { KeyList } from "./KeyList";
import { NoteForm } from "./NoteForm";
import styles from "./panels.module.css";
import { SentenceList } from "./SentenceList";
import { SentencePicker } from "./SentencePicker";
import { TeamPanels } from "./TeamPanels";

export function Panels() {
  const { desk } = useView();
  return desk.panel === null ? null : <OpenPanel panel={desk.panel} />;
}

function OpenPanel({ panel }: { panel: Panel }) {
  const { t, language } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const snapshot = focused(desk)?.tile.snapshot;
  switch (panel.kind) {
    case "keys":
      return (
        <Frame title={t.keysTitle} tells={false}>
          <KeyList />
        </Frame>
      );
    case "message":
      return (
        <Frame title={t.messageTitle}>
          <SentencePicker
            sentences={MESSAGES}
            language={snapshot?.language ?? "id"}
            ownLabel={t.messageOwn}
            onPick={(text) => {
              act({ do: "message", text });
            }}
          />
        </Frame>
      );
    case "note": {
      const session = snapshot?.session;
      return (
        <Frame title={t.noteTitle} hint={t.noteWith}>
          <NoteForm
            label={t.noteLabel}
            begin={(session === undefined ? undefined : desk.notes[session]) ?? ""}
            confirm={t.noteKeep}
            optional
            onCancel={() => {
              act({ do: "close" });
            }}
            onConfirm={(text) => {
              act({ do: "note", text });
            }}
          />
        </Frame>
      );
    }
    case "ask_again": {
      const view = snapshot && itemAt(snapshot, panel.item);
      if (!view) return null;
      return (
        <Frame title={t.askAgainTitle(titleOf(view.item, language))} hint={t.askAgainHint}>
          <SentencePicker
            sentences={askAgainSentences(view.item)}
            language={snapshot.language}
            ownLabel={t.askAgainOwn}
            onPick={(reason) => {
              act({ do: "ask_again", item: panel.item, reason });
            }}
          />
        </Frame>
      );
    }
    case "return":
      return (
        <Frame title={t.returnTitle} hint={t.returnHint}>
          <SentenceList
            sentences={RETURN_REASONS}
            language={snapshot?.language ?? "id"}
            onConfirm={(reasons) => {
              act({ do: "return", reasons });
            }}
          />
        </Frame>
      );
    case "ask":
    case "transfer":
    case "answer":
    case "step_in":
    case "close_booth":
      return <TeamPanels panel={panel} />;
    case "end":
      return (
        <Frame title={t.endTitle} hint={t.endHint}>
          <div className={styles.foot}>
            <Cancel />
            <Button
              color="brick"
              disabled={!canTell(desk)}
              onClick={() => {
                act({ do: "end_session" });
              }}
            >
              {t.endConfirm}
            </Button>
          </div>
        </Frame>
      );
  }
}

export function Cancel() {
  const { t } = useLanguage();
  const { act } = useShell();
  return (
    <Button
      variant="default"
      data-autofocus
      onClick={() => {
        act({ do: "close" });
      }}
    >
      {t.cancel}
    </Button>
  );
}

/** `tells`: whether it is there to say something to the booth, which needs a line all the way. */
export function Frame(props: { title: string; hint?: string; tells?: boolean; children: ReactNode }) {
  const { title, hint, tells = true, children } = props;
  const { t } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const apart = tells && !canTell(desk);
  return (
    <Dialog
      title={title}
      hint={hint}
      onClose={() => {
        act({ do: "close" });
      }}
    >
      {apart ? (
        <p className={styles.apart} role="alert">
          {desk.link === "up" ? t.boothLost : t.linkLost}
        </p>
      ) : null}
      {children}
    </Dialog>
  );
}
