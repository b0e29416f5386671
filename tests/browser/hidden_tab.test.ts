// A tab that nobody sees draws no frames. When it is looked at again it shows what happened
// meanwhile, without being loaded again.
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { all_log_lines, card, chart } from './support/page';
import { Server } from './support/server';
import { pipelines } from './support/folders';

const kWait = { timeout: 200_000, interval: 50 };

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('hidden_tab');
  chromium = await Chromium.start_with_background_tabs();
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

test('a hidden tab catches up', async () => {
  const gate = `${server.data}/gate`;
  const key = await server.run(`${pipelines}gated.py`, { gate, steps: '200' });
  const task = await server.task(key, /^work$/);
  const tab = await chromium.open(`${server.url}/runs/${key}?task=${task.id}`);
  const { page } = tab;
  await expect.poll(() => card(page, 'work').getAttribute('data-state'), kWait).toBe('running');
  await chromium.open('about:blank');
  await expect.poll(() => page.evaluate(() => document.visibilityState), kWait).toBe('hidden');

  writeFileSync(gate, '');
  const view = await server.ended(key);
  expect(view.run.state).toBe('SUCCEEDED');
  expect(await page.evaluate(() => document.visibilityState)).toBe('hidden');
  await page.bringToFront();

  await expect.poll(() => card(page, 'work').getAttribute('data-state'), kWait).toBe('succeeded');
  await expect.poll(() => card(page, 'rest').getAttribute('data-state'), kWait).toBe('succeeded');
  const height = chart(page, await server.series(key, task.id, 'height'));
  await expect.poll(() => height.getAttribute('data-points'), kWait).toBe('200');
  expect(await height.getAttribute('data-last')).toBe(String((200 * 200) / 7));
  await expect
    .poll(async () => (await all_log_lines(page)).filter((line) => /step \d+$/.test(line)).length)
    .toBe(200);
  expect(tab.loads).toBe(1);
});
