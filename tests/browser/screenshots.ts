// Not a test: writes pictures of every view to test-results/screenshots/, at three widths, light
// and dark, of what is large. tools/screenshots.sh runs it; somebody looks at them.
import { mkdirSync, rmSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { Chromium } from './support/browser';
import { pipelines, root } from './support/folders';
import { key_of, long_log, runs, series, tasks } from './support/large';
import { Server } from './support/server';

const kWidths = [390, 720, 1440];
const kOut = `${root}test-results/screenshots/`;
const kLogBytes = Number(process.env.SCREENSHOTS_LOG_BYTES ?? 100e6);
const kSweep = key_of('sweep');
const kLog = key_of('longlog');
const kDrawn = '[data-points="500"]:visible';
const kItems = Array.from({ length: 100 }, (_, at) => `sweep/${at}/train`);

let server: Server;
let chromium: Chromium;
// Of each view its path, and what stands there once it is drawn.
const views: { name: string; path: string; ready: string; act?: (page: Page) => Promise<void> }[] =
  [];

const wanted = (name: string): boolean =>
  (process.env.SCREENSHOTS ?? '').split(/\s+/).some((part) => name.includes(part));

async function sweep(): Promise<void> {
  const of_run = (event: object): object => ({ run_key: kSweep, ...event });
  await server.tell(
    of_run({
      run_state: { state: 'RUNNING', name: 'learning rates', pipeline: 'sweep', source: 'local' },
    }),
    of_run({
      graph: {
        tasks: [
          { path: 'load', name: 'load' },
          { path: 'sweep', name: 'sweep', kind: 'LOOP', depends_on: ['load'] },
          ...kItems.flatMap((path, index) => [
            {
              path: `sweep/${index}`,
              parent: 'sweep',
              kind: 'ITERATION',
              item: `{"lr": ${(index + 1) / 1000}}`,
              index,
            },
            { path, name: 'train', parent: `sweep/${index}` },
          ]),
          { path: 'choose', name: 'choose the best', depends_on: ['sweep'] },
        ],
      },
    }),
    of_run({ task_state: { path: 'load', state: 'SUCCEEDED', outputs: { rows: '1024' } } }),
    ...kItems.map((path, at) =>
      of_run({ task_state: { path, state: at % 3 === 0 ? 'RUNNING' : 'SUCCEEDED' } }),
    ),
  );
  await series(server, kSweep, kItems, 500);
}

beforeAll(async () => {
  rmSync(kOut, { recursive: true, force: true });
  mkdirSync(kOut, { recursive: true });
  server = await Server.start('screenshots');
  chromium = await Chromium.start();
  views.push({ name: 'empty', path: '/', ready: 'h1' });
});
afterAll(async () => {
  await chromium?.close();
  await server?.stop();
});

async function shoot(): Promise<void> {
  for (const { name, path, ready, act } of views.splice(0).filter((one) => wanted(one.name))) {
    for (const width of kWidths) {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await chromium.open(server.url + path, {
          viewport: { width, height: width === 390 ? 844 : 900 },
          colorScheme,
        });
        await page.locator(ready).first().waitFor();
        await act?.(page);
        await page.evaluate(() => document.fonts.ready);
        await page.waitForLoadState('networkidle').catch(() => undefined);
        await page.waitForTimeout(500); // a chart's last points, a fade
        await page.screenshot({ path: `${kOut}${name}-${width}-${colorScheme}.png` });
        await page.context().close();
      }
    }
  }
}

const press = (key: string) => async (page: Page) => page.keyboard.press(key);

test('pictures', { timeout: 3_600_000 }, async () => {
  await shoot();
  const failing = await server.run(`${pipelines}failing.py`);
  const last = await server.ended(failing);
  const failed = last.tasks.find((task) => task.state === 'FAILED')!;
  const [small, large] = [key_of('twothousand'), key_of('tenthousand')];
  await tasks(server, small, 2000);
  await tasks(server, large, 10_000);
  await sweep();
  await server.tell(
    { run_key: kLog, run_state: { state: 'RUNNING', name: 'long log', pipeline: 'train' } },
    { run_key: kLog, task_state: { path: 'train', state: 'RUNNING', attempt: 1 } },
  );
  await long_log(server, kLog, 'train', kLogBytes);
  await runs(server, 2000);
  const log_task = await server.task(kLog, /^train$/);
  const item = await server.task(kSweep, /^sweep\/3\/train$/);
  const of = (key: string, query = ''): string => `/runs/${key}${query}`;
  views.push(
    { name: 'home', path: '/', ready: '[data-run]' },
    { name: 'home-failed', path: '/?state=failed', ready: '[data-run]' },
    { name: 'find', path: '/', ready: '[data-run]', act: press('/') },
    { name: 'keys', path: '/', ready: '[data-run]', act: press('?') },
    { name: 'failed', path: of(failing), ready: 'main h1' },
    {
      name: 'failed-task',
      path: of(failing, `?task=${failed.id}`),
      ready: 'section[aria-label=Log] .line',
    },
    { name: 'failed-timeline', path: of(failing, '?tab=timeline'), ready: '[role=listitem]' },
    ...[
      ['2000', small] as const,
      ['10000', large] as const,
    ].flatMap(([name, key]) => [
      { name: `graph-${name}`, path: of(key), ready: 'main h1' },
      {
        name: `timeline-${name}`,
        path: of(key, '?tab=timeline'),
        ready: '[aria-label="Tasks by time"] [role=listitem]',
      },
    ]),
    { name: 'sweep', path: of(kSweep), ready: 'main h1' },
    { name: 'sweep-task', path: of(kSweep, `?task=${item.id}`), ready: kDrawn },
    { name: 'sweep-timeline', path: of(kSweep, '?tab=timeline'), ready: '[role=listitem]' },
    { name: 'metrics', path: of(kSweep, '?tab=metrics'), ready: kDrawn },
    { name: 'results', path: of(kSweep, '?tab=artifacts'), ready: 'main h1' },
    { name: 'log', path: of(kLog, `?task=${log_task.id}`), ready: '.line' },
  );
  await shoot();
});
