// A run that failed: its cause at once, its first failure one key away, all of it by keyboard, in
// both themes, on a narrow screen.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { Chromium, keep_watch } from './support/browser';
import { pipelines } from './support/folders';
import { axe_breaches, card, is_in_view, log, nameless, sideways } from './support/page';
import { Server, type Task } from './support/server';

const kWait = { timeout: 60_000, interval: 50 };
const kCause = 'ValueError: the freezer of lab 7 is warm';

let server: Server;
let chromium: Chromium;
let run: string; // its path
let failed: Task;

beforeAll(async () => {
  server = await Server.start('failed_run');
  chromium = await Chromium.start();
  const key = await server.run(`${pipelines}failing.py`);
  run = `/runs/${key}`;
  failed = (await server.ended(key)).tasks.find((task) => task.state === 'FAILED')!;
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

async function at(path: string, options = {}): Promise<Page> {
  const { page } = await chromium.open(server.url + path, options);
  const ready = path === '/' ? page.locator('[data-run]') : card(page, failed.path);
  await ready.first().waitFor();
  return page;
}

test('the list and the run say what failed and why', async () => {
  const list = await at('/');
  const row = list.locator(`[data-run="${run.slice('/runs/'.length)}"]`);
  expect(await row.getAttribute('data-state')).toBe('failed');
  expect(await row.textContent()).toContain(kCause);

  const page = await at(run);
  const states = await page
    .locator('[data-task]')
    .evaluateAll((cards) => cards.map((one) => [one.dataset.task, one.dataset.state]));
  expect(Object.fromEntries(states)).toEqual({
    'collect-samples': 'succeeded',
    measure: 'failed',
    report: 'skipped',
  });
  expect(await page.getByRole('main').textContent()).toContain(kCause);
});

test('f opens the first failure, its log at the error', async () => {
  const page = await at(run);
  await page.keyboard.press('f');
  await page.waitForURL(`**${run}?task=${failed.id}`);
  const error = log(page).locator('.line').filter({ hasText: 'Traceback' }).first();
  await error.waitFor();
  await expect.poll(() => is_in_view(error), kWait).toBe(true);
});

test('a keyboard alone reaches a task and its log', async () => {
  const page = await at(run);
  const focused = (what: string): Promise<string | null | undefined> =>
    page.evaluate((selector) => {
      const found = document.activeElement?.closest<HTMLElement>(selector);
      return found && (found.dataset.task ?? 'focused');
    }, what);
  const tab_to = async (what: string): Promise<void> => {
    for (let presses = 0; presses < 60 && !(await focused(what)); ++presses) {
      await page.keyboard.press('Tab');
    }
    expect(await focused(what), `the focus reaches ${what}`).toBeTruthy();
  };
  await tab_to('[data-task]');
  const path = ['collect-samples', 'measure', 'report'];
  const start = path.indexOf((await focused('[data-task]'))!);
  await page.keyboard.press(start === 2 ? 'ArrowUp' : 'ArrowDown');
  const next = path[start === 2 ? 1 : start + 1]!;
  await expect.poll(() => focused('[data-task]'), kWait).toBe(next);
  await page.keyboard.press(next === 'report' ? 'ArrowUp' : 'Enter');
  if (next === 'report') await page.keyboard.press('Enter');
  await page.waitForURL(/\?task=/);
  await log(page).waitFor();
  await tab_to('section[aria-label="Log"]');
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.search.includes('task='));
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every view can be read and used by everybody, ${colorScheme}`, async () => {
    for (const path of ['/', run, `${run}?task=${failed.id}`]) {
      const page = await at(path, { colorScheme });
      expect(await lightness(page)).toSatisfy((l: number) => l > 0.5 === (colorScheme === 'light'));
      expect(await axe_breaches(page), path).toEqual([]);
      expect(await nameless(page), path).toEqual([]);
      await page.close();
    }
  });
}

test('t changes the theme, and the next visit remembers', async () => {
  const page = await at(run, { colorScheme: 'light' });
  await page.keyboard.press('t');
  await expect.poll(() => lightness(page), kWait).toBeLessThan(0.5);
  await page.reload();
  await card(page, failed.path).waitFor();
  expect(await lightness(page)).toBeLessThan(0.5);
});

test('nothing scrolls sideways at 320 px', async () => {
  for (const path of ['/', run, `${run}?task=${failed.id}`]) {
    const page = await at(path, { viewport: { width: 320, height: 640 } });
    expect(await sideways(page), path).toBe(0);
    expect(await axe_breaches(page), path).toEqual([]);
    await page.close();
  }
});

// Of the page's ground, 0 to 1.
async function lightness(page: Page): Promise<number> {
  return page.evaluate(() => {
    const numbers = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g)!.map(Number);
    return (numbers[0]! + numbers[1]! + numbers[2]!) / 3 / 255;
  });
}
