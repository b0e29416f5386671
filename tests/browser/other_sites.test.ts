// A page of another site, open in the same browser, tries to reach the server that runs Python for
// the user. Chromium sends its requests; it is the server that must refuse them.
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { Chromium } from './support/browser';
import { pipelines } from './support/folders';
import { Server } from './support/server';

let server: Server;
let chromium: Chromium;
let site: HttpServer;
let elsewhere: string;

beforeAll(async () => {
  server = await Server.start('other_sites');
  site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title>');
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  elsewhere = `http://elsewhere.example:${(site.address() as AddressInfo).port}`;
  // Both names lead to this machine: the second one is how DNS rebinding looks.
  const names = 'MAP elsewhere.example 127.0.0.1, MAP rebound.example 127.0.0.1';
  chromium = await Chromium.start(`--host-resolver-rules=${names}`);
});
afterAll(async () => {
  await chromium?.close();
  site?.close();
  await server?.stop();
});

interface Attempt {
  path: string;
  init?: RequestInit;
}
const kLaunch = JSON.stringify({ pipeline_file: `${pipelines}failing.py` });
const kAttempts: Record<string, Attempt> = {
  'reads the runs': { path: '/api/v1/runs' },
  'reads the runs without CORS': { path: '/api/v1/runs', init: { mode: 'no-cors' } },
  'starts a run as a form would': {
    path: '/api/v1/runs',
    init: { method: 'POST', mode: 'no-cors', body: kLaunch },
  },
  'starts a run as the page does': {
    path: '/api/v1/runs',
    init: { method: 'POST', headers: { 'content-type': 'application/json' }, body: kLaunch },
  },
  'writes events': {
    path: '/api/v1/events',
    init: { method: 'POST', mode: 'no-cors', body: '{}' },
  },
};

// What the page got to see, and what the server had answered, preflights and all: Chromium keeps
// the answers it does not show to the page from Playwright's `response` too.
async function fetch_from(page: Page, url: string, init: RequestInit = {}): Promise<unknown[]> {
  const session = await page.context().newCDPSession(page);
  const urls = new Map<string, string>();
  const answers: { id: string; status: number }[] = [];
  session.on('Network.requestWillBeSent', ({ requestId, request }) =>
    urls.set(requestId, request.url),
  );
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) =>
    answers.push({ id: requestId, status: statusCode }),
  );
  await session.send('Network.enable');
  const seen = await page.evaluate(
    async ([to, how]) => {
      const answer = await fetch(to, how).catch(() => undefined);
      return answer ? `${answer.type} ${await answer.text()}` : 'refused';
    },
    [url, init] as const,
  );
  await session.detach();
  return [seen, ...answers.filter(({ id }) => urls.get(id) === url).map(({ status }) => status)];
}

async function opens_socket(page: Page, host: string): Promise<boolean> {
  return page.evaluate(async (to) => {
    const socket = new WebSocket(`ws://${to}/api/v1/live`);
    return new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
  }, host);
}

test('the page itself may do all that', async () => {
  const { page } = await chromium.open(server.url);
  const [seen] = await fetch_from(page, `${server.url}/api/v1/runs`);
  expect(seen).toMatch(/^basic \{/);
  expect(await opens_socket(page, `127.0.0.1:${server.port}`)).toBe(true);
});

for (const [what, { path, init }] of Object.entries(kAttempts)) {
  test(`another site ${what} in vain`, async () => {
    const { page } = await chromium.open(elsewhere);
    const [seen, ...statuses] = await fetch_from(page, server.url + path, init);
    expect(seen).toMatch(/^(refused|opaque )$/);
    expect(statuses).toEqual([403]);
  });
}

test('another site submits a form in vain', async () => {
  const { page } = await chromium.open(elsewhere);
  const answer = page.waitForResponse((response) => response.url().startsWith(server.url));
  await page.evaluate((to) => {
    const form = document.createElement('form');
    form.method = 'post';
    form.action = `${to}/api/v1/runs`;
    form.enctype = 'text/plain';
    document.body.append(form);
    form.submit();
  }, server.url);
  expect((await answer).status()).toBe(403);
});

test('another site opens no WebSocket and no event stream', async () => {
  const { page } = await chromium.open(elsewhere);
  expect(await opens_socket(page, `127.0.0.1:${server.port}`)).toBe(false);
  const streams = await page.evaluate(async (to) => {
    const source = new EventSource(`${to}/api/v1/runs`);
    return new Promise<boolean>((resolve) => {
      source.onopen = () => resolve(true);
      source.onerror = () => resolve(false);
    });
  }, server.url);
  expect(streams).toBe(false);
});

test('another site may not frame the page', async () => {
  const { page } = await chromium.open(elsewhere);
  const response = page.waitForResponse((one) => one.url().startsWith(server.url));
  await page.evaluate((to) => {
    const frame = document.createElement('iframe');
    frame.src = to;
    document.body.append(frame);
  }, server.url);
  expect((await response).status()).toBe(403);
});

test('a name that was rebound to this machine is not answered', async () => {
  const host = `rebound.example:${server.port}`;
  const { page } = await chromium.open(`http://${host}/`);
  expect(await page.title()).not.toBe('Telltale');
  const [seen, ...statuses] = await fetch_from(page, `http://${host}/api/v1/runs`);
  expect(statuses).toEqual([403]);
  expect(seen).toContain('--host');
  expect(await opens_socket(page, host)).toBe(false);
});

test('none of it started anything', async () => {
  expect(await server.get('/api/v1/runs')).toEqual({});
  expect(await server.get('/api/v1/rejected')).toMatchObject({ total: 0 });
});
