/** The officer's language: kept in the browser, told to the page, at hand in every view. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState } from "react";
import type { ReactNode } from "react";
import type { Language } from "../wire/wire";
import type { Dictionary } from "./dictionary";
import { en } from "./en";
import { id } from "./id";

const DICTIONARIES: Record<Language, Dictionary> = { id, en };
const STORED = "bilik.language";

type Value = { t: Dictionary; language: Language; setLanguage: (language: Language) => void };

const LanguageContext = createContext<Value>({ t: id, language: "id", setLanguage: () => undefined });

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, set] = useState<Language>(() => (localStorage.getItem(STORED) === "en" ? "en" : "id"));
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const setLanguage = useCallback((next: Language) => {
    localStorage.setItem(STORED, next);
    set(next);
  }, []);
  const value = useMemo(() => ({ t: DICTIONARIES[language], language, setLanguage }), [language, setLanguage]);
  return <LanguageContext value={value}>{children}</LanguageContext>;
}

export function useLanguage(): Value {
  return useContext(LanguageContext);
}
