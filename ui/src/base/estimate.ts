// How long it will still take, from how long the same took before. Pure; times in ms.

export interface Estimate {
  low: number; // of the whole, from its start
  typical: number;
  high: number;
  count: number; // earlier ones it comes from
}

// Fewer earlier ones than this say nothing about the next.
const kFewest = 3;

// The middle 80 % of earlier durations; undefined where there are too few.
export function estimate(durations: readonly number[]): Estimate | undefined {
  const sorted = durations.filter((one) => one > 0).sort((a, b) => a - b);
  if (sorted.length < kFewest) return undefined;
  const at = (share: number): number => sorted[Math.round((sorted.length - 1) * share)]!;
  return { low: at(0.1), typical: at(0.5), high: at(0.9), count: sorted.length };
}

// What is left of a whole of which `share` (0..1) is done after `elapsed`; undefined too early.
export function time_left(elapsed: number, share: number): number | undefined {
  if (elapsed < 2000 || share < 0.02 || share >= 1) return undefined;
  return (elapsed / share) * (1 - share);
}
