// Signal: something changed. Data lives outside React, in plain objects with a Signal each; whoever
// draws them listens. Changes between two frames are told once, in the next frame: at most one
// paint per frame, and never a render per message. A hidden tab draws no frames; there a slow timer
// tells.

type Listener = () => void;

const dirty = new Set<Signal>();
let scheduled = false;

function flush(): void {
  scheduled = false;
  const changed = [...dirty];
  dirty.clear();
  for (const signal of changed) signal.tell();
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  if (typeof requestAnimationFrame === 'undefined') {
    setTimeout(flush, 0);
    return;
  }
  let done = false;
  const once = (): void => {
    if (done) return;
    done = true;
    flush();
  };
  requestAnimationFrame(once);
  if (document.hidden) setTimeout(once, 1000);
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
