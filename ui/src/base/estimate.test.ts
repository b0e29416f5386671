import { expect, test } from 'vitest';
import { estimate, time_left } from './estimate';

test('too few earlier runs say nothing', () => {
  expect(estimate([10, 20])).toBeUndefined();
  expect(estimate([10, 0, 20, 0])).toBeUndefined();
});

test('the middle 80 % of earlier runs', () => {
  const runs = [100, 10, 50, 40, 60, 55, 45, 52, 48, 51, 1];
  expect(estimate(runs)).toEqual({ low: 10, typical: 50, high: 60, count: 11 });
});

test('what is left follows from the share, once it can be trusted', () => {
  expect(time_left(30_000, 0.75)).toBe(10_000);
  expect(time_left(500, 0.5)).toBeUndefined();
  expect(time_left(30_000, 1)).toBeUndefined();
});
