// A server that nothing ever ran on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { axe_breaches, nameless, sideways } from './support/page';
import { Server } from './support/server';

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('empty_page');
  chromium = await Chromium.start();
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 320]) {
    test(`the empty page, ${colorScheme}, ${width} px wide`, async () => {
      const viewport = { width, height: 800 };
      const { page } = await chromium.open(server.url, { colorScheme, viewport });
      await page.getByText('No runs yet').waitFor();
      expect(await page.getByText('telltale run').isVisible()).toBe(true);
      expect(await sideways(page)).toBe(0);
      expect(await axe_breaches(page)).toEqual([]);
      expect(await nameless(page)).toEqual([]);
    });
  }
}

test('a run that nobody knows is said to be unknown', async () => {
  const { page } = await chromium.open(`${server.url}/runs/${'a'.repeat(26)}`);
  await page.getByText('No run has this key').waitFor();
});
