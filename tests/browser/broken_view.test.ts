// A view that fails says so in its place; what stands around it goes on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch, type Tab } from './support/browser';
import { card } from './support/page';
import { Server } from './support/server';

const kRun = 'brokenbrokenbrokenbrokenaa';

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('broken_view');
  chromium = await Chromium.start();
  await server.tell(
    { run_key: kRun, run_state: { state: 'RUNNING', name: 'broken' } },
    { run_key: kRun, task_state: { path: 'work', state: 'RUNNING', started_at_us: 1 } },
    { run_key: kRun, log_bytes: { path: 'work', data: btoa('a line\n') } },
    { run_key: kRun, metric_points: { path: 'work', name: 'loss', step: [1, 2], value: [3, 2] } },
  );
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

async function open(): Promise<Tab> {
  const tab = await chromium.open(`${server.url}/runs/${kRun}`);
  await card(tab.page, 'work').waitFor();
  return tab;
}

// Logs, charts and the timeline measure themselves with it.
async function plant(tab: Tab): Promise<void> {
  tab.planted = /planted/;
  await tab.page.evaluate(() => {
    window.ResizeObserver = class {
      constructor() {
        throw new Error('planted');
      }
    } as unknown as typeof ResizeObserver;
  });
}

test('a tab that fails leaves head and tabs, and a reload mends it', async () => {
  const tab = await open();
  const { page } = tab;
  await plant(tab);
  await page.keyboard.press('2');
  await page.getByText('The page cannot draw the view "Timeline".').waitFor();
  expect(await page.getByRole('heading', { name: 'broken' }).isVisible()).toBe(true);
  await page.keyboard.press('4');
  await page.getByText('No artifact yet.').waitFor();
  await page.keyboard.press('2');
  await page.getByRole('button', { name: 'Reload the page' }).click();
  await page.getByRole('list', { name: 'Tasks by time' }).waitFor();
  expect(tab.loads).toBe(2);
});

test('a log and a chart that fail leave the rest of their task', async () => {
  const tab = await open();
  const { page } = tab;
  await plant(tab);
  await card(page, 'work').click();
  const task = page.getByRole('complementary', { name: 'Task work' });
  await task.getByText('The page cannot draw this log.').waitFor();
  await task.getByText('The page cannot draw the chart loss.').waitFor();
  await task.getByRole('button', { name: 'Close' }).click();
  await task.waitFor({ state: 'detached' });
  expect(await card(page, 'work').isVisible()).toBe(true);
});
