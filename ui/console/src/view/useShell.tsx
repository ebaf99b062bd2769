/** The shell at hand in every view: what is shown, and how to say what the officer wants. */
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Shell, View } from "../shell";

const ShellContext = createContext<Shell | null>(null);

export const ShellProvider = ShellContext;

export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (shell === null) throw new Error("view is not inside a ShellProvider");
  return shell;
}

export function useView(): View {
  const shell = useShell();
  return useSyncExternalStore(shell.subscribe, shell.view);
}
