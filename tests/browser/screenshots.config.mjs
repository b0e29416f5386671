// vitest's settings for pictures of the page, which nothing runs but tools/screenshots.sh.
import tests from './vitest.config.mjs';

export default { ...tests, test: { ...tests.test, include: ['screenshots.ts'] } };
