import { expect, test } from 'vitest';
import {
  age,
  ago,
  bytes,
  clock,
  count,
  cut,
  difference,
  duration,
  full_time,
  metric,
  ms_of,
  percent,
  plain,
  plural,
  short_duration,
  run_path,
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

test('the address of a run is a place in this page, and nothing else is', () => {
  const path = '/runs/x7geqg4u2wtcvg3mgoru54jyr4';
  expect(run_path(JSON.stringify(`http://127.0.0.1:8080${path}`))).toBe(path);
  expect(run_path(JSON.stringify(`https://host/behind${path}`))).toBe(path);
  for (const other of [
    path,
    `javascript:alert(1)//${path}`,
    `http://a${path}/x`,
    `see http://a${path}`,
  ])
    expect(run_path(JSON.stringify(other))).toBe('');
  expect(run_path(`{"a":"http://a${path}"}`)).toBe('');
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

const kExtremes = [
  ...[NaN, Infinity, 8.64e15, 8.64e15 + 1, Number.MAX_VALUE, Number.MIN_VALUE, 0, 1e21],
  ...[2n ** 63n - 1n, 2n ** 64n - 1n].flatMap((us) => [Number(us), ms_of(us)]),
].flatMap((value) => [value, -value]);

test('every number has a short text, whatever an event may say', () => {
  const now = new Date(2026, 2, 5).getTime();
  const texts = kExtremes.flatMap((value) => [
    ...[duration, short_duration, age, count, bytes, metric, plain, difference, percent].map(
      (write) => write(value),
    ),
    plural(value, 'task'),
    ...[clock, ago].flatMap((write) => [write(value, now), write(now, value)]),
    full_time(value),
  ]);
  for (const text of texts) {
    expect(text).not.toMatch(/undefined|Infinity|NaN./);
    expect(text.length).toBeLessThan(40);
  }
});

test('a time that no calendar has is said to be none', () => {
  const end = ms_of(2n ** 63n - 1n);
  expect(clock(end, 0)).toBe('?');
  expect(full_time(end)).toBe('a time that no calendar has');
  expect(full_time(8.64e15)).toBe('a time that no calendar has');
});

test('a long text is cut, no character in half', () => {
  expect(cut('abc', 3)).toBe('abc');
  expect(cut('abcd', 3)).toBe('ab…');
  expect(cut('a\u{1f600}bcd', 3)).toBe('a…');
  expect(value_text(JSON.stringify('x'.repeat(500_000))).length).toBe(300);
  expect(value_text('['.repeat(9_000)).length).toBe(300);
});
