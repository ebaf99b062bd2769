import { expect, test } from "vitest";
import { theme } from "./theme";
import tokens from "./tokens.css?raw";

/** Contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance). */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const channel = (at: number) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

const [light = "", dark = ""] = tokens.split('[data-mantine-color-scheme="dark"]');

function token(name: string, scheme: "light" | "dark"): string {
  const colour = new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(scheme === "light" ? light : dark)?.[1];
  if (colour === undefined) throw new Error(`${name} has no colour in the ${scheme} scheme`);
  return colour;
}

const GROUNDS = ["card", "ground", "tint"];

test.each([
  ["ink", GROUNDS],
  ["ink-2", GROUNDS],
  ["attention", [...GROUNDS, "attention-tint", "on-attention"]],
  ["brand", ["card", "ground", "on-brand"]],
  ["bad", ["card", "bad-tint"]],
  ["good", ["card", "on-good"]],
])("%s can be read on %o, light and dark", (ink, grounds) => {
  for (const scheme of ["light", "dark"] as const) {
    for (const ground of grounds) {
      const ratio = contrast(token(ink, scheme), token(ground, scheme));
      expect(ratio, `${scheme}: ${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  }
});

test.each(["brand", "amber", "brick"])("white stands on the filled buttons of %s", (colour) => {
  for (const shade of [6, 7]) {
    expect(contrast(theme.colors?.[colour]?.[shade] ?? "", "#ffffff"), `${colour} ${shade}`).toBeGreaterThanOrEqual(
      4.5,
    );
  }
});
