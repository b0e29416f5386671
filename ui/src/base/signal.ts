// Signal: something changed. Data lives outside React, in plain objects with a Signal each; whoever
// draws them listens. What changes now and then is told at once, so that the next frame finds the
// drawing done. What changes again within a frame's time waits for that frame, and so does
// everything while telling takes too long: a page with much to draw draws it once a frame. A signal
// with a gap is told no more often than that, and then if it can be together with others, so that
// it costs no frame of its own. A hidden tab has no frames; there a slow timer tells.

type Listener = () => void;

const kFrameMs = 16;
const kAtOnceMs = 4; // of each frame's time; the rest is the browser's
const kWithoutFramesMs = 1000;
const kLateness = 1.5; // of a gap: how long others are waited for

const dirty = new Set<Signal>();
let soon = false;
let frame_asked = false;
let spent_ms = 0; // on telling, since the moment below
let spent_since = 0;

function tell_dirty(in_frame: boolean): void {
  const start = performance.now();
  for (const signal of [...dirty]) {
    if (signal.is_due(start, in_frame)) signal.tell(start);
  }
  // After what those who were told do next, React's rendering among it.
  queueMicrotask(() => (spent_ms += performance.now() - start));
}

function tell_soon(): void {
  if (soon) return;
  soon = true;
  queueMicrotask(() => {
    soon = false;
    tell_dirty(false);
  });
}

function tell_in_frame(): void {
  if (frame_asked) return;
  frame_asked = true;
  const either = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame_asked = false;
    tell_dirty(true);
  };
  const timer = setTimeout(either, kWithoutFramesMs);
  const frame = requestAnimationFrame(either);
}

function has_time(now: number): boolean {
  if (now - spent_since >= kFrameMs) {
    spent_since = now;
    spent_ms = 0;
  }
  return spent_ms < kAtOnceMs;
}

export class Signal {
  version = 0;
  private told_at = -Infinity;
  private readonly listeners = new Set<Listener>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly gap_ms = kFrameMs) {}

  changed(): void {
    this.version += 1;
    dirty.add(this);
    const now = performance.now();
    if (this.is_due(now, false) && has_time(now)) tell_soon();
    else if (this.is_due(now, true)) tell_in_frame();
    else {
      const latest_at = this.told_at + kLateness * this.gap_ms;
      this.timer ??= setTimeout(tell_soon, latest_at - now);
    }
  }

  is_due(now: number, in_frame: boolean): boolean {
    return now - this.told_at >= (in_frame ? this.gap_ms - kFrameMs : this.gap_ms);
  }

  listen = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  tell(now: number): void {
    dirty.delete(this);
    this.told_at = now;
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const listener of [...this.listeners]) listener();
  }
}

// A value with its signal.
export class Cell<T> {
  readonly signal = new Signal();
  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set(next: T): void {
    if (Object.is(next, this.current)) return;
    this.current = next;
    this.signal.changed();
  }
}
