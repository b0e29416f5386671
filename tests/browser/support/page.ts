// How tests find things in the page: by the attributes the page promises (docs in ui/README.md), by
// roles and by accessible names; never by class or place.
import axe, { type Result } from 'axe-core';
import type { Locator, Page } from 'playwright-core';

export const card = (page: Page, path: string): Locator => page.locator(`[data-task="${path}"]`);
export const chart = (page: Page, id: string): Locator => page.locator(`[data-series="${id}"]`);
export const log = (page: Page): Locator => page.getByRole('region', { name: 'Log', exact: true });
export const ribbon = (page: Page): Locator => page.locator('[data-ribbon]');

// Every line of the log. Only those in view exist, so it is scrolled from end to end.
export async function all_log_lines(page: Page): Promise<string[]> {
  return log(page).evaluate(async (region) => {
    const lines = (): HTMLElement[] => [...region.querySelectorAll<HTMLElement>('.line')];
    let box = lines()[0]?.parentElement;
    while (box && !/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
    if (!box) throw new Error('the log does not scroll');
    const found = new Map<number, string>();
    const frame = (): Promise<number> => new Promise(requestAnimationFrame);
    for (let top = 0; ; top += Math.max(1, box.clientHeight / 2)) {
      box.scrollTop = top;
      await frame();
      await frame();
      const origin = box.getBoundingClientRect().top - box.scrollTop;
      for (const line of lines()) {
        found.set(Math.round(line.getBoundingClientRect().top - origin), line.textContent ?? '');
      }
      if (top + box.clientHeight >= box.scrollHeight) break;
    }
    return [...found].sort(([a], [b]) => a - b).map(([, text]) => text);
  });
}

// Whether a reader sees it: inside the window, and of every box that scrolls.
export async function is_in_view(what: Locator): Promise<boolean> {
  return what.evaluate((element) => {
    const { left, top, height } = element.getBoundingClientRect();
    const there = document.elementFromPoint(left + 2, top + height / 2);
    return there !== null && (element.contains(there) || there.contains(element));
  });
}

// Breaches of WCAG 2.2 A and AA as axe sees them, in words.
export async function axe_breaches(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations: Result[] = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const { axe: tool } = window as unknown as { axe: typeof import('axe-core') };
    return (await tool.run({ runOnly: { type: 'tag', values: tags } })).violations;
  });
  // A card of the graph draws its name cut to its width, and is named in full.
  const drawn = (id: string, html: string): boolean =>
    id === 'label-content-name-mismatch' && html.includes('data-task=');
  return violations.flatMap((rule) =>
    rule.nodes
      .filter((node) => !drawn(rule.id, node.html))
      .map((node) => `${rule.id}: ${node.html.slice(0, 160)}: ${node.failureSummary}`),
  );
}

const kActs =
  /^(button|link|checkbox|radio|switch|tab|textbox|searchbox|combobox|slider|menuitem)$/;

// What can be used but has no name, in Chromium's own accessibility tree.
export async function nameless(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  const acting = nodes.filter((node) => !node.ignored && kActs.test(String(node.role?.value)));
  if (acting.length === 0) throw new Error('the page has nothing to use');
  return acting
    .filter((node) => String(node.name?.value ?? '').trim() === '')
    .map((node) => `${node.role?.value} without a name`);
}

// How far the page scrolls sideways, in px.
export async function sideways(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement!;
    return scrollWidth - clientWidth;
  });
}
