import { expect, test } from 'vitest';
import {
  clock,
  difference,
  duration,
  metric,
  percent,
  plain,
  short_duration,
  value_text,
} from './format';

test('durations and numbers', () => {
  expect([8e3, 130e3, 3840e3].map(duration)).toEqual(['8 s', '2 m 10 s', '1 h 04 m']);
  expect([8e3, 130e3, 3840e3].map(short_duration)).toEqual(['8 s', '2 m', '1 h']);
  expect([0.94123, 1842, -0.5].map(metric)).toEqual(['0.9412', '1,842', '\u22120.5000']);
});

test('a number is as short as it is exact where it was typed or stands at an axis', () => {
  expect([0.0005, 4.2, 1000, 1.5e-7, -2].map(plain)).toEqual([
    '0.0005',
    '4.2',
    '1,000',
    '1.5e\u22127',
    '\u22122',
  ]);
  expect(['0.0005', '{"lr":0.1,"mix":true}', '"text"', '[1,2]', 'no json'].map(value_text)).toEqual(
    ['0.0005', 'lr 0.1, mix true', 'text', '[1,2]', 'no json'],
  );
});

test('100 % is said when it is over, a difference has its sign', () => {
  expect([0.999, 1, 0].map(percent)).toEqual(['99 %', '100 %', '0 %']);
  expect([0.5, -0.5, 0].map(difference)).toEqual(['+0.5000', '\u22120.5000', '±0']);
});

test('a time has its day when it is not today', () => {
  const now = new Date(2026, 2, 5, 14, 3, 22).getTime();
  expect(clock(now, now)).toBe('14:03:22');
  expect(clock(now - 2 * 86_400_000, now)).toBe('Tue 14:03');
  expect(clock(now - 20 * 86_400_000, now)).toBe('2026-02-13 14:03');
});
