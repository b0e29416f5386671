// A chart that is scrolled away costs nothing, and is as new as the others when it is looked at.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { chart } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 200_000, interval: 50 };
const kRun = 'scrolledscrolledscrolledaa';
const kSeries = 8; // more than a panel has room for

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('scrolled_chart');
  chromium = await Chromium.start();
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

const tell = (...events: object[]): Promise<void> =>
  server.tell(...events.map((event) => ({ run_key: kRun, ...event })));

async function measure(step: number): Promise<void> {
  const names = Array.from({ length: kSeries }, (_, at) => `series ${at}`);
  await tell(
    ...names.map((name) => ({
      metric_points: { path: 'work', name, step: [step], value: [step * 2] },
    })),
  );
}

test('a chart out of sight is drawn when it is scrolled to', async () => {
  await tell(
    { run_state: { state: 'RUNNING', name: 'scrolled' } },
    { task_state: { path: 'work', state: 'RUNNING' } },
  );
  for (const step of [1, 2, 3]) await measure(step);
  const task = await server.task(kRun, /^work$/);
  const { page } = await chromium.open(`${server.url}/runs/${kRun}?task=${task.id}`);
  const first = chart(page, await server.series(kRun, task.id, 'series 0'));
  const last = chart(page, await server.series(kRun, task.id, `series ${kSeries - 1}`));
  await expect.poll(() => first.getAttribute('data-points'), kWait).toBe('3');

  for (const step of [4, 5]) await measure(step);
  await expect.poll(() => first.getAttribute('data-points'), kWait).toBe('5');
  expect(await last.getAttribute('data-points')).not.toBe('5');

  await last.scrollIntoViewIfNeeded();
  await expect.poll(() => last.getAttribute('data-points'), kWait).toBe('5');
  expect(await last.getAttribute('data-last')).toBe('10');
});
