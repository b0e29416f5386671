import { expect, test } from 'vitest';
import {
  ascending,
  extent,
  log_ticks,
  nice_above,
  smooth,
  wider,
  x_limits,
  xs_of,
  y_limits,
} from './chart_data';

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

const kTellers = [0, 1, -1, 0.3, 1e9, -1e9, 1e18, 5e-324, -5e-324, 1e-310, 1.7e308, -1.7e308];
const kAll = [...kTellers, NaN, Infinity, -Infinity];

test('an axis has two finite ends for every data there is, on a log scale positive ones', () => {
  for (const low of kAll) {
    for (const high of kAll) {
      for (const log of [false, true]) {
        const [from, to] = y_limits(low, high, log);
        const what = `${low} to ${high}, ${log ? 'log' : 'linear'}`;
        expect(Number.isFinite(to - from), what).toBe(true);
        expect(to, what).toBeGreaterThan(from);
        if (!log) continue;
        expect(from, what).toBeGreaterThan(0);
        const ticks = log_ticks(from, to, 8);
        expect(ticks.length, what).toBeGreaterThan(0);
        expect(ticks.length, what).toBeLessThan(10);
      }
    }
  }
});

test('an axis of steps has two finite ends, whichever steps there are', () => {
  const steps = [0, 1, -1, 1e15, 2 ** 63, -(2 ** 63), NaN, Infinity, -Infinity];
  for (const [first, last] of steps.flatMap((one) => steps.map((other) => [one, other]))) {
    for (const growing of [false, true]) {
      const [from, to] = x_limits(first!, last!, growing);
      expect(Number.isFinite(to - from)).toBe(true);
      expect(to).toBeGreaterThan(from);
    }
  }
});

test('limits are those of what is in view and has a place there', () => {
  const table: [number[], (number | null)[]] = [
    [1, 2, 3, 4],
    [-5, null, 0.2, 12],
  ];
  expect(extent([table], undefined, false)).toEqual({ points: 4, values: 3, low: -5, high: 12 });
  expect(extent([table], [2, 3], false)).toEqual({ points: 2, values: 1, low: 0.2, high: 0.2 });
  expect(extent([table], undefined, true)).toEqual({ points: 4, values: 3, low: 0.2, high: 12 });
  const nothing = { low: Infinity, high: -Infinity };
  expect(extent([table], [1, 2], true)).toEqual({ points: 2, values: 1, ...nothing });
  expect(extent([table], [5, 9], false)).toEqual({ points: 0, values: 0, ...nothing });
});

test('a log scale has few ticks', () => {
  expect(log_ticks(0.1, 1, 8)).toEqual([0.1, 0.2, 0.5, 1]);
  expect(log_ticks(1, 1000, 5)).toEqual([1, 10, 100, 1000]);
  expect(log_ticks(1e-300, 1e300, 8).length).toBe(8);
});
