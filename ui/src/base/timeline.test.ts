import { expect, test } from 'vitest';
import { critical_path, lanes_of, ticks, type Span } from './timeline';

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
  const found = ticks(start, start + 60_000, 8);
  expect(found.length).toBeGreaterThan(3);
  expect(found.length).toBeLessThanOrEqual(8);
  for (const at of found) expect(new Date(at).getSeconds() % 10).toBe(0);
});
