// Plot: uPlot with our lines: what changes when points come, axis limits that grow in steps, the
// mark at each line's end. Owned by a LineChart; draws at most once a frame.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import {
  ascending,
  extent,
  log_ticks,
  smooth,
  wider,
  x_limits,
  xs_of,
  y_limits,
  type Across,
  type Extent,
  type Limits,
} from '../base/chart_data';
import { duration, plain } from '../base/format';
import type { SeriesSource, StepRange } from '../base/sources';
import { Still } from './still';

export interface ChartLine {
  source: SeriesSource;
  name: string;
  color: string; // a token: c1 … c8, or ink3 for one of many
  dash: readonly number[];
  growing: boolean; // more points may come
  failed: boolean; // its end is marked
  faint: boolean; // one of many: behind, without a value above
}

export interface ChartLook {
  across: Across;
  smoothing: number; // 0 to below 1
  log: boolean;
  height: number; // px
  theme: string;
}

const kWhole = [1, 2, 5].flatMap((one) => Array.from({ length: 13 }, (_, at) => one * 10 ** at));
kWhole.sort((a, b) => a - b);
const kSeconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200];

const kTickPx = 26; // from one tick of the y axis to the next, at least

type ValueAt = (line: ChartLine) => number;

export class Plot {
  on_drawn: () => void = () => {};
  nothing = ''; // why there is no line, where there is none
  // Of each line what is under the pointer, or its last value when there is none.
  on_values: (at: ValueAt, pointed: boolean) => void = () => {};
  private readonly plot: uPlot;
  private readonly still: Still;
  private readonly resize: ResizeObserver;
  private readonly sight: IntersectionObserver;
  private in_sight = true;
  private behind = false; // points came while nobody could see them
  private soon = false;
  private closed = false;
  private y: Limits | undefined; // of what was drawn so far
  private x: Limits = [0, 1];

  constructor(
    private readonly box: HTMLElement,
    private readonly lines: readonly ChartLine[],
    private readonly look: ChartLook,
    private readonly range: StepRange | undefined,
    private readonly set_range: (range: StepRange | undefined) => void,
  ) {
    this.plot = new uPlot(this.options(), [[], ...this.series().map(() => [])], box);
    this.still = new Still(this.plot.ctx.canvas);
    this.resize = new ResizeObserver(() => this.plot.setSize(this.size()));
    this.resize.observe(box);
    this.sight = new IntersectionObserver((news) => this.seen(news.at(-1)!.isIntersecting));
    this.sight.observe(box);
    this.plot.over.addEventListener('dblclick', () => this.set_range(undefined));
  }

  get y_limits(): Limits {
    return this.y ?? y_limits(Number.NaN, Number.NaN, this.look.log);
  }

  close(): void {
    this.closed = true;
    this.resize.disconnect();
    this.sight.disconnect();
    this.still.close();
    this.plot.destroy();
  }

  // Several lines may change in one frame: drawn once, in that same frame. A chart that is scrolled
  // away would take the time, and the frames, of those that are looked at.
  draw_soon = (): void => {
    if (this.soon) return;
    this.soon = true;
    queueMicrotask(() => {
      this.soon = false;
      if (this.closed) return;
      if (this.in_sight) this.draw();
      else this.behind = true;
    });
  };

  private seen(in_sight: boolean): void {
    this.in_sight = in_sight;
    if (in_sight && this.behind) this.draw();
  }

  draw(): void {
    this.behind = false;
    const tables = this.lines.map((line) => {
      const source = line.source;
      return ascending(xs_of(source, this.look.across), source.ys);
    });
    this.set_limits(tables);
    const smoothed = this.look.smoothing > 0;
    const joined: uPlot.AlignedData[] = tables.map(([xs, all]) => {
      const ys = this.look.log ? all.map((y) => (y !== null && y > 0 ? y : null)) : all;
      return smoothed ? [xs, ys, smooth(ys, this.look.smoothing)] : [xs, ys];
    });
    const data = joined.length === 1 ? joined[0]! : uPlot.join(joined);
    this.plot.setData(data, true);
    this.on_drawn();
    this.tell_values();
  }

  // While points come an axis only grows. A zoom is another Plot: its y axis is that of its steps.
  private set_limits(tables: readonly [number[], (number | null)[]][]): void {
    const growing = this.lines.some((line) => line.growing);
    const zoomed = this.range && this.look.across === 'step' ? this.range : undefined;
    if (zoomed) this.x = x_limits(zoomed.from, zoomed.to, false);
    else {
      const ends = tables.flatMap(([xs]) => (xs.length > 0 ? [xs[0]!, xs[xs.length - 1]!] : []));
      this.x = x_limits(Math.min(...ends), Math.max(...ends), growing);
    }
    const seen = extent(tables, zoomed && this.x, this.look.log);
    if (seen.low <= seen.high) {
      this.y = wider(this.y, y_limits(seen.low, seen.high, this.look.log));
    }
    this.nothing = this.why_nothing(seen, zoomed !== undefined);
  }

  private why_nothing(seen: Extent, zoomed: boolean): string {
    if (seen.low <= seen.high) return '';
    if (seen.values > 0) return 'No positive values: a log scale has no place for others.';
    if (seen.points > 0) return 'No finite values.';
    const loaded = this.lines.some((line) => line.source.total > 0);
    return zoomed && loaded ? 'No points in these steps.' : '';
  }

  private tell_values(): void {
    const at = this.plot.cursor.idx;
    const left = this.plot.cursor.left ?? -1;
    const pointed = at !== null && at !== undefined && left >= 0;
    this.on_values((line) => (pointed ? this.value_at(line, at) : line.source.last), pointed);
  }

  // Of the newest point up to that column.
  private value_at(line: ChartLine, column: number): number {
    const each = this.look.smoothing > 0 ? 2 : 1;
    const values = this.plot.data[1 + this.lines.indexOf(line) * each]!;
    for (let back = column; back >= 0; back -= 1) {
      const value = values[back];
      if (value !== null && value !== undefined) return value;
    }
    return line.source.last;
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(160, this.box.clientWidth), height: this.look.height };
  }

  private series(): uPlot.Series[] {
    const smoothed = this.look.smoothing > 0;
    const css = getComputedStyle(document.documentElement);
    return this.lines.flatMap((line): uPlot.Series[] => {
      const stroke = css.getPropertyValue(`--${line.color}`).trim();
      const dash = line.dash.length > 0 ? { dash: [...line.dash] } : {};
      const raw: uPlot.Series = { stroke, width: 1.8, ...dash, points: { show: false } };
      const front = line.faint ? { ...raw, width: 1, alpha: 0.25 } : raw;
      return smoothed ? [{ ...raw, width: 1, alpha: line.faint ? 0.08 : 0.3 }, front] : [front];
    });
  }

  private options(): uPlot.Options {
    const css = getComputedStyle(document.documentElement);
    const token = (name: string): string => css.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: token('ink3'), font: '11px sans-serif', ticks: { show: false } };
    const time = this.look.across === 'time';
    const text = (value: number | null): string => (value === null ? '' : plain(value));
    return {
      ...this.size(),
      legend: { show: false },
      padding: [8, 20, 0, 0], // half of a long number fits beside the last tick
      cursor: {
        drag: { x: true, y: false, setScale: false },
        // One cursor for all charts. A drag is of the chart it happens in.
        sync: {
          key: `telltale-${this.look.across}`,
          scales: ['x', null],
          filters: {
            pub: () => true,
            sub: (event) => event === 'mousemove' || event === 'mouseleave',
          },
        },
        points: { size: 7 },
      },
      scales: {
        x: { time: false, range: () => this.x },
        y: {
          range: () => this.y_limits,
          distr: this.look.log ? 3 : 1,
        },
      },
      axes: [
        {
          ...axis,
          size: 22,
          gap: 2,
          space: 60,
          // No tick between two steps, nor at 2.5 s.
          incrs: time ? kSeconds : kWhole,
          grid: { show: false },
          values: (_plot, ticks) => ticks.map((at) => (time ? duration(at * 1000) : text(at))),
        },
        {
          ...axis,
          size: 50,
          gap: 6,
          space: kTickPx,
          grid: { stroke: token('line'), width: 1 },
          ...(this.look.log && {
            splits: (_plot: uPlot, _axis: number, low: number, high: number) =>
              log_ticks(low, high, this.look.height / kTickPx),
            filter: (_plot: uPlot, ticks: number[]) => ticks,
          }),
          values: (_plot, ticks) => ticks.map(text),
        },
      ],
      series: [{}, ...this.series()],
      hooks: {
        setCursor: [() => this.tell_values()],
        setSelect: [(plot) => this.selected(plot)],
        draw: [(plot) => this.mark_ends(plot, token), () => this.still.drawn()],
      },
    };
  }

  private selected(plot: uPlot): void {
    const { left, width } = plot.select;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width < 4 || this.look.across !== 'step') return;
    this.set_range({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') });
  }

  // A dot where a line ends, a cross where it ended in failure; none where a zoom cuts it.
  private mark_ends(plot: uPlot, token: (name: string) => string): void {
    const each = this.look.smoothing > 0 ? 2 : 1;
    const pen = plot.ctx;
    const unit = devicePixelRatio;
    this.lines.forEach((line, place) => {
      if (line.faint && !line.failed) return;
      const column = plot.data[(place + 1) * each]!;
      let at = column.length - 1;
      while (at >= 0 && (column[at] === null || column[at] === undefined)) at -= 1;
      if (at < 0) return;
      const cut = plot.data[0][at]! > this.x[1] || plot.data[0][at]! < this.x[0];
      if (cut || (this.range && line.source.last_step > this.x[1])) return;
      const x = plot.valToPos(plot.data[0][at]!, 'x', true);
      const y = plot.valToPos(column[at]!, 'y', true);
      pen.save();
      pen.fillStyle = pen.strokeStyle = token(line.failed ? 'bad' : line.color);
      pen.lineWidth = 2 * unit;
      pen.beginPath();
      if (line.failed) {
        const s = 3.5 * unit;
        pen.moveTo(x - s, y - s);
        pen.lineTo(x + s, y + s);
        pen.moveTo(x + s, y - s);
        pen.lineTo(x - s, y + s);
        pen.stroke();
      } else {
        pen.arc(x, y, 3 * unit, 0, 7);
        pen.fill();
      }
      pen.restore();
    });
  }
}
