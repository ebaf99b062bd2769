import type { Check } from "../wire/wire";

/** Never colour alone: each state of a row has its sign, beside its word. */
export const CHECK_SIGN: Record<Check["kind"], string> = {
  pending: "○",
  correct: "✓",
  asked_again: "!",
  corrected: "↻",
};
