import { expect, test } from 'vitest';
import { ascending, nice_above, smooth, wider, x_limits, xs_of, y_limits } from './chart_data';

test('steps as they are, time from the series own first point, in seconds', () => {
  const points = { xs: [1, 2], ys: [0, 0], times: [5000, 6500] };
  expect(xs_of(points, 'step')).toEqual([1, 2]);
  expect(xs_of(points, 'time')).toEqual([0, 1.5]);
});

test('of points at one x the last one stays, and x that goes back is left out', () => {
  expect(ascending([1, 2, 2, 1, 3], [1, 2, 5, 9, null])).toEqual([
    [1, 2, 3],
    [1, 5, null],
  ]);
});

test('smoothing leaves a constant as it is and a gap open', () => {
  expect(smooth([4, 4, null, 4], 0.9).map((y) => y && Number(y.toFixed(9)))).toEqual([
    4,
    4,
    null,
    4,
  ]);
  const [first, second] = smooth([0, 1], 0.5);
  expect(first).toBe(0);
  expect(second).toBeCloseTo(2 / 3);
});

test('limits are round, hold the data and do not start at zero for what is no amount', () => {
  for (const [low, high] of [
    [0.9529, 0.9647],
    [0, 1842],
    [-3, 3],
    [7, 7],
    [1e-9, 2e-9],
  ] as const) {
    const [bottom, top] = y_limits(low, high, false);
    expect(bottom).toBeLessThanOrEqual(low);
    expect(top).toBeGreaterThanOrEqual(high);
  }
  expect(y_limits(0.9529, 0.9647, false)[0]).toBeGreaterThan(0.94);
  expect(y_limits(0.01, 0.9, false)[0]).toBe(0);
  expect(y_limits(0.02, 30, true)).toEqual([0.01, 100]);
});

test('the end of a line that grows lies ahead by a round number, and moves seldom', () => {
  expect(x_limits(0, 99, false)).toEqual([0, 99]);
  const ends = new Set(Array.from({ length: 100 }, (_, at) => x_limits(0, at + 100, true)[1]));
  expect(ends.size).toBeLessThan(8);
  expect(nice_above(0.3)).toBeCloseTo(0.3);
});

test('limits only grow', () => {
  expect(wider([0, 1], [0.2, 3])).toEqual([0, 3]);
  expect(wider(undefined, [2, 3])).toEqual([2, 3]);
});
