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
  vi.doMock('./frame', () => ({
    ask_for_frame: (draw: () => void) => {
      frames.push(draw);
      return () => {};
    },
  }));
  ({ Signal } = await import('./signal'));
  frames = [];
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

test('what changes is told in the frame, once', async () => {
  const signal = new Signal();
  const other = new Signal();
  const listener = heard(signal);
  const listener_of_other = heard(other);
  signal.changed();
  signal.changed();
  other.changed();
  await pass(5);
  expect(listener.times).toBe(0);
  expect(frames.length).toBe(1);
  await frame();
  expect(listener.times).toBe(1);
  expect(listener_of_other.times).toBe(1);
  expect(frames.length).toBe(0);
  signal.changed();
  await frame();
  expect(listener.times).toBe(2);
  expect(listener_of_other.times).toBe(1);
});

test('a signal with a gap is told after a frame of others', async () => {
  const quick = new Signal();
  const patient = new Signal(100);
  const listener = heard(patient);
  for (const times of [1, 2]) {
    patient.changed();
    quick.changed();
    frames.splice(0).forEach((one) => one()); // no time passes
    expect(listener.times).toBe(times - 1);
    await pass(0);
    expect(listener.times).toBe(times);
    patient.changed();
    await pass(90);
    quick.changed();
    await frame(); // within the gap
    expect(listener.times).toBe(times);
    await pass(10);
  }
});

test('a signal with a gap has a frame of its own half a gap late', async () => {
  const patient = new Signal(100);
  const listener = heard(patient);
  patient.changed();
  await pass(49);
  expect(frames.length).toBe(0);
  await pass(1);
  await frame();
  expect(listener.times).toBe(1);
  await pass(10);
  patient.changed();
  await pass(139);
  expect(frames.length).toBe(0);
  await pass(1);
  await frame();
  expect(listener.times).toBe(2);
});

test('what hurries waits for no gap', async () => {
  const signal = new Signal(100);
  const listener = heard(signal);
  for (const times of [1, 2]) {
    signal.hurry();
    signal.changed();
    await frame();
    expect(listener.times).toBe(times);
  }
  signal.changed();
  await frame();
  expect(listener.times).toBe(2);
});

test('a tab without frames is told once a second', async () => {
  const signal = new Signal();
  const listener = heard(signal);
  signal.changed();
  signal.changed();
  await pass(999);
  expect(listener.times).toBe(0);
  await pass(1);
  expect(listener.times).toBe(1);
});

test('a listener that throws keeps the others from nothing', async () => {
  const signal = new Signal();
  const told: string[] = [];
  const thrown = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
  signal.listen(() => {
    throw new Error('planted');
  });
  signal.listen(() => told.push('second'));
  signal.tell(0);
  expect(told).toEqual(['second']);
  expect(thrown).toHaveBeenCalledOnce();
  thrown.mockRestore();
});
