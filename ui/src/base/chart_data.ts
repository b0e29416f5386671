// From series to what a chart draws: aligned columns, smoothing, and axis limits that grow in
// steps, so that a line that grows does not make the whole chart tremble. Pure.

export type Across = 'step' | 'time';
export type Limits = [low: number, high: number];
export type Table = readonly [xs: readonly number[], ys: readonly (number | null)[]];

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

// What of some tables lies between two x (undefined: all of it).
export interface Extent {
  points: number; // gaps included
  values: number;
  low: number; // of the values that can be drawn; above `high` where none can
  high: number;
}

// On a log scale only what is positive has a place.
export function extent(tables: readonly Table[], x: Limits | undefined, log: boolean): Extent {
  const found: Extent = { points: 0, values: 0, low: Infinity, high: -Infinity };
  for (const [xs, ys] of tables) {
    xs.forEach((at, place) => {
      if (x && (at < x[0] || at > x[1])) return;
      found.points += 1;
      const y = ys[place] ?? null;
      if (y === null) return;
      found.values += 1;
      if (log && y <= 0) return;
      if (y < found.low) found.low = y;
      if (y > found.high) found.high = y;
    });
  }
  return found;
}

// Axes end here: beyond it sums and powers of what is drawn are no numbers any more.
const kMost = 1e300;

// Round limits around the data; of a single value, around it. Whatever the data: two finite numbers
// of which the second is larger, on a log scale both positive.
export function y_limits(lowest: number, highest: number, log: boolean): Limits {
  if (!(lowest <= highest)) return log ? [0.1, 1] : [0, 1];
  if (log) {
    if (!(highest > 0)) return [0.1, 1];
    const power = (value: number): number =>
      Math.log10(Math.max(1 / kMost, Math.min(kMost, value)));
    const bottom = Math.floor(power(lowest) + 1e-9);
    const top = Math.ceil(power(highest) - 1e-9);
    return [10 ** bottom, 10 ** Math.max(bottom + 1, top)];
  }
  const low = Math.max(-kMost, Math.min(kMost, lowest));
  const high = Math.max(-kMost, Math.min(kMost, highest));
  const span = high - low || Math.abs(high) * 0.2 || 1;
  const step = nice_above(span / 5);
  const bottom = Math.floor((low - span * 0.04) / step) * step;
  const top = Math.ceil((high + span * 0.04) / step) * step;
  // An amount is never below nothing because of its margin.
  const from = low >= 0 && bottom < 0 ? 0 : bottom;
  return [from, top > from ? top : from + Math.max(1, Math.abs(from) * 1e-6)];
}

// Powers of ten between two positive limits, as many as have room; where there are few of them, 2
// and 5 times each as well.
export function log_ticks(low: number, high: number, most: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const decades = last - first + 1;
  if (!(decades >= 1)) return [];
  const each = Math.ceil(decades / Math.max(1, most));
  const ticks: number[] = [];
  for (let power = first; power <= last; power += each) {
    const whole = 10 ** power;
    ticks.push(whole);
    if (decades * 3 <= most && power < last) ticks.push(2 * whole, 5 * whole);
  }
  return ticks;
}

// While it grows the end lies ahead, by a round number; once it is over it is the last point.
export function x_limits(first: number, last: number, growing: boolean): Limits {
  if (!Number.isFinite(first) || !Number.isFinite(last)) return [0, 1];
  // Far from zero the next number is further away than 1.
  const apart = Math.max(1, Math.abs(first) * 1e-9);
  if (!(last > first)) return [first, first + apart];
  return [first, growing ? first + nice_above((last - first) * 1.02) : last];
}

export function wider(a: Limits | undefined, b: Limits): Limits {
  return a ? [Math.min(a[0], b[0]), Math.max(a[1], b[1])] : b;
}
