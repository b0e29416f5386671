// Where the system's own few colours take the place of the page's, shapes and edges suffice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { Server } from './support/server';

const kWait = { timeout: 60_000, interval: 50 };
const kRun = 'forcedforcedforcedforcedaa';

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('forced_colours');
  chromium = await Chromium.start();
  await server.tell({ run_key: kRun, task_state: { path: 'train', state: 'RUNNING' } });
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

test('the current tab alone looks current', async () => {
  const { page } = await chromium.open(`${server.url}/runs/${kRun}`, { forcedColors: 'active' });
  const tabs = page.getByRole('navigation', { name: 'Views of the run' }).getByRole('button');
  const edges = (): Promise<string[]> =>
    tabs.evaluateAll((all) => all.map((tab) => getComputedStyle(tab).borderBottomColor));
  await tabs.first().waitFor();
  await expect.poll(async () => new Set(await edges()).size, kWait).toBe(2);
  const [current, ...others] = await edges();
  expect(new Set(others).size).toBe(1);
  expect(others).not.toContain(current);
});
