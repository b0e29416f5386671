// From series to what a chart draws: aligned columns, smoothing, and axis limits that grow in
// steps, so that a line that grows does not make the whole chart tremble. Pure.

export type Across = 'step' | 'time';
export type Limits = [low: number, high: number];

export interface Points {
  xs: readonly number[]; // steps
  ys: readonly (number | null)[];
  times: readonly number[]; // ms since the epoch
}

// Steps, or seconds since the series' own first point.
export function xs_of(points: Points, across: Across): readonly number[] {
  if (across === 'step') return points.xs;
  const start = points.times[0] ?? 0;
  return points.times.map((time) => (time - start) / 1000);
}

// x must ascend strictly for a chart: of points at one x the last one stays.
export function ascending(
  xs: readonly number[],
  ys: readonly (number | null)[],
): [number[], (number | null)[]] {
  const out: [number[], (number | null)[]] = [[], []];
  xs.forEach((x, at) => {
    const last = out[0].length - 1;
    const y = ys[at] ?? null;
    if (last >= 0 && x <= out[0][last]!) {
      if (x === out[0][last]) out[1][last] = y;
      return;
    }
    out[0].push(x);
    out[1].push(y);
  });
  return out;
}

// Exponential moving average with the bias of its start taken out; a gap stays a gap.
// `weight`: 0 (off) to below 1, of what came before.
export function smooth(ys: readonly (number | null)[], weight: number): (number | null)[] {
  let sum = 0;
  let count = 0;
  return ys.map((y) => {
    if (y === null) return null;
    sum = sum * weight + (1 - weight) * y;
    count += 1;
    return sum / (1 - weight ** count);
  });
}

// 1, 1.2, 1.5, 2 … times a power of ten: the next such number from `value` up.
const kNice = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

export function nice_above(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  // A hair of slack: 0.3 / 0.1 is a little more than 3.
  return (kNice.find((step) => step * power >= value * (1 - 1e-9)) ?? 10) * power;
}

// Round limits around the data; of a single value, around it.
export function y_limits(low: number, high: number, log: boolean): Limits {
  if (!(low <= high)) return log ? [0.1, 1] : [0, 1];
  if (log) {
    const bottom = 10 ** Math.floor(Math.log10(low) + 1e-9);
    const top = 10 ** Math.ceil(Math.log10(high) - 1e-9);
    return [bottom, top > bottom ? top : bottom * 10];
  }
  const span = high - low || Math.abs(high) * 0.2 || 1;
  const step = nice_above(span / 5);
  const bottom = Math.floor((low - span * 0.04) / step) * step;
  const top = Math.ceil((high + span * 0.04) / step) * step;
  // An amount is never below nothing because of its margin.
  return [low >= 0 && bottom < 0 ? 0 : bottom, top];
}

// While it grows the end lies ahead, by a round number; once it is over it is the last point.
export function x_limits(first: number, last: number, growing: boolean): Limits {
  if (!(last > first)) return [first, first + 1];
  return [first, growing ? first + nice_above((last - first) * 1.02) : last];
}

export function wider(a: Limits | undefined, b: Limits): Limits {
  return a ? [Math.min(a[0], b[0]), Math.max(a[1], b[1])] : b;
}
