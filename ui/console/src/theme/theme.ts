/** Mantine in the house's clothes. */
import type { MantineColorsTuple } from "@mantine/core";
import {
  convertCssVariables,
  createTheme,
  DEFAULT_THEME,
  defaultCssVariablesResolver,
  mergeMantineTheme,
} from "@mantine/core";

const brand: MantineColorsTuple = [
  "#e3f0ec",
  "#cbe3dc",
  "#9fccc0",
  "#70b4a3",
  "#4aa18c",
  "#2f8a75",
  "#1a7361",
  "#0b5c4d",
  "#094b3f",
  "#063a31",
];
const amber: MantineColorsTuple = [
  "#fdf0e1",
  "#fbe0c3",
  "#f6c690",
  "#f0ab5c",
  "#e5913a",
  "#d57a22",
  "#b85d0d",
  "#ae5109",
  "#8f4308",
  "#6c3306",
];
const brick: MantineColorsTuple = [
  "#fbe9e7",
  "#f6cfcb",
  "#f2938b",
  "#e87067",
  "#d9534a",
  "#c8331f",
  "#b52a22",
  "#a3221b",
  "#821a15",
  "#61130f",
];

/** Ink, grounds and lines of the dark theme, lightest first. */
const dark: MantineColorsTuple = [
  "#e9f0ed",
  "#c9d6d1",
  "#a9bab4",
  "#7f938c",
  "#43544e",
  "#33433e",
  "#202d29",
  "#18221f",
  "#121a18",
  "#0e1513",
];

export const theme = createTheme({
  fontFamily: '"Atkinson Hyperlegible Next", "Segoe UI", system-ui, sans-serif',
  headings: { fontFamily: '"Atkinson Hyperlegible Next", "Segoe UI", system-ui, sans-serif' },
  fontSizes: { xs: "0.8rem", sm: "0.93rem", md: "1rem", lg: "1.15rem", xl: "1.4rem" },
  colors: { brand, amber, brick, dark },
  primaryColor: "brand",
  // White stands on both at 4.5:1 or better.
  primaryShade: { light: 7, dark: 6 },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
});

/**
 * Hands the theme's variables to the page as a constructed style sheet. Mantine would write a `<style>` element, which
 * the content security policy (`style-src 'self'`) rightly refuses.
 */
export function adoptTheme(page: Document): void {
  const sheet = new CSSStyleSheet();
  const { variables, light, dark } = defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme));
  // The rest of the house's colours are in `tokens.css`; these are what Mantine's own parts ask for.
  const own = {
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-body": "var(--card)",
    "--mantine-color-dimmed": "var(--ink-2)",
    "--mantine-color-error": "var(--bad)",
    "--mantine-color-default": "var(--card)",
    "--mantine-color-default-hover": "var(--tint)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-default-border": "var(--line)",
    "--mantine-color-placeholder": "var(--ink-2)",
    "--mantine-color-disabled": "var(--ground)",
    "--mantine-color-disabled-color": "var(--ink-2)",
  };
  const sets = { variables, light: { ...light, ...own }, dark: { ...dark, ...own } };
  sheet.replaceSync(convertCssVariables(sets, ":root"));
  page.adoptedStyleSheets = [...page.adoptedStyleSheets, sheet];
}
