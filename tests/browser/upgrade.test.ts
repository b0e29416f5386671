// A page that was open while the server was upgraded to another schema.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { Server } from './support/server';

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('upgrade');
  chromium = await Chromium.start();
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

// A ServerMessage with one frame: hello, of schema 99.
const kHello = Buffer.from('0a0452020863', 'hex');

// The server's first words are of another schema, for so many connections.
async function upgrade(page: Page, connections: number): Promise<void> {
  let left = connections;
  await page.routeWebSocket('**/api/v1/live', (socket) => {
    const upstream = socket.connectToServer();
    if (left-- > 0) {
      upstream.onMessage(() => {});
      socket.send(kHello);
    }
  });
}

test('a page of before loads itself again, once, and says why', async () => {
  const tab = await chromium.open('about:blank');
  await upgrade(tab.page, 1);
  await tab.page.goto(server.url);
  await tab.page.getByText('The server was upgraded.').waitFor();
  await tab.page.getByText('No runs yet').waitFor();
  expect(tab.loads).toBe(3);
  await tab.page.getByRole('button', { name: 'Close' }).click();
  await tab.page.getByText('The server was upgraded.').waitFor({ state: 'detached' });
});

test('where that does not help it says so and waits', async () => {
  const tab = await chromium.open('about:blank');
  await upgrade(tab.page, Infinity);
  await tab.page.goto(server.url);
  await tab.page.getByText('Loading it again did not help').waitFor();
  expect(tab.loads).toBe(3);
});
