// Keys that lead into a field lead there at once, in every view.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { card } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 60_000, interval: 50 };
const kRun = 'typingtypingtypingtypingaa';

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('typing');
  chromium = await Chromium.start();
  const points = { name: 'loss', step: [1, 2], value: [2, 1] };
  await server.tell(
    { run_key: kRun, run_state: { state: 'RUNNING', name: 'typing' } },
    ...['stage-01', 'stage-02'].flatMap((path) => [
      { run_key: kRun, task_state: { path, state: 'RUNNING' } },
      { run_key: kRun, metric_points: { path, ...points } },
      { run_key: kRun, log_bytes: { path, data: btoa('a line\n') } },
    ]),
  );
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

const theme = (page: Page) => page.evaluate(() => document.documentElement.dataset.theme);
const field = (page: Page, name: string) => page.getByRole('searchbox', { name });

async function open(path: string, width = 1280): Promise<Page> {
  const viewport = { width, height: 844 };
  const { page } = await chromium.open(server.url + path, { viewport });
  return page;
}

for (const width of [390, 720, 1280]) {
  test(`s goes to the search field of every view, ${width} px wide`, async () => {
    const task = await server.task(kRun, /^stage-01$/);
    for (const [path, name] of [
      ['/', 'Find a run by name, pipeline or task'],
      [`/runs/${kRun}?tab=metrics`, 'Filter tasks'],
      [`/runs/${kRun}?tab=artifacts`, 'Find an artifact'],
      [`/runs/${kRun}?task=${task.id}`, 'Search'],
    ] as const) {
      const page = await open(path, width);
      await field(page, name).waitFor();
      await page.keyboard.press('s');
      await page.keyboard.type('st');
      await expect.poll(() => field(page, name).inputValue(), kWait).toBe('st');
      // Again, once the view has been drawn anew.
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.keyboard.press('s');
      await page.keyboard.type('02');
      await expect.poll(() => field(page, name).inputValue(), kWait).toBe('02');
      await page.close();
    }
  });

  test(`what is typed after / is all in the field, ${width} px wide`, async () => {
    const page = await open(`/runs/${kRun}`, width);
    await card(page, 'stage-01').waitFor();
    const before = await theme(page);
    await page.keyboard.type('/stage-01');
    expect(await field(page, 'Find a run or a task').inputValue()).toBe('stage-01');
    expect(await theme(page)).toBe(before);
    expect(new URL(page.url()).search).toBe('');
  });
}

test('what is typed over the list of keys does nothing', async () => {
  const page = await open(`/runs/${kRun}`);
  await card(page, 'stage-01').waitFor();
  const before = await theme(page);
  await page.keyboard.type('?t2');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  expect(await theme(page)).toBe(before);
  expect(new URL(page.url()).search).toBe('');
});
