// Debian's Chromium, and pages that are watched from their first byte: what they complain about,
// what moved under the reader's eyes, which states each task went through. A test that fails leaves
// a picture of every open page under test-results/browser/.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import { results } from './folders';

const kProgram = process.env.TELLTALE_CHROMIUM ?? '/usr/bin/chromium';

declare global {
  interface Window {
    watched: {
      states: Record<string, string[]>; // task path -> the states it was shown in, in order
      shifts: string[]; // what moved though nobody touched anything
    };
  }
}

// Runs in every page before anything of its own does.
function watch(): void {
  const watched: Window['watched'] = { states: {}, shifts: [] };
  window.watched = watched;
  const look = (): void => {
    for (const card of document.querySelectorAll<HTMLElement>('[data-task]')) {
      const states = (watched.states[card.dataset.task!] ??= []);
      if (states.at(-1) !== card.dataset.state) states.push(card.dataset.state!);
    }
  };
  new MutationObserver(look).observe(document, {
    attributes: true,
    attributeFilter: ['data-state'],
    childList: true,
    subtree: true,
  });
  interface Shift extends PerformanceEntry {
    value: number;
    hadRecentInput: boolean;
    sources: { node: Node | null }[];
  }
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as Shift[]) {
      // Below a hundredth: a word that grows beside another, a row of what happens now that moves
      // up as the one above it ends. What is read stays where it is.
      if (entry.value < 0.01) continue;
      if (entry.hadRecentInput) continue;
      const nodes = entry.sources.map(({ node }) => {
        const element = node instanceof Element ? node : node?.parentElement;
        return element ? describe(element) : 'gone';
      });
      watched.shifts.push(`${entry.value.toFixed(5)} by ${nodes.join(', ')}`);
    }
  }).observe({ type: 'layout-shift', buffered: true });
  function describe(element: Element): string {
    return `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}">`;
  }
}

// What Chromium itself says when nobody listens; no page can keep it from saying so.
const kAway = /net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE|INCOMPLETE_CHUNKED)/;

export class Tab {
  readonly complaints: string[] = [];
  loads = 0; // of documents
  // True once the test has taken the server away.
  may_miss_server = false;
  // What the test has planted, and is complained of.
  planted: RegExp | undefined;

  constructor(readonly page: Page) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.complain(message.text());
    });
    page.on('domcontentloaded', () => (this.loads += 1));
    page.on('pageerror', (error) => this.complain(String(error.stack ?? error)));
  }

  private complain(text: string): void {
    if (this.may_miss_server && kAway.test(text)) return;
    if (this.planted?.test(text)) return;
    this.complaints.push(text);
  }

  async shifts(): Promise<string[]> {
    return this.page.evaluate(() => window.watched.shifts);
  }

  async states(): Promise<Record<string, string[]>> {
    return this.page.evaluate(() => window.watched.states);
  }
}

export class Chromium {
  private readonly tabs: Tab[] = [];
  private constructor(
    private readonly browser: Browser,
    // Shared by all tabs; undefined: each has its own, as if in another browser.
    private readonly shared?: BrowserContext,
  ) {}

  static async start(...more: string[]): Promise<Chromium> {
    return new Chromium(await chromium.launch({ executablePath: kProgram, args: flags(more) }));
  }

  // Tabs of one window, of which one is seen and the others are hidden. Playwright tells each page
  // that it has the focus unless it finds the browser already running.
  static async start_with_background_tabs(): Promise<Chromium> {
    const profile = mkdtempSync(`${tmpdir()}/telltale-profile-`);
    const options = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`];
    const child = spawn(kProgram, [...flags(options), 'about:blank'], { detached: true });
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stderr.on('data', (bytes) => {
        said += String(bytes);
        const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
        if (found) resolve(found);
      });
      child.on('exit', () => reject(new Error(`Chromium did not start: ${said}`)));
    });
    const browser = await chromium.connectOverCDP(address, { noDefaults: true });
    browser.on('disconnected', () => {
      process.kill(-child.pid!, 'SIGKILL');
      child.once('close', () => rmSync(profile, { recursive: true, force: true }));
    });
    return new Chromium(browser, browser.contexts()[0]!);
  }

  async open(url: string, options: BrowserContextOptions = {}): Promise<Tab> {
    const viewport = { width: 1280, height: 800 };
    const context =
      this.shared ?? (await this.browser.newContext({ viewport, ...options }));
    const page = await context.newPage();
    await page.addInitScript(watch);
    const tab = new Tab(page);
    this.tabs.push(tab);
    await page.goto(url);
    return tab;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  async picture(name: string): Promise<void> {
    for (const [index, { page }] of this.tabs.entries()) {
      if (page.isClosed()) continue;
      const path = `${results}${name}.${index}.png`;
      await page.screenshot({ path, timeout: 10_000 }).catch(() => undefined);
    }
  }

  complaints(): string[] {
    return this.tabs.flatMap((tab) => tab.complaints);
  }
}

function flags(more: string[]): string[] {
  // Chromium's sandbox refuses to start as root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return ['--no-first-run', ...sandbox, ...more];
}

// The tests of a file are one story: what follows a failed one is not told.
export function in_order(): void {
  let broken = '';
  beforeEach(({ skip }) => skip(broken !== '', `comes after "${broken}", which failed`));
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') broken ||= task.name;
  });
}

// For every test of a file: no page may complain, and a failure is photographed.
export function keep_watch(chromium: () => Chromium): void {
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      await chromium().picture(task.name.replace(/[^a-z0-9]+/gi, '_'));
    }
    expect(chromium().complaints(), 'complaints in the console').toEqual([]);
  });
  afterAll(async () => chromium().close());
}
