// Events may say any number and any length of text; the page shows the rest, and stays.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { card } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 60_000, interval: 50 };
const kLate = 'laterlaterlaterlaterlatera';
const kExtreme = 'extremeextremeextremeextra';
const kMost = '9223372036854775807';
const kLeast = '-9223372036854775808';

let server: Server;
let chromium: Chromium;

const extreme = (event: object): object => ({ run_key: kExtreme, ...event });

beforeAll(async () => {
  server = await Server.start('extremes');
  chromium = await Chromium.start();
  await server.tell({
    run_key: kLate,
    task_state: { path: 't', state: 'RUNNING', started_at_us: kMost },
  });
  await server.tell(
    extreme({
      happened_at_us: kMost,
      run_state: { state: 'RUNNING', name: 'ext', started_at_us: kLeast, finished_at_us: kMost },
    }),
    extreme({
      happened_at_us: kLeast,
      task_state: {
        path: 't',
        state: 'RUNNING',
        attempt: 2147483647,
        attempts_max: -2147483648,
        started_at_us: kMost,
        finished_at_us: kLeast,
      },
    }),
    ...[
      { attempt: 2147483647, offset: '18446744073709551516' },
      { attempt: -5, offset: '9223372036854775808' },
    ].map((where) => extreme({ log_bytes: { path: 't', ...where, data: 'eHh4' } })),
    extreme({
      metric_points: {
        path: 't',
        name: 'm',
        step: [kMost, kLeast, 0, kMost],
        time_us: [kMost, kLeast, 0, 1],
        value: [1.7e308, -1.7e308, 'NaN', 5e-324],
      },
    }),
    extreme({ progress: { path: 't', done: 'Infinity', total: 'NaN' } }),
    extreme({ progress: { done: -1, total: -0.0 } }),
    extreme({
      graph: {
        tasks: [
          { path: 'a', parent: 'b' },
          { path: 'b', parent: 'a' },
          { path: 'c', depends_on: ['c', 'd'] },
          { path: 'd', depends_on: ['c'] },
          { path: 'e', parent: 'nope' },
          { path: 'i', kind: 'ITERATION', index: -2147483648, parent: 't' },
          { path: 'j', kind: 'ITERATION', index: 2147483647, parent: 't' },
        ],
        removed: ['zzz'],
      },
    }),
    extreme({ loss: { points: '18446744073709551615', log_bytes: '18446744073709551615' } }),
  );
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

async function every_view(page: Page): Promise<void> {
  for (const [key, word] of ['Graph', 'Timeline', 'Metrics', 'Results'].entries()) {
    await page.keyboard.press(String(key + 1));
    const tab = page.getByRole('button', { name: word, exact: true });
    await expect.poll(() => tab.getAttribute('aria-current'), kWait).toBe('page');
    await page.locator('main > :not([aria-busy])').first().waitFor();
    expect(await page.getByText('The page cannot draw').count()).toBe(0);
  }
}

for (const [what, key] of [
  ['a start at the end of time', kLate],
  ['the ends of all numbers', kExtreme],
] as const) {
  for (const width of [1280, 390]) {
    test(`${what}, ${width} px wide`, async () => {
      const task = await server.task(key, /^t$/);
      const viewport = { width, height: 800 };
      const url = `${server.url}/runs/${key}?task=${task.id}`;
      const { page } = await chromium.open(url, { viewport });
      await page.getByRole('complementary', { name: 'Task t' }).waitFor();
      await card(page, 't').waitFor();
      await every_view(page);
    });
  }
}

test('the list has them all', async () => {
  const { page } = await chromium.open(server.url);
  for (const key of [kLate, kExtreme]) {
    await page.locator(`[data-run="${key}"]`).waitFor();
  }
  expect(await page.getByText('The page cannot draw').count()).toBe(0);
});
