import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Signal as SignalType } from './signal';

// A browser's clock and frames, 16.7 ms apart.
let frames: (() => void)[] = [];
let Signal: typeof SignalType;
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}
async function frame(): Promise<void> {
  const due = frames;
  frames = [];
  due.forEach((one) => one());
  await pass(0);
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules(); // what was told is remembered beside the class
  ({ Signal } = await import('./signal'));
  frames = [];
  vi.stubGlobal('requestAnimationFrame', (what: () => void) => frames.push(what));
  vi.stubGlobal('cancelAnimationFrame', () => {});
  vi.setSystemTime(1_000_000);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function heard(signal: SignalType): { times: number } {
  const count = { times: 0 };
  signal.listen(() => (count.times += 1));
  return count;
}

test('what changes now and then is told at once, and costs no frame', async () => {
  const signal = new Signal();
  const listener = heard(signal);
  for (let change = 1; change <= 3; change += 1) {
    signal.changed();
    await pass(0);
    expect(listener.times).toBe(change);
    await pass(50);
  }
  expect(frames.length).toBe(0);
});

test('what changes again within a frame is told once more, in the frame', async () => {
  const signal = new Signal();
  const listener = heard(signal);
  signal.changed();
  await pass(1);
  signal.changed();
  signal.changed();
  await pass(1);
  expect(listener.times).toBe(1);
  await frame();
  expect(listener.times).toBe(2);
});

test('while telling takes long, all wait for the frame', async () => {
  const slow = new Signal();
  const other = new Signal();
  slow.listen(() => vi.advanceTimersByTime(6));
  const listener = heard(other);
  slow.changed();
  await pass(0);
  other.changed();
  await pass(1);
  expect(listener.times).toBe(0);
  await frame();
  expect(listener.times).toBe(1);
});

test('a signal with a gap goes along with others, or is late by half of it', async () => {
  const quick = new Signal();
  const patient = new Signal(100);
  const listener = heard(patient);
  patient.changed();
  await pass(0);
  expect(listener.times).toBe(1);
  await pass(10);
  patient.changed();
  quick.changed();
  await pass(100);
  expect(listener.times).toBe(1);
  quick.changed();
  await pass(0);
  expect(listener.times).toBe(2);
  await pass(10);
  patient.changed();
  await pass(139);
  expect(listener.times).toBe(2);
  await pass(1);
  expect(listener.times).toBe(3);
});

test('a tab without frames is told once a second', async () => {
  const signal = new Signal();
  const listener = heard(signal);
  signal.changed();
  await pass(1);
  signal.changed();
  await pass(998);
  expect(listener.times).toBe(1);
  await pass(2);
  expect(listener.times).toBe(2);
});
