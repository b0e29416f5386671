import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ask_for_frame as AskForFrame } from './frame';

// A screen whose ticks are 10 ms apart; times are from its first.
let first_tick = 0;
let asked = new Map<number, FrameRequestCallback>();
let ask_for_frame: typeof AskForFrame;
let draw = vi.fn();

// The frame of the tick at `tick` begins now, so long after the first.
async function begin_frame(tick: number, now: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(first_tick + now - performance.now());
  const due = [...asked.values()];
  asked.clear();
  due.forEach((one) => one(first_tick + tick));
  await vi.advanceTimersByTimeAsync(0);
}

// The frame that the tick at 40 left to the one at 50 is drawn across that at 60.
async function draw_across_a_tick(): Promise<void> {
  ask_for_frame(draw);
  await begin_frame(40, 48);
  await begin_frame(50, 61);
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules(); // the last tick is remembered beside the function
  ({ ask_for_frame } = await import('./frame'));
  asked = new Map();
  let number = 0;
  vi.stubGlobal('requestAnimationFrame', (one: FrameRequestCallback) => {
    asked.set(++number, one);
    return number;
  });
  vi.stubGlobal('cancelAnimationFrame', (which: number) => asked.delete(which));
  first_tick = performance.now();
  for (const tick of [0, 10]) {
    ask_for_frame(() => {});
    await begin_frame(tick, tick);
  }
  draw = vi.fn();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a frame that begins soon after its tick is drawn', async () => {
  ask_for_frame(draw);
  await begin_frame(40, 47);
  expect(draw).toHaveBeenCalledTimes(1);
  expect(asked.size).toBe(0);
});

test('one that begins late leaves it to the next, once', async () => {
  ask_for_frame(draw);
  await begin_frame(40, 48);
  expect(draw).not.toHaveBeenCalled();
  await begin_frame(50, 58);
  expect(draw).toHaveBeenCalledTimes(1);
});

test('after a frame that was drawn across a tick the next one stays empty', async () => {
  await draw_across_a_tick();
  expect(draw).toHaveBeenCalledTimes(1);
  ask_for_frame(draw);
  await begin_frame(60, 62);
  expect(draw).toHaveBeenCalledTimes(1);
  await begin_frame(70, 70);
  expect(draw).toHaveBeenCalledTimes(2);
});

test('a tick that had none anyway is empty enough', async () => {
  await draw_across_a_tick();
  ask_for_frame(draw);
  await begin_frame(70, 70);
  expect(draw).toHaveBeenCalledTimes(2);
});

test('what is taken back is not drawn', async () => {
  ask_for_frame(draw)();
  expect(asked.size).toBe(0);
  const take_back = ask_for_frame(draw);
  await begin_frame(40, 48);
  take_back();
  expect(asked.size).toBe(0);
  expect(draw).not.toHaveBeenCalled();
});
