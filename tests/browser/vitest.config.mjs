// The runner's settings for the tests that drive Chromium. The packages are the page's own
// (ui/node_modules): this folder has none, so that one lock file holds for both.
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../ui/node_modules/', import.meta.url));

export default {
  resolve: {
    alias: {
      vitest: `${packages}vitest/dist/index.js`,
      'playwright-core': `${packages}playwright-core/index.mjs`,
      'axe-core': `${packages}axe-core/axe.js`,
    },
  },
  test: {
    include: ['*.test.ts'],
    globalSetup: ['support/folders.ts'],
    // A busy machine is slow, not wrong: these bounds only end what hangs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Every file has a server and a browser, and there may be two cores only.
    fileParallelism: false,
  },
};
