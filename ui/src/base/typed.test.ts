import { expect, test } from 'vitest';
import { typed, typing_error } from './typed';

test('a text is typed without its quotes', () => {
  expect(typed('"a b"')).toBe('a b');
  expect(typed('[1, 2]')).toBe('[1, 2]');
  expect(typed('no JSON')).toBe('no JSON');
});

test('what is no value of the parameter is refused, with what it is', () => {
  for (const text of ['abc', '', '3x', '"3"', 'NaN', 'true'])
    expect(typing_error('epochs', '2', text)).toBe('epochs is a number.');
  for (const text of ['3', ' 3 ', '0.5', '-1e3'])
    expect(typing_error('epochs', '2', text)).toBe('');
  expect(typing_error('on', 'true', 'yes')).toBe('on is true or false.');
  expect(typing_error('on', 'true', 'false')).toBe('');
  expect(typing_error('sizes', '[1]', '1, 2')).toBe('sizes is a list, as JSON.');
  expect(typing_error('sizes', '[1]', '[1, 2]')).toBe('');
  expect(typing_error('of', '{}', '[]')).toBe('of is an object, as JSON.');
  expect(typing_error('name', '"a"', '')).toBe('');
});
