// The example as readers live through it, one at the run and one at a task of it: nothing is loaded
// again from the empty page to the end of the run, though the server is killed in its middle.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, in_order, keep_watch, type Tab } from './support/browser';
import { root } from './support/folders';
import { all_log_lines, card, chart, log, ribbon } from './support/page';
import { Server, type Run, type Task } from './support/server';

const kExample = `${root}examples/breast_cancer/pipeline.py`;
const kWait = { timeout: 200_000, interval: 50 };

let server: Server;
let chromium: Chromium;
let at_run: Tab;
let at_task: Tab;
let key: string;
let train: Task;
let loss: string; // the id of its series

beforeAll(async () => {
  server = await Server.start('live_run');
  chromium = await Chromium.start();
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);
in_order();

const points = async (): Promise<number> =>
  Number(await chart(at_task.page, loss).getAttribute('data-points'));
const ribbons = (): Promise<(string | null)[]> =>
  Promise.all([at_run, at_task].map(({ page }) => ribbon(page).getAttribute('data-ribbon')));

test('without a run the page says how to start one', async () => {
  at_run = await chromium.open(server.url);
  await at_run.page.getByText('No runs yet').waitFor();
  expect(await at_run.page.getByText('telltale run').isVisible()).toBe(true);
});

test('a run that starts appears by itself and opens', async () => {
  key = await server.run(kExample, { epochs: '12' });
  const row = at_run.page.locator(`[data-run="${key}"]`);
  await row.waitFor();
  await row.getByRole('link').first().click();
  await at_run.page.waitForURL(`**/runs/${key}`);
});

test('tasks are there before they start', async () => {
  const last = card(at_run.page, 'evaluate');
  await last.waitFor({ timeout: kWait.timeout });
  expect(await last.getAttribute('data-state')).toBe('pending');
});

test('states change', async () => {
  train = await server.task(key, /\/0\/train$/);
  at_task = await chromium.open(`${server.url}/runs/${key}?task=${train.id}`);
  const seen = async (): Promise<string[]> =>
    Object.values(await at_run.states()).map((states) => states.join());
  // Those that the graph's first news found running were never seen pending.
  await expect.poll(async () => (await seen()).some(has_ended_well), kWait).toBe(true);
});

test('a log grows line by line', async () => {
  const line = log(at_task.page).locator('.line');
  await expect.poll(() => line.filter({ hasText: 'epoch 1: loss=' }).count(), kWait).toBe(1);
});

test('points arrive in a chart', async () => {
  loss = await server.series(key, train.id, 'batch_loss');
  await chart(at_task.page, loss).waitFor();
  const before = await points();
  await expect.poll(points, kWait).toBeGreaterThan(before);
});

test('after kill -9 of the server the pages go on by themselves', async () => {
  at_run.may_miss_server = at_task.may_miss_server = true;
  await server.kill();
  await expect.poll(async () => (await ribbons()).includes('live'), kWait).toBe(false);
  const before = await points();
  await server.start();
  await expect.poll(ribbons, kWait).toEqual(['live', 'live']);
  await expect.poll(points, kWait).toBeGreaterThan(before);
});

test('at the end nothing is missing', async () => {
  const view = await server.ended(key);
  expect(view.run.state).toBe('SUCCEEDED');
  await every_state(view);
  expect((await at_run.states())['evaluate']).toEqual(['pending', 'running', 'succeeded']);
  await every_line(await server.log_lines(key, train.id));
  await every_point(view);
});

test('it offers to run again, and the way to an own pipeline', async () => {
  await at_run.page.getByRole('button', { name: /run again/i }).waitFor();
  const printed = `build/telltale run your_pipeline.py --url ${server.url}`;
  expect(await at_run.page.getByText(printed).isVisible()).toBe(true);
});

test('nothing jumped and nothing was loaded again', async () => {
  expect(await at_run.shifts()).toEqual([]);
  expect(await at_task.shifts()).toEqual([]);
  expect(at_run.loads).toBe(1);
  expect(at_task.loads).toBe(1);
});

function has_ended_well(states: string): boolean {
  return states.endsWith('running,succeeded');
}

async function every_state(view: Run): Promise<void> {
  const told = new Map(view.tasks.map((task) => [task.path, task.state.toLowerCase()]));
  for (const tab of [at_run, at_task]) {
    const paths = Object.keys(await tab.states());
    expect(paths).toContain('evaluate');
    const truth = Object.fromEntries(paths.map((path) => [path, told.get(path)]));
    await expect
      .poll(async () => {
        const seen = Object.entries(await tab.states());
        return Object.fromEntries(seen.map(([path, states]) => [path, states.at(-1)]));
      }, kWait)
      .toEqual(truth);
  }
}

async function every_line(expected: string[]): Promise<void> {
  expect(expected.length).toBeGreaterThan(5);
  // A line may begin with its number: only its end is compared.
  const ends = async (): Promise<string[]> => {
    const shown = await all_log_lines(at_task.page);
    return shown.map((line, index) => line.slice(-(expected[index]?.length || Infinity)));
  };
  await expect.poll(ends, kWait).toEqual(expected);
}

async function every_point(view: Run): Promise<void> {
  const mine = view.series.filter((one) => one.task_id === train.id);
  expect(mine.map((one) => one.name).sort()).toEqual(['accuracy', 'batch_loss', 'loss']);
  for (const series of mine) {
    const drawn = chart(at_task.page, series.id);
    await expect.poll(() => drawn.getAttribute('data-points'), kWait).toBe(series.points);
    expect(await drawn.getAttribute('data-last')).toBe(String(series.last_value));
  }
}
