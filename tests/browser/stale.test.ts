// A run that says nothing any more does not look alive: on its page and in the list its clocks
// stand at the last news.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { Server } from './support/server';

const kWait = { timeout: 200_000, interval: 50 };
const kRun = 'staleaastaleaastaleaastale';
const kRanS = 100; // before its last words

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('stale');
  chromium = await Chromium.start();
  const started_at_us = String((Date.now() - kRanS * 1000) * 1000);
  await server.tell(
    { run_key: kRun, run_state: { state: 'RUNNING', name: 'a silent one', started_at_us } },
    { run_key: kRun, task_state: { path: 'train', state: 'RUNNING' } },
  );
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

const seconds = (text: string): number => {
  const [, minutes = '0', rest = '0'] = /(?:(\d+) m )?(\d+) s/.exec(text) ?? [];
  return Number(minutes) * 60 + Number(rest);
};

test('after half a minute it ran when it was last heard of, and no clock goes on', async () => {
  const home = await chromium.open(server.url);
  const { page } = await chromium.open(`${server.url}/runs/${kRun}`);
  await page.getByText('Running when last heard').waitFor({ timeout: kWait.timeout });
  expect(await page.title()).toMatch(/^Unknown: /);
  // As long as the silence lasts, it would have to be 30 s more at least.
  const elapsed = page.getByText(/^Elapsed/);
  expect(seconds((await elapsed.textContent())!)).toBeLessThan(kRanS + 28);

  const row = home.page.locator(`[data-run="${kRun}"]`);
  await expect.poll(() => row.getAttribute('data-state'), kWait).toBe('unknown');
  expect(seconds((await row.textContent())!)).toBeLessThan(kRanS + 28);
  await home.page.getByText('Running when last heard').first().waitFor();

  await server.tell({ run_key: kRun, heartbeat: {} });
  await page.getByText('Running when last heard').waitFor({ state: 'detached' });
  await expect.poll(() => row.getAttribute('data-state'), kWait).toBe('running');
});
