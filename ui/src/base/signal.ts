// Signal: something changed. Data lives outside React, in plain objects with a Signal each; whoever
// draws them listens. Changes between two frames are told once, in the next frame: at most one
// paint per frame, and never a render per message. A hidden tab draws no frames; there a slow timer
// tells.

type Listener = () => void;

const dirty = new Set<Signal>();
let scheduled = false;
const kWithoutFramesMs = 1000;

function flush(): void {
  scheduled = false;
  const changed = [...dirty];
  dirty.clear();
  for (const signal of changed) signal.tell();
}

function flush_by(frame: number, timer: ReturnType<typeof setTimeout>): void {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  flush();
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  if (typeof requestAnimationFrame === 'undefined') {
    setTimeout(flush, 0);
    return;
  }
  // Also where no frame comes: in a hidden tab, which is told once a second.
  const timer = setTimeout(() => flush_by(frame, timer), kWithoutFramesMs);
  const frame = requestAnimationFrame(() => flush_by(frame, timer));
}

export class Signal {
  version = 0;
  private readonly listeners = new Set<Listener>();

  changed(): void {
    this.version += 1;
    dirty.add(this);
    schedule();
  }

  listen = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  tell(): void {
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
