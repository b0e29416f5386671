// The axis of the timeline, from a phone to a wide window: each label stands over its line of the
// grid, whatever scroll bar the rows have, and none touches another.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch } from './support/browser';
import { key_of, tasks } from './support/large';
import { sideways } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 60_000, interval: 50 };
const kRun = key_of('timeline');

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('timeline');
  // Scroll bars that take room, as on most desks.
  chromium = await Chromium.start('--disable-features=OverlayScrollbar');
  await tasks(server, kRun, 200);
});
afterAll(async () => server?.stop());
keep_watch(() => chromium);

interface Tick {
  at: string;
  left: number;
  middle: number;
  right: number;
}

async function ticks(page: Page): Promise<{ labels: Tick[]; lines: Tick[]; room: number[] }> {
  return page.evaluate(() => {
    const of = (name: 'tick' | 'gridLine'): Tick[] => {
      const attribute = name === 'tick' ? 'data-tick' : 'data-grid-line';
      return [...document.querySelectorAll<HTMLElement>(`[${attribute}]`)].map((element) => {
        const { left, right } = element.getBoundingClientRect();
        return { at: element.getAttribute(attribute)!, left, middle: (left + right) / 2, right };
      });
    };
    const list = document.querySelector('[aria-label="Tasks by time"]')!.getBoundingClientRect();
    return { labels: of('tick'), lines: of('gridLine'), room: [list.left, list.right] };
  });
}

for (const width of [390, 720, 1440]) {
  test(`labels stand over their lines, ${width} px wide`, async () => {
    const viewport = { width, height: 800 };
    const path = `/runs/${kRun}?tab=timeline`;
    const { page } = await chromium.open(server.url + path, { viewport });
    await page.getByRole('listitem').first().waitFor();
    await expect.poll(async () => (await ticks(page)).labels.length, kWait).toBeGreaterThan(0);
    for (const scrolled of [0, 1000]) {
      const rows = page.getByRole('list', { name: 'Tasks by time' });
      await rows.evaluate((list, top) => (list.parentElement!.scrollTop = top), scrolled);
      const { labels, lines, room } = await ticks(page);
      expect(lines.map((line) => line.at)).toEqual(labels.map((label) => label.at));
      labels.forEach((label, at) => {
        expect(Math.abs(label.middle - lines[at]!.middle)).toBeLessThan(1);
        if (at > 0) expect(label.left).toBeGreaterThan(labels[at - 1]!.right);
        expect(label.right).toBeLessThanOrEqual(room[1]!);
        expect(label.left).toBeGreaterThanOrEqual(room[0]!);
      });
    }
    expect(await sideways(page)).toBe(0);
  });
}
