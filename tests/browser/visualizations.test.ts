// Visualizations of a run: asked for in the page, drawn by a worker that does what the test says,
// and seen part by part while it goes on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { Chromium, in_order, keep_watch, type Tab } from './support/browser';
import { axe_breaches } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 120_000, interval: 50 };
const kRun = 'drawnrundrawnrundrawnrunaa';
const kTypes = [
  { name: 'custom', title: 'Custom code', arguments: [{ name: 'code', type: 'text' }] },
  { name: 'file', source: 'required', arguments: [] },
  { name: 'quick', arguments: [{ name: 'number', type: 'integer', default: 1 }] },
];

interface Lease {
  lease: string;
  job: string;
  type: string;
  arguments: Record<string, unknown>;
}

let server: Server;
let chromium: Chromium;
let owner: Tab;
const leases: Lease[] = [];

async function told(answer: Promise<Response>): Promise<Response> {
  const { ok, status } = await answer;
  if (!ok) throw new Error(`the worker was answered ${status}`);
  return answer;
}

const show = (lease: Lease, index: number, type: string, body: string): Promise<Response> =>
  told(server.send('PUT', `/api/v1/render/leases/${lease.lease}/parts/${index}`, body, type));
const say = (lease: Lease, what: 'beat' | 'done', body: object): Promise<Response> =>
  told(server.send('POST', `/api/v1/render/leases/${lease.lease}/${what}`, JSON.stringify(body)));

async function take(count: number): Promise<void> {
  const wanted = { worker: 'test', slots: count, wait_s: 20 };
  const answer = await told(server.send('POST', '/api/v1/render/leases', JSON.stringify(wanted)));
  leases.push(...((await answer.json()) as { leases: Lease[] }).leases);
}

beforeAll(async () => {
  server = await Server.start('visualizations');
  chromium = await Chromium.start();
  await server.tell({ run_key: kRun, run_state: { state: 'RUNNING', name: 'drawn' } });
  const types = { worker: 'test', environment: 'test', types: kTypes };
  await told(server.send('PUT', '/api/v1/render/types', JSON.stringify(types)));
  owner = await chromium.open(await server.link(`/runs/${kRun}?tab=artifacts`));
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);
in_order();

const card = (page: Page, job: string): Locator =>
  page.locator(`[data-visualization="${job}"]`);
const state = (job: string): Promise<string | null> =>
  card(owner.page, job).getAttribute('data-state');

async function visualize(fill: (dialog: Locator) => Promise<unknown>): Promise<void> {
  await owner.page.getByRole('button', { name: 'Visualize…' }).click();
  const dialog = owner.page.getByRole('dialog', { name: 'Visualize' });
  await fill(dialog);
  await dialog.getByRole('button', { name: 'Draw' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

test('what is asked for in the form waits in the queue', async () => {
  await visualize((dialog) => dialog.getByRole('textbox', { name: 'code' }).fill('draw()\n'));
  for (let number = 2; number <= 8; ++number) {
    await visualize(async (dialog) => {
      await dialog.getByRole('combobox', { name: 'type' }).selectOption('quick');
      await dialog.getByRole('textbox', { name: 'number' }).fill(String(number));
    });
  }
  await owner.page.getByText('8 in the queue').waitFor();
  expect(await axe_breaches(owner.page)).toEqual([]);
});

test('a slow one draws itself piece by piece beside seven others', async () => {
  await take(8);
  expect(leases.map((lease) => lease.arguments)).toEqual([
    { code: 'draw()\n' },
    ...[2, 3, 4, 5, 6, 7, 8].map((number) => ({ number })),
  ]);
  const [slow, ...others] = leases as [Lease, ...Lease[]];
  const text = card(owner.page, slow.job).locator('[data-part="0"]');
  await show(slow, 0, 'text/plain', 'step 1');
  await text.getByText('step 1').waitFor();
  for (const other of others.slice(1)) {
    await show(other, 0, 'text/plain', `number ${String(other.arguments.number)}`);
    await say(other, 'done', { state: 'SUCCEEDED' });
  }
  await expect.poll(() => state(others.at(-1)!.job), kWait).toBe('succeeded');
  await owner.page.getByText('number 8').waitFor();
  expect(await state(slow.job)).toBe('running');
  await say(slow, 'beat', { progress: { done: 1, total: 2, note: 'half way' } });
  await card(owner.page, slow.job).getByText('half way').waitFor();
  await show(slow, 0, 'text/plain', 'step 2');
  await text.getByText('step 2').waitFor();
  const box = '<svg xmlns="http://www.w3.org/2000/svg" width="70" height="40"></svg>';
  await show(slow, 1, 'image/svg+xml', box);
  const image = card(owner.page, slow.job).getByRole('img');
  const width = (): Promise<number> =>
    image.evaluate((one: HTMLImageElement) => one.naturalWidth);
  await expect.poll(width, kWait).toBe(70);
});

test('what it sent runs in a frame that reaches nothing', async () => {
  const slow = leases[0]!;
  const script = `<p id="said"></p><script>
    const said = [self.origin];
    try { said.push(parent.document.title) } catch { said.push('no page') }
    fetch('/api/v1/runs').then(() => said.push('network'), () => said.push('no network'))
      .then(() => { document.getElementById('said').textContent = said.join(', ') });
  </script>`;
  owner.planted = /Content Security Policy/; // the refusal is an error in the console
  await show(slow, 2, 'text/html', script);
  const frame = owner.page.frameLocator('[data-part="2"] iframe');
  await expect
    .poll(() => frame.locator('#said').textContent(), kWait)
    .toBe('null, no page, no network');
});

test('one is cancelled, and one says why it failed', async () => {
  const [slow, other] = leases as [Lease, Lease];
  const button = card(owner.page, other.job).getByRole('button', { name: 'Cancel' });
  await button.click();
  await expect.poll(() => state(other.job), kWait).toBe('cancelled');
  const beat = await say(other, 'beat', {});
  expect(await beat.json()).toEqual({ cancelled: true });
  await say(slow, 'done', { state: 'FAILED', message: 'ValueError: no such column' });
  await card(owner.page, slow.job).getByText('ValueError: no such column').waitFor();
  expect(await state(slow.job)).toBe('failed');
});

test('a source that may not be read is refused in the form', async () => {
  owner.planted = /400|Content Security Policy/;
  await owner.page.getByRole('button', { name: 'Visualize…' }).click();
  const dialog = owner.page.getByRole('dialog', { name: 'Visualize' });
  await dialog.getByRole('combobox', { name: 'type' }).selectOption('file');
  await dialog.getByRole('textbox', { name: 'source' }).fill('/etc/passwd');
  await dialog.getByRole('button', { name: 'Draw' }).click();
  await dialog.getByText('A source is a file below a folder').waitFor();
  await owner.page.keyboard.press('Escape');
});

test('they are there at 390 px and in the dark', async () => {
  const link = await server.link(`/runs/${kRun}?tab=artifacts`);
  const small = { viewport: { width: 390, height: 800 }, colorScheme: 'dark' as const };
  const narrow = await chromium.open(link, small);
  narrow.planted = /Content Security Policy/;
  await card(narrow.page, leases[0]!.job).getByText('ValueError').waitFor();
  const too_wide = (): boolean => document.documentElement.scrollWidth > innerWidth;
  expect(await narrow.page.evaluate(too_wide)).toBe(false);
});
