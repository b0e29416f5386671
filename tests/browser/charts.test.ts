// Charts of numbers that have no place on a log scale, and of steps that others do not have.
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { chart } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 120_000, interval: 50 };
const kRun = 'chartschartschartschartsaa';
const kSteps = Array.from({ length: 200 }, (_, at) => at);
// Each with its steps and what it measures at one.
const kSeries: Record<string, [steps: number[], value: (step: number) => number | string]> = {
  loss: [kSteps, (step) => (step < 100 ? 12 - step / 10 : 0.1 + (step % 2) / 5)],
  late: [kSteps.map((step) => step + 1000), (step) => step],
  negative: [kSteps, (step) => -1 - step],
  zero: [kSteps, () => 0],
  mixed: [kSteps, (step) => step - 100],
  broken: [kSteps, () => 'NaN'],
  huge: [[0, 1, 2, 3], (step) => (step % 2 ? 1.7e308 : -1.7e308)],
  tiny: [[0, 1, 2, 3], (step) => (step % 2 ? 5e-324 : 0)],
};
const kNoPlace = 'No positive values: a log scale has no place for others.';

let server: Server;
let chromium: Chromium;
const ids: Record<string, string> = {};

beforeAll(async () => {
  server = await Server.start('charts');
  chromium = await Chromium.start();
  const of_run = (event: object): object => ({ run_key: kRun, ...event });
  await server.tell(
    of_run({ run_state: { state: 'RUNNING', name: 'charts' } }),
    of_run({ task_state: { path: 'work', state: 'RUNNING' } }),
    ...Object.entries(kSeries).map(([name, [step, value]]) =>
      of_run({ metric_points: { path: 'work', name, step, value: step.map(value) } }),
    ),
  );
  const task = await server.task(kRun, /^work$/);
  for (const name of Object.keys(kSeries)) ids[name] = await server.series(kRun, task.id, name);
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

async function open(): Promise<Page> {
  const viewport = { width: 1440, height: 2000 }; // all charts in sight: others are not drawn
  const { page } = await chromium.open(`${server.url}/runs/${kRun}?tab=metrics`, { viewport });
  for (const [name, [steps]] of Object.entries(kSeries)) {
    const drawn = chart(page, ids[name]!);
    await expect.poll(() => drawn.getAttribute('data-points'), kWait).toBe(String(steps.length));
  }
  return page;
}

const figure = (page: Page, name: string): Locator =>
  page.getByRole('figure', { name, exact: true });

const said = (page: Page, name: string): Promise<string | null> =>
  figure(page, name).locator('.nothing').textContent();

async function drag(page: Page, name: string, from: number, to: number): Promise<void> {
  const box = (await figure(page, name).locator('.u-over').boundingBox())!;
  const [x, y] = [(share: number) => box.x + box.width * share, box.y + box.height / 2];
  await page.mouse.move(x(from), y);
  await page.mouse.down();
  await page.mouse.move(x((from + to) / 2), y);
  await page.mouse.move(x(to), y);
  await page.mouse.up();
}

async function limits(page: Page, name: string): Promise<number[]> {
  const text = await figure(page, name).locator('[data-y]').getAttribute('data-y');
  return text!.split(' ').map(Number);
}

test('a log scale says where it has no place for values, and the page goes on', async () => {
  const page = await open();
  const scale = page.getByRole('checkbox', { name: 'Log scale' });
  expect(await said(page, 'broken')).toBe('No finite values.');
  await scale.check();
  for (const name of ['negative', 'zero']) {
    await expect.poll(() => said(page, name), kWait).toBe(kNoPlace);
  }
  expect(await said(page, 'broken')).toBe('No finite values.');
  for (const name of ['loss', 'mixed', 'huge', 'tiny']) {
    expect(await said(page, name)).toBe('');
    const [low, high] = await limits(page, name);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(low!);
  }
  await scale.uncheck();
  await expect.poll(() => said(page, 'negative'), kWait).toBe('');
});

test('a drag looks closer in all charts, a double click in one shows all again', async () => {
  const page = await open();
  expect((await limits(page, 'loss'))[1]).toBeGreaterThan(10);
  await drag(page, 'loss', 0.6, 0.7);
  await expect.poll(() => said(page, 'late'), kWait).toBe('No points in these steps.');
  await expect.poll(async () => (await limits(page, 'loss'))[1], kWait).toBeLessThan(1);
  const scale = page.getByRole('checkbox', { name: 'Log scale' });
  await scale.check();
  await expect.poll(() => said(page, 'negative'), kWait).toBe(kNoPlace);
  await expect.poll(() => said(page, 'late'), kWait).toBe('No points in these steps.');
  await scale.uncheck();
  await expect.poll(() => said(page, 'negative'), kWait).toBe('');
  expect(await page.getByRole('button', { name: 'All steps' }).count()).toBe(1);

  await figure(page, 'late').locator('.u-over').dblclick();
  await expect.poll(() => said(page, 'late'), kWait).toBe('');
  await expect.poll(async () => (await limits(page, 'loss'))[1], kWait).toBeGreaterThan(10);
  expect(await page.getByRole('button', { name: 'All steps' }).count()).toBe(0);
});
