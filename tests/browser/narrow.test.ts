// From a phone to a wide window: tasks open and close, whatever the width, and the page stays.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { card, sideways } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 60_000, interval: 50 };
const kRun = 'narrownarrownarrownarrowaa';
const kTasks = ['prepare', 'train', 'evaluate'];

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('narrow');
  chromium = await Chromium.start();
  await server.tell(
    {
      run_key: kRun,
      run_state: { state: 'RUNNING', name: 'narrow '.repeat(20), pipeline: 'a-long-pipeline-name' },
    },
    ...kTasks.map((path) => ({ run_key: kRun, task_state: { path, state: 'RUNNING' } })),
    {
      run_key: kRun,
      metric_points: { path: 'train', name: 'validation/mean_average_precision', value: [0.94] },
    },
  );
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

const opened = (page: Page, name: string) =>
  page.getByRole('complementary', { name: `Task ${name}` });

async function open(width: number, query = ''): Promise<Page> {
  const viewport = { width, height: 844 };
  const { page } = await chromium.open(`${server.url}/runs/${kRun}${query}`, { viewport });
  for (const path of kTasks) await card(page, path).waitFor();
  return page;
}

for (const width of [390, 720, 1024]) {
  test(`tasks open one after the other and close, ${width} px wide`, async () => {
    const page = await open(width);
    for (const path of kTasks) {
      await card(page, path).click();
      await opened(page, path).waitFor();
    }
    await page.keyboard.press('Escape');
    await opened(page, 'evaluate').waitFor({ state: 'detached' });
    for (const path of kTasks) expect(await card(page, path).isVisible()).toBe(true);
    expect(await sideways(page)).toBe(0);
  });
}

test('a task stays open while the window grows and shrinks', async () => {
  const task = await server.task(kRun, /^train$/);
  const page = await open(390, `?task=${task.id}`);
  for (const width of [1024, 720, 390, 1440]) {
    await page.setViewportSize({ width, height: 844 });
    await expect.poll(() => opened(page, 'train').isVisible(), kWait).toBe(true);
    await card(page, 'train').waitFor();
  }
});

test('the list of runs never makes the page scroll sideways, nor the header break', async () => {
  const { page } = await chromium.open(server.url, { viewport: { width: 1440, height: 900 } });
  await page.locator(`[data-run="${kRun}"]`).waitFor();
  for (const width of [1440, 1180, 1024, 860, 720, 640, 390, 320]) {
    await page.setViewportSize({ width, height: 900 });
    await expect.poll(() => sideways(page), kWait).toBe(0);
    const header = (await page.getByRole('banner').boundingBox())!;
    expect(header.height, `header at ${width} px`).toBeLessThan(50);
  }
});
