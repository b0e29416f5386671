import { expect, test } from 'vitest';
import { time_left } from './estimate';

test('what is left follows from the share, once it can be trusted', () => {
  expect(time_left(30_000, 0.75)).toBe(10_000);
  expect(time_left(500, 0.5)).toBeUndefined();
  expect(time_left(30_000, 1)).toBeUndefined();
});
