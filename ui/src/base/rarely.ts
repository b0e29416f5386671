// At most once in `gap_ms`: at once when that long has passed since the last time; else with the
// next call after that, or by itself once none has come for as long again.
export interface Rarely {
  (): void;
  now(): void; // whatever has passed
  cancel(): void;
}

export function rarely(gap_ms: number, what: () => void): Rarely {
  let done_at = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const now = (): void => {
    cancel();
    done_at = performance.now();
    what();
  };
  const call = (): void => {
    const since_ms = performance.now() - done_at;
    if (since_ms >= gap_ms) now();
    else timer ??= setTimeout(now, 2 * gap_ms - since_ms);
  };
  return Object.assign(call, { now, cancel });
}
