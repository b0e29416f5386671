import { beforeAll, expect, test, vi } from 'vitest';

beforeAll(() => {
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
});

test('a letter is known by its place where the input method writes none', async () => {
  const { key_name } = await import('./keys');
  const press = (key: string, code: string, shiftKey = false): string =>
    key_name({ key, code, shiftKey });
  expect(press('f', 'KeyF')).toBe('f');
  expect(press('ㄹ', 'KeyF')).toBe('f');
  expect(press('F', 'KeyF', true)).toBe('shift+f');
  expect(press('?', 'Slash', true)).toBe('?');
  expect(press('ArrowLeft', 'ArrowLeft', true)).toBe('shift+ArrowLeft');
});
