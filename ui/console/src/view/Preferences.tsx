/** Theme and language, as two small buttons that say where they lead. */
import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useLanguage } from "../lang/language";
import { Moon, Sun } from "./icons";

export function Preferences() {
  const { t, language, setLanguage } = useLanguage();
  // Mantine would stop all transitions by a `<style>` element, which the security policy refuses.
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const scheme = useComputedColorScheme("light");
  const other = scheme === "light" ? "dark" : "light";
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={t.toTheme[other]}
        title={t.toTheme[other]}
        onClick={() => {
          setColorScheme(other);
        }}
      >
        {scheme === "light" ? <Moon /> : <Sun />}
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        w="auto"
        px="xs"
        fz="sm"
        fw={700}
        lang={language === "id" ? "en" : "id"}
        aria-label={language === "id" ? "English" : "Bahasa Indonesia"}
        title={language === "id" ? "English" : "Bahasa Indonesia"}
        onClick={() => {
          setLanguage(language === "id" ? "en" : "id");
        }}
      >
        {language === "id" ? "EN" : "ID"}
      </ActionIcon>
    </>
  );
}
