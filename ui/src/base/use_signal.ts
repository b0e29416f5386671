// React's side of Signal: render again when it says so.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { Cell, type Signal } from './signal';

export function use_signal(signal: Signal): number {
  return useSyncExternalStore(signal.listen, () => signal.version);
}

export function use_cell<T>(cell: Cell<T>): T {
  return useSyncExternalStore(cell.signal.listen, () => cell.value);
}

// The time now, told again every `every_ms` while `on`: for what counts along.
export function use_now(every_ms: number, on: boolean): number {
  const [now, set_now] = useState(() => Date.now());
  useEffect(() => {
    set_now(Date.now());
    if (!on) return undefined;
    const timer = setInterval(() => set_now(Date.now()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms, on]);
  return now;
}

export function use_media(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query);
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
    () => matchMedia(query).matches,
  );
}
