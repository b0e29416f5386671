import { expect, test } from 'vitest';
import { critical_path, lanes_of, ticks_that_fit, type Span } from './timeline';

const span = (id: string, start: number, end: number): Span => ({ id, start, end });

test('no two spans of a lane overlap, and there are as few lanes as ran at once', () => {
  const spans = [span('a', 0, 10), span('b', 5, 15), span('c', 10, 20), span('d', 16, 30)];
  const { lane, count } = lanes_of(spans);
  expect(count).toBe(2);
  expect(lane.get('a')).toBe(lane.get('c'));
  expect(lane.get('b')).toBe(lane.get('d'));
});

test('the critical path goes back over what was waited for the longest', () => {
  const spans = new Map(
    [span('load', 0, 10), span('quick', 10, 12), span('slow', 10, 50), span('end', 50, 60)].map(
      (one) => [one.id, one],
    ),
  );
  const waits: Record<string, string[]> = {
    quick: ['load'],
    slow: ['load'],
    end: ['quick', 'slow'],
  };
  expect([...critical_path(spans, (id) => waits[id] ?? [])]).toEqual(['end', 'slow', 'load']);
});

test('ticks stand at round times', () => {
  const start = new Date(2026, 1, 1, 10, 0, 7).getTime();
  const found = ticks_that_fit({ start, end: start + 60_000 }, 640, 48);
  expect(found.length).toBeGreaterThan(3);
  for (const at of found) expect(new Date(at).getSeconds() % 10).toBe(0);
});

test('no label of a tick touches another, nor reaches over an end', () => {
  const start = new Date(2026, 1, 1, 10, 0, 7).getTime();
  let most = 0;
  for (const seconds of [0.2, 1, 7, 59, 61, 600, 3599, 5000, 86_400, 1e6, 1e9]) {
    for (const width of [0, 90, 206, 420, 1140]) {
      for (const label of [48, 90]) {
        const end = start + seconds * 1000;
        const found = ticks_that_fit({ start, end }, width, label);
        const places = found.map((at) => ((at - start) / (end - start)) * width);
        places.forEach((place, at) => {
          expect(place - label / 2).toBeGreaterThanOrEqual(-1e-6);
          expect(place + label / 2).toBeLessThanOrEqual(width + 1e-6);
          if (at > 0) expect(place - places[at - 1]!).toBeGreaterThan(label);
        });
        most = Math.max(most, found.length);
      }
    }
  }
  expect(most).toBeGreaterThan(8);
});
