import { defineConfig } from 'vitest/config';

// `npm run dev` serves the sources and passes the API on to a server that runs already.
const target = process.env.TELLTALE_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  build: {
    target: 'es2022',
    // Nothing inline: the server's content security policy allows only files of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': { target, ws: true, changeOrigin: true, headers: { origin: target } },
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Browser tests share one Chromium and two cores: one file after the other.
    fileParallelism: false,
  },
});
