// How long it will still take. Pure; times in ms.

// How long runs like it took before; where there are too few of them there is none.
export interface Estimate {
  low: number; // of the whole, from its start; 8 of 10 took from low to high
  typical: number;
  high: number;
  count: number; // earlier ones it comes from
}

// What is left of a whole of which `share` (0..1) is done after `elapsed`; undefined too early.
export function time_left(elapsed: number, share: number): number | undefined {
  if (elapsed < 2000 || share < 0.02 || share >= 1) return undefined;
  return (elapsed / share) * (1 - share);
}
