import "@mantine/core/styles.css";
import "./theme/fonts.css";
import "./theme/tokens.css";
import { MantineProvider } from "@mantine/core";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { LanguageProvider } from "./lang/language";
import { adoptTheme, theme } from "./theme/theme";

adoptTheme(document);

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    // Nothing of Mantine's goes into a `<style>` element: see `adoptTheme`.
    <MantineProvider
      theme={theme}
      defaultColorScheme="light"
      withCssVariables={false}
      withGlobalClasses={false}
      withStaticClasses
    >
      <LanguageProvider>
        <App />
      </LanguageProvider>
    </MantineProvider>,
  );
}
