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
  "#c46614",
  "#b4540a",
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

export const theme = createTheme({
  fontFamily: '"Atkinson Hyperlegible Next", "Segoe UI", system-ui, sans-serif',
  headings: { fontFamily: '"Atkinson Hyperlegible Next", "Segoe UI", system-ui, sans-serif' },
  fontSizes: { xs: "0.8rem", sm: "0.93rem", md: "1rem", lg: "1.15rem", xl: "1.4rem" },
  colors: { brand, amber, brick },
  primaryColor: "brand",
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  luminanceThreshold: 0.35,
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
  sheet.replaceSync(convertCssVariables(defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme)), ":root"));
  page.adoptedStyleSheets = [...page.adoptedStyleSheets, sheet];
}
