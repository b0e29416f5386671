import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rarely } from './rarely';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('the first call is done at once, those within the gap become one', () => {
  const what = vi.fn();
  const soon = rarely(100, what);
  soon();
  expect(what).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(40);
  soon();
  soon();
  vi.advanceTimersByTime(60);
  expect(what).toHaveBeenCalledTimes(1);
  soon();
  expect(what).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1000);
  expect(what).toHaveBeenCalledTimes(2);
});

test('what came within the gap is done though nothing follows', () => {
  const what = vi.fn();
  const soon = rarely(100, what);
  soon();
  vi.advanceTimersByTime(40);
  soon();
  vi.advanceTimersByTime(159);
  expect(what).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(what).toHaveBeenCalledTimes(2);
});

test('now() does not wait and is not followed by what waited', () => {
  const what = vi.fn();
  const soon = rarely(100, what);
  soon();
  soon();
  soon.now();
  expect(what).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1000);
  expect(what).toHaveBeenCalledTimes(2);
});

test('what was cancelled does not come', () => {
  const what = vi.fn();
  const soon = rarely(100, what);
  soon();
  soon();
  soon.cancel();
  vi.advanceTimersByTime(1000);
  expect(what).toHaveBeenCalledTimes(1);
});
