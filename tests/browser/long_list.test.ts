// A phone's list of two thousand tasks: only rows in sight are drawn, each is reached, and what is
// news stands in the first third of the window.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { key_of, tasks } from './support/large';
import { card, is_in_view, sideways } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 60_000, interval: 50 };
const kRun = key_of('list');
const kTasks = 2000;
const kView = { width: 390, height: 844 };

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('long_list');
  chromium = await Chromium.start();
  await tasks(server, kRun, kTasks);
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

async function open(query = ''): Promise<Page> {
  const { page } = await chromium.open(`${server.url}/runs/${kRun}${query}`, { viewport: kView });
  await page.locator('[data-task]').first().waitFor();
  return page;
}

const scroll = (page: Page, to: 'end' | number): Promise<void> =>
  page.evaluate((top) => {
    const box = document.scrollingElement!;
    box.scrollTop = top === 'end' ? box.scrollHeight : top;
  }, to);

test('a few hundred nodes stand for two thousand tasks, first to last', async () => {
  const page = await open();
  const nodes = () => page.evaluate(() => document.querySelectorAll('*').length);
  const high = () => page.evaluate(() => document.scrollingElement!.scrollHeight);
  expect(await nodes()).toBeLessThan(1500);
  const before = await high();
  expect(before).toBeGreaterThan(kTasks * 44);
  await scroll(page, 20_000);
  const middle = page.locator('li[aria-posinset="440"] [data-task]');
  await middle.waitFor();
  await expect.poll(() => is_in_view(middle), kWait).toBe(true);
  expect(await high()).toBe(before);
  await scroll(page, 'end');
  await page.locator(`li[aria-posinset="${kTasks}"] [data-task]`).waitFor();
  expect(await nodes()).toBeLessThan(1500);
  expect(await sideways(page)).toBe(0);
});

test('an address leads to its task, however far down, and it opens there', async () => {
  const path = 'stage-30-part-7';
  const task = await server.task(kRun, new RegExp(`^${path}$`));
  const page = await open(`?task=${task.id}`);
  await expect.poll(() => card(page, path).isVisible(), kWait).toBe(true);
  await expect.poll(() => is_in_view(card(page, path)), kWait).toBe(true);
  await page.getByRole('complementary', { name: `Task ${path}` }).waitFor();
});

test('the head of a run leaves the window to the tasks', async () => {
  const page = await open();
  const head = (await page.locator('main > header').boundingBox())!;
  expect(head.height).toBeLessThan(160);
  const first = (await page.locator('[data-task]').first().boundingBox())!;
  expect(first.y).toBeLessThan(kView.height * 0.4);
});
