/** What a dictionary has to hold: exactly what the Indonesian one holds, with texts where it has texts. */
import type { id } from "./id";

type Same<T> = T extends string
  ? string
  : T extends (...args: infer Args) => string
    ? (...args: Args) => string
    : { readonly [Key in keyof T]: Same<T[Key]> };

export type Dictionary = Same<typeof id>;
