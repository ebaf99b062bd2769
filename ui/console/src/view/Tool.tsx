/** A small button with a sign; its name and its key are spoken and shown on hover. */
import { ActionIcon } from "@mantine/core";
import type { ReactNode } from "react";

export function Tool(props: {
  name: string;
  shortcut?: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  const pressed = props.pressed ?? false;
  return (
    <ActionIcon
      variant={pressed ? "filled" : "subtle"}
      color={pressed ? "brand" : "gray"}
      size="md"
      disabled={props.disabled ?? false}
      aria-label={props.name}
      {...(props.shortcut === undefined ? {} : { "aria-keyshortcuts": props.shortcut })}
      {...(props.pressed === undefined ? {} : { "aria-pressed": pressed })}
      title={props.shortcut === undefined ? props.name : `${props.name} (${props.shortcut})`}
      onClick={props.onClick}
    >
      {props.children}
    </ActionIcon>
  );
}
