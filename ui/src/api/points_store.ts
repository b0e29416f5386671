// PointsStore: the points of one series that a chart can show: decimated by the server to the
// chart's pixel columns, exactly, and finer when the chart looks closer.
import type { SeriesSource, StepRange } from '../base/sources';
import type { ServerFrame } from './gen/view_pb';
import { Store } from './stores';

// As the server takes it: 64 bits, and no exponent.
function step_of(value: number): bigint {
  const bounded = Math.max(-(2 ** 63), Math.min(2 ** 63, value));
  return BigInt.asIntN(64, bounded === 2 ** 63 ? 2n ** 63n - 1n : BigInt(bounded));
}

export class PointsStore extends Store implements SeriesSource {
  xs: number[] = [];
  ys: (number | null)[] = [];
  times: number[] = []; // ms since the epoch, by point
  total = 0;
  last = Number.NaN;
  last_step = 0;

  // `base`: path of the series without a query.
  constructor(
    private readonly base: string,
    readonly id: string,
    private readonly columns: number,
  ) {
    super(`${base}?points=${columns}`);
  }

  look_at(range: StepRange | undefined): void {
    const bounds = range
      ? `&from=${step_of(Math.floor(range.from))}&to=${step_of(Math.ceil(range.to))}`
      : '';
    this.move(`${this.base}?points=${this.columns}${bounds}`);
  }

  apply(frame: ServerFrame): boolean {
    if (frame.body.case !== 'points') return false;
    const points = frame.body.value;
    if (points.reset || frame.snapshot) {
      this.xs = [];
      this.ys = [];
      this.times = [];
    }
    points.value.forEach((value, at) => {
      this.xs.push(Number(points.step[at] ?? 0n));
      this.ys.push(Number.isFinite(value) ? value : null);
      this.times.push(Number(points.timeUs[at] ?? 0n) / 1000);
      this.last = value;
    });
    this.last_step = this.xs[this.xs.length - 1] ?? 0;
    this.total = Number(points.total);
    if (points.series) {
      this.last = points.series.lastValue;
      this.last_step = Number(points.series.lastStep);
    }
    return true;
  }
}
