import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { duration, metric } from './format';
import { LogLines, spans_of } from './log_lines';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a return overwrites its line', () => {
  const log = new LogLines();
  log.append(0, encode('one\r\n 10%\r 14%'));
  expect(log.lines.map((line) => line.text)).toEqual(['one', ' 14%']);
});

test('colours become classes and carry on to the next line', () => {
  const log = new LogLines();
  log.append(0, encode('\x1b[32mgood\nstill\x1b[0m plain\n'));
  expect(spans_of(log.lines[0]!)).toEqual([{ text: 'good', style: 'a-green' }]);
  expect(spans_of(log.lines[1]!).map((span) => span.style)).toEqual(['a-green', '']);
});

test('a character cut in two comes whole, a broken one is marked', () => {
  const log = new LogLines();
  const bytes = encode('로\n');
  log.append(0, bytes.subarray(0, 2));
  log.append(2, bytes.subarray(2));
  log.append(4, new Uint8Array([0xff, 0x41, 10]));
  expect(log.lines.map((line) => line.text)).toEqual(['로', '\ufffdA']);
});

test('durations and numbers', () => {
  expect([8e3, 130e3, 3840e3].map(duration)).toEqual(['8 s', '2 m 10 s', '1 h 04 m']);
  expect([0.94123, 1842, -0.5].map(metric)).toEqual(['0.9412', '1,842', '\u22120.5000']);
});

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test('text tokens have a contrast of 4.5 on every ground they stand on', () => {
  const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
  const themes = css.split(':root[data-theme="dark"]');
  expect(themes).toHaveLength(2);
  for (const theme of themes) {
    const tokens = new Map(
      [...theme.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((found) => [found[1]!, found[2]!]),
    );
    for (const name of [
      'ink',
      'ink2',
      'ink3',
      'accent',
      'run',
      'ok',
      'bad',
      'warn',
      'wait',
      'hold',
      'cache',
      'idle',
    ]) {
      for (const ground of ['surface', 'canvas', `${name}-bg`]) {
        const behind = tokens.get(ground);
        if (!behind) continue;
        const [high = 0, low = 0] = [luminance(tokens.get(name)!), luminance(behind)].sort(
          (a, b) => b - a,
        );
        expect((high + 0.05) / (low + 0.05), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  }
});
