import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where a hub for development listens: `BILIK_HUB=https://127.0.0.1:8443 npm run dev`.
const hub = process.env.BILIK_HUB ?? "http://127.0.0.1:4180";

export default defineConfig({
  plugins: [react()],
  build: {
    // Fonts and pictures stay files: the hub's content security policy allows no `data:` address for fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  // The only style sheet that a test reads.
  test: { css: { include: [/tokens\.css/] } },
  server: {
    proxy: {
      "/api": { target: hub, secure: false },
      "/ws": { target: hub, secure: false, ws: true },
    },
  },
});
