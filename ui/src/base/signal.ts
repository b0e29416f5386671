// Signal: something changed. Data lives outside React, in plain objects with a Signal each; whoever
// draws them listens. All are told in the browser's next frame: a drawing between two frames would
// take the next one's place, which would be seen a tick later. A signal with a gap is told no more
// often than that: after a frame of others, which then does not wait for it, or of its own when
// there was none for half a gap more. A hidden tab has no frames; there a slow timer tells.
import { apart } from './apart';
import { ask_for_frame } from './frame';

type Listener = () => void;

const kWithoutFramesMs = 1000;

const dirty = new Set<Signal>();
let frame_asked = false;

function tell(quick: boolean): void {
  const now = performance.now();
  for (const signal of [...dirty]) {
    if (signal.is_quick === quick && signal.is_due(now)) signal.tell(now);
  }
}

function tell_in_frame(): void {
  if (frame_asked) return;
  frame_asked = true;
  const either = (): void => {
    take_back();
    clearTimeout(timer);
    frame_asked = false;
    tell(true);
    setTimeout(tell, 0, false); // when the frame is done
  };
  const timer = setTimeout(either, kWithoutFramesMs);
  const take_back = ask_for_frame(either);
}

export class Signal {
  version = 0;
  private told_at = -Infinity;
  private hurries = false;
  private readonly listeners = new Set<Listener>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly gap_ms = 0) {}

  changed(): void {
    this.version += 1;
    dirty.add(this);
    if (this.is_quick) tell_in_frame();
    else {
      const gap_passes_in = Math.max(0, this.told_at + this.gap_ms - performance.now());
      this.timer ??= setTimeout(tell_in_frame, gap_passes_in + this.gap_ms / 2);
    }
  }

  // The gap does not count for what changes next.
  hurry(): void {
    this.hurries = true;
  }

  get is_quick(): boolean {
    return this.hurries || this.gap_ms === 0;
  }

  is_due(now: number): boolean {
    return this.is_quick || now - this.told_at >= this.gap_ms;
  }

  listen = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  tell(now: number): void {
    dirty.delete(this);
    this.told_at = now;
    this.hurries = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const listener of [...this.listeners]) apart(listener);
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
