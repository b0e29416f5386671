import { expect, test } from 'vitest';
import { may_reload, was_reloaded } from './upgrade';

function memory() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

test('the page loads itself again once, and tells so once', () => {
  const kept = memory();
  expect(was_reloaded(kept)).toBe(false);
  expect(may_reload(kept, 1e12)).toBe(true);
  expect(was_reloaded(kept)).toBe(true);
  expect(was_reloaded(kept)).toBe(false);
  expect(may_reload(kept, 1e12 + 5000)).toBe(false);
  expect(was_reloaded(kept)).toBe(false);
});

test('the next upgrade is another one', () => {
  const kept = memory();
  expect(may_reload(kept, 1e12)).toBe(true);
  expect(may_reload(kept, 1e12 + 3_600_000)).toBe(true);
});
