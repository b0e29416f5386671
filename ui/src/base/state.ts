// The states of a run or task: their words, colours and order of urgency. Numbers are those of
// schema/event.proto's State.

export type Token = 'idle' | 'wait' | 'run' | 'ok' | 'bad' | 'warn' | 'hold' | 'cache';

export const kPending = 1;
export const kQueued = 2;
export const kRunning = 3;
export const kSucceeded = 4;
export const kFailed = 5;
export const kSkipped = 6;
export const kCached = 7;
export const kRetrying = 8;
export const kSuspended = 9;
export const kCancelled = 10;
export const kUnknown = 11;

export interface StateLook {
  name: string; // as in URLs
  word: string;
  token: Token;
}

const kLooks: readonly StateLook[] = [
  { name: 'pending', word: 'Pending', token: 'idle' },
  { name: 'pending', word: 'Pending', token: 'idle' },
  { name: 'queued', word: 'Queued', token: 'wait' },
  { name: 'running', word: 'Running', token: 'run' },
  { name: 'succeeded', word: 'Succeeded', token: 'ok' },
  { name: 'failed', word: 'Failed', token: 'bad' },
  { name: 'skipped', word: 'Skipped', token: 'idle' },
  { name: 'cached', word: 'Cached', token: 'cache' },
  { name: 'retrying', word: 'Retrying', token: 'warn' },
  { name: 'suspended', word: 'Suspended', token: 'hold' },
  { name: 'cancelled', word: 'Cancelled', token: 'idle' },
  { name: 'unknown', word: 'Unknown', token: 'warn' },
];

export function look(state: number): StateLook {
  return kLooks[state] ?? kLooks[kUnknown]!;
}

// Most urgent first; lists, counts and the worst state of a block all follow it.
export const kUrgency: readonly number[] = [
  kFailed,
  kRetrying,
  kSuspended,
  kUnknown,
  kRunning,
  kQueued,
  kPending,
  kSucceeded,
  kCached,
  kSkipped,
  kCancelled,
];

const kRank = new Map(kUrgency.map((state, rank) => [state, rank]));

export function urgency(state: number): number {
  return kRank.get(state) ?? kRank.get(kPending)!;
}

export function more_urgent(a: number, b: number): number {
  return urgency(a) <= urgency(b) ? a : b;
}

export function has_ended(state: number): boolean {
  return (
    state === kSucceeded ||
    state === kFailed ||
    state === kSkipped ||
    state === kCached ||
    state === kCancelled
  );
}

export function has_started(state: number): boolean {
  return state !== 0 && state !== kPending && state !== kQueued && state !== kSkipped;
}

export interface Count {
  state: number;
  count: number;
}

// In order of urgency, without zeros.
export function sort_counts(counts: readonly Count[]): Count[] {
  return counts
    .filter((entry) => entry.count > 0)
    .sort((a, b) => urgency(a.state) - urgency(b.state));
}

export function count_states(states: Iterable<number>): Count[] {
  const sums = new Map<number, number>();
  for (const state of states) {
    const known = state === 0 ? kPending : state;
    sums.set(known, (sums.get(known) ?? 0) + 1);
  }
  return sort_counts([...sums].map(([state, count]) => ({ state, count })));
}
