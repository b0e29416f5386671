// Who may start and stop runs: a browser that opened the owner's link. Every other one reads, and
// says how to get a link where it would need one.
import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { Chromium, in_order, keep_watch, type Tab } from './support/browser';
import { pipelines } from './support/folders';
import { axe_breaches } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 200_000, interval: 50 };

let server: Server;
let closed: Server; // shows nothing to who brings no token
let chromium: Chromium;
let reader: Tab;
let owner: Tab;
let link: string;
let gated: string; // the key of a run that waits
let gate: string;

beforeAll(async () => {
  server = await Server.start('owner');
  closed = await Server.start('owner_closed', '--without-token', 'none');
  chromium = await Chromium.start();
  gate = `${server.data}-gate`;
  gated = await server.run(`${pipelines}gated.py`, { gate, steps: '3' });
});
afterAll(async () => {
  if (!existsSync(gate)) writeFileSync(gate, '');
  await server?.stop();
  await closed?.stop();
});
keep_watch(() => chromium);
in_order();

const dialog = (page: Page): Locator => page.locator('dialog[open]');
const opens = (page: Page, name: RegExp): Promise<void> =>
  page.getByRole('button', { name }).first().click();

test('a page without a link reads, and says in place how to get one', async () => {
  reader = await chromium.open(`${server.url}/runs/${gated}`);
  await opens(reader.page, /stop run/i);
  await dialog(reader.page).getByText(`telltale open --url ${server.url}`).waitFor();
  const stop = dialog(reader.page).getByRole('button', { name: 'Stop run' });
  expect(await stop.isDisabled()).toBe(true);
  expect(await axe_breaches(reader.page)).toEqual([]);
  await reader.page.keyboard.press('Escape');
});

test('a link lets a browser in, and leaves no code in the address', async () => {
  link = await server.link(`/runs/${gated}`);
  owner = await chromium.open(link);
  await expect.poll(() => owner.page.url(), kWait).toBe(`${server.url}/runs/${gated}`);
  const kept = (): Promise<string | null> =>
    owner.page.evaluate(() => localStorage.getItem('telltale.token'));
  await expect.poll(kept, kWait).toMatch(/^[0-9a-f]{64}$/);
  expect(link).not.toContain((await kept())!);
  expect(await owner.page.context().cookies()).toEqual([]);
});

test('the same link works once', async () => {
  const second = await chromium.open(server.url);
  second.planted = /403/; // the refusal is an error in the console
  await second.page.goto(link);
  await second.page.getByText('This link was used already').waitFor();
  expect(second.page.url()).toBe(`${server.url}/runs/${gated}`);
  expect(await second.page.evaluate(() => localStorage.getItem('telltale.token'))).toBeNull();
  await second.page.close();
});

test('the owner stops a run', async () => {
  await opens(owner.page, /stop run/i);
  await dialog(owner.page).getByRole('button', { name: 'Stop run' }).click();
  expect((await server.ended(gated)).run.state).toBe('CANCELLED');
});

test('what is no value of a parameter is refused where it is typed', async () => {
  await owner.page.reload();
  await opens(owner.page, /run again/i);
  const steps = dialog(owner.page).getByLabel('steps');
  const run = dialog(owner.page).getByRole('button', { name: 'Run', exact: true });
  await steps.fill('abc');
  await dialog(owner.page).getByText('steps is a number.').waitFor();
  expect(await run.isDisabled()).toBe(true);
  await steps.fill('3');
  await expect.poll(() => run.isDisabled(), kWait).toBe(false);
  await owner.page.keyboard.press('Escape');
});

test('the owner runs it again, after the page was loaded anew too', async () => {
  await owner.page.reload();
  await opens(owner.page, /run again/i);
  await dialog(owner.page).getByRole('button', { name: 'Run', exact: true }).click();
  const there = (): string => owner.page.url();
  await expect.poll(there, kWait).not.toBe(`${server.url}/runs/${gated}`);
  const again = new URL(there()).pathname.slice('/runs/'.length);
  writeFileSync(gate, '');
  expect((await server.ended(again)).run.state).toBe('SUCCEEDED');
});

test('a reader finds no way to start it', async () => {
  await opens(reader.page, /run again/i);
  await dialog(reader.page).getByText('telltale open').waitFor();
  const run = dialog(reader.page).getByRole('button', { name: 'Run', exact: true });
  expect(await run.isDisabled()).toBe(true);
});

test('a link that is opened in an open page lets that page in', async () => {
  const address = await server.link();
  await reader.page.evaluate((hash) => {
    location.hash = hash;
  }, address.slice(address.indexOf('#')));
  const run = dialog(reader.page).getByRole('button', { name: 'Run', exact: true });
  await expect.poll(() => run.isDisabled(), kWait).toBe(false);
});

test('where reading takes a token, the page says so, and reads with a link', async () => {
  const outside = await chromium.open(server.url);
  outside.planted = /401|WebSocket/;
  const { page } = outside;
  await page.goto(closed.url);
  await page.getByText('shows its runs to who has a link').waitFor();
  const address = await closed.link();
  await page.evaluate((hash) => {
    location.hash = hash;
  }, address.slice(address.indexOf('#')));
  await page.getByText('No runs yet').waitFor();
  await expect.poll(() => page.locator('[data-ribbon="live"]').count(), kWait).toBe(1);
});
