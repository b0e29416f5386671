import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test('text tokens have a contrast of 4.5 on every ground they stand on', () => {
  const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
  const themes = css.split(`:root[data-theme='dark']`);
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
