// Home where far more runs have ended since than a page of the list holds: what runs, what needs a
// person and what is usual are no matter of what is on that page.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, in_order, keep_watch, type Tab } from './support/browser';
import { Server } from './support/server';

const kWait = { timeout: 120_000, interval: 50 };
const kNewer = 60;
const kLong = 'n'.repeat(400_000);

let server: Server;
let chromium: Chromium;
let tab: Tab;
let named = 0;

// Keys of 26 letters; the runs are told one after the other, and so listed.
const next_key = (): string =>
  `home${String.fromCharCode(97 + Math.floor(named / 26))}`.padEnd(25, 'x') +
  String.fromCharCode(97 + (named++ % 26));

function run(name: string, pipeline: string, state: string, more: object = {}): string {
  const run_key = next_key();
  waiting.push({ run_key, run_state: { state, name, pipeline, ...more } });
  return run_key;
}
const waiting: object[] = [];

beforeAll(async () => {
  server = await Server.start('busy_home');
  chromium = await Chromium.start();
  const now = Date.now() * 1000;
  const took = (minutes: number): object => ({
    started_at_us: String(now - minutes * 60e6),
    finished_at_us: String(now),
  });
  run('silent', 'silent', 'RUNNING');
  run('broken', 'broken', 'FAILED', { message: 'no space left' });
  run(kLong, 'long', 'FAILED', { message: kLong });
  for (const minutes of [10, 12, 14]) {
    await server.tell(...waiting.splice(0));
    const key = run('rare', 'rare', 'SUCCEEDED', took(minutes));
    waiting.push({ run_key: key, task_state: { path: 'train', state: 'SUCCEEDED' } });
    waiting.push({
      run_key: key,
      metric_points: { path: 'train', name: 'loss', step: [1], value: [minutes] },
    });
  }
  await server.tell(...waiting.splice(0));
  const running = run('rare again', 'rare', 'RUNNING', { started_at_us: String(now) });
  waiting.push({ run_key: running, task_state: { path: 'train', state: 'RUNNING' } });
  waiting.push({
    run_key: running,
    metric_points: { path: 'train', name: 'loss', step: [1], value: [15] },
  });
  for (let at = 0; at < kNewer; at += 1) run(`often ${at}`, 'often', 'SUCCEEDED', took(1));
  await server.tell(...waiting);
  tab = await chromium.open(server.url);
});
afterAll(async () => server?.stop());
in_order();
keep_watch(() => chromium);

const part = (name: string) => tab.page.getByRole('region', { name, exact: true });

test('what runs is there, with when it should be done', async () => {
  const running = part('Running now');
  await running.getByText('2 runs').waitFor();
  const card = running.getByRole('link', { name: /rare again/ });
  await expect.poll(() => card.textContent(), kWait).toMatch(/Done .*\d\d:\d\d/);
  expect(await running.getByText('Nothing runs now.').count()).toBe(0);
  expect(await part('Runs').locator('[data-run]').count()).toBe(50);
});

test('what failed is there, and long texts are cut', async () => {
  const failed = part('Needs attention');
  await failed.getByText('no space left').waitFor();
  const text = (await failed.textContent())!;
  expect(text).toContain('nnn');
  expect(text.length).toBeLessThan(2000);
  const list = await server.get<{ runs: { name: string }[] }>('/api/v1/runs?attention=1');
  for (const { name } of list.runs) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(300);
});

test('a running run is compared with those of its pipeline, old as they are', async () => {
  const { page } = tab;
  await page.getByRole('searchbox', { name: /Find a run/ }).fill('rare again');
  const row = part('Runs').locator('[data-run]');
  await expect.poll(() => row.count(), kWait).toBe(1);
  expect(await row.getByRole('img', { name: /usually 12 m 00 s/ }).count()).toBe(1);
  expect(await row.textContent()).toContain('+1');
  await row.getByRole('link').click();
  await page.getByRole('heading', { name: 'rare again' }).waitFor();
  await expect.poll(() => page.locator('main').textContent(), kWait).toMatch(/Done .*\d\d:\d\d/);
  await page.goBack();
});

test('a run that falls silent comes by itself', async () => {
  const silent = part('Needs attention').getByRole('listitem').filter({ hasText: 'Silent.' });
  await silent.filter({ hasText: 'silent' }).first().waitFor({ timeout: kWait.timeout });
  expect(await part('Running now').getByText('2 runs').count()).toBe(1);
});
