import { expect, test } from 'vitest';
import { LogLines, spans_of } from './log_lines';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a return overwrites its line', () => {
  const log = new LogLines();
  log.append(0, encode('one\r\n 10%\r 14%'));
  expect(log.lines.map((line) => line.text)).toEqual(['one', ' 14%']);
});

test('colours become classes and carry on to the next line', () => {
  const log = new LogLines();
  log.append(0, encode('\x1b[32mgood\nstill\x1b[0m plain\n'));
  expect(spans_of(log.lines[0]!)).toEqual([{ text: 'good', style: 'a-green' }]);
  expect(spans_of(log.lines[1]!).map((span) => span.style)).toEqual(['a-green', '']);
});

test('a character cut in two comes whole, a broken one is marked', () => {
  const log = new LogLines();
  const bytes = encode('로\n');
  log.append(0, bytes.subarray(0, 2));
  log.append(2, bytes.subarray(2));
  log.append(4, new Uint8Array([0xff, 0x41, 10]));
  expect(log.lines.map((line) => line.text)).toEqual(['로', '\ufffdA']);
});

test('earlier bytes that end in the middle of a line make it whole', () => {
  const text = 'one\ntwo\nthree is 세 words\nfour\nfive';
  const bytes = encode(text);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    for (let end = cut + 1; end <= bytes.length; end += 1) {
      const log = new LogLines();
      log.clear(cut);
      log.append(cut, bytes.subarray(cut, end));
      const middle = Math.floor(cut / 2);
      log.prepend(middle, bytes.subarray(middle, cut));
      log.prepend(0, bytes.subarray(0, middle));
      log.append(end, bytes.subarray(end));
      expect(log.lines.map((line) => line.text).join('\n'), `${cut} ${end}`).toBe(text);
      expect(log.start).toBe(0);
    }
  }
});

test('lines that came on top are not new ones', () => {
  const log = new LogLines();
  const bytes = encode('one\ntwo\nthree\n');
  log.clear(6);
  log.append(6, bytes.subarray(6));
  expect(log.prepend(0, bytes.subarray(0, 6))).toBe(1);
  expect([log.lines.length, log.prepended]).toEqual([3, 1]);
});
