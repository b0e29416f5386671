// What the page holds of each subscription, outside React. A snapshot replaces, a delta merges by
// id.
import { ms_of } from '../base/format';
import { LogLines } from '../base/log_lines';
import { Signal } from '../base/signal';
import type { LogSource, SeriesSource } from '../base/sources';
import type {
  ArtifactView,
  GraphLayout,
  RunSummary,
  SeriesView,
  ServerFrame,
  TaskView,
} from './gen/view_pb';
import type { Handle, Live } from './live';

const kAskAgainMs = 1000;

export abstract class Store {
  readonly signal = new Signal();
  problem = '';
  handle: Handle | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  constructor(public path: string) {}

  open(live: Live): () => void {
    this.handle = live.subscribe(this.path, (frame) => {
      if (frame.body.case === 'problem') {
        this.problem = frame.body.value.detail || frame.body.value.title;
        // What was just started may not have said its first word yet.
        this.again = setTimeout(() => this.handle?.move(this.path), kAskAgainMs);
      } else {
        this.problem = '';
        this.apply(frame);
      }
      this.signal.changed();
    });
    return () => {
      clearTimeout(this.again);
      this.handle?.close();
      this.handle = undefined;
    };
  }

  abstract apply(frame: ServerFrame): void;
}

export class RunsStore extends Store {
  runs: RunSummary[] = [];
  total = 0;
  loaded = false;

  apply(frame: ServerFrame): void {
    if (frame.body.case !== 'runList') return;
    const list = frame.body.value;
    const by_key = new Map(frame.snapshot ? [] : this.runs.map((run) => [run.runKey, run]));
    for (const run of list.runs) by_key.set(run.runKey, run);
    for (const key of list.removed) by_key.delete(key);
    this.runs = [...by_key.values()].sort((a, b) =>
      a.createdAtUs === b.createdAtUs ? 0 : a.createdAtUs > b.createdAtUs ? -1 : 1,
    );
    this.total = list.total;
    this.loaded = true;
  }
}

export class RunStore extends Store {
  run: RunSummary | undefined;
  parameters: Record<string, string> = {};
  readonly tasks = new Map<string, TaskView>();
  readonly series = new Map<string, SeriesView>();
  readonly artifacts = new Map<string, ArtifactView>();

  apply(frame: ServerFrame): void {
    if (frame.body.case !== 'run') return;
    const view = frame.body.value;
    if (frame.snapshot) {
      this.tasks.clear();
      this.series.clear();
      this.artifacts.clear();
      this.parameters = {};
    }
    if (view.run) this.run = view.run;
    this.parameters = { ...this.parameters, ...view.parameters };
    for (const task of view.tasks) this.tasks.set(task.id, task);
    for (const series of view.series) this.series.set(series.id, series);
    for (const artifact of view.artifacts) this.artifacts.set(artifact.id, artifact);
    for (const id of view.removedTasks) this.tasks.delete(id);
  }
}

export class GraphStore extends Store {
  layout: GraphLayout | undefined;
  apply(frame: ServerFrame): void {
    if (frame.body.case === 'graph') this.layout = frame.body.value;
  }
}

export class LogStore extends Store implements LogSource {
  readonly lines = new LogLines();
  size = 0;
  lost = 0;
  attempt = 0;
  loading = false;
  get start(): number {
    return this.lines.start;
  }
  load_earlier(): void {}

  apply(frame: ServerFrame): void {
    if (frame.body.case !== 'log') return;
    const chunk = frame.body.value;
    if (frame.snapshot || chunk.attempt !== this.attempt) this.lines.clear(Number(chunk.offset));
    this.attempt = chunk.attempt;
    this.lines.append(Number(chunk.offset), chunk.data);
    this.size = Number(chunk.size);
    this.lost = Number(chunk.lost);
  }
}

export class PointsStore extends Store implements SeriesSource {
  xs: number[] = [];
  ys: (number | null)[] = [];
  total = 0;
  last = Number.NaN;
  last_step = 0;
  time_ms = 0;
  constructor(
    path: string,
    readonly id: string,
  ) {
    super(path);
  }
  set_columns(): void {}

  apply(frame: ServerFrame): void {
    if (frame.body.case !== 'points') return;
    const points = frame.body.value;
    if (points.reset || frame.snapshot) {
      this.xs = [];
      this.ys = [];
    }
    points.value.forEach((value, at) => {
      this.xs.push(Number(points.step[at] ?? 0n));
      this.ys.push(Number.isFinite(value) ? value : null);
      this.last = value;
    });
    this.last_step = this.xs[this.xs.length - 1] ?? 0;
    this.total = Number(points.total);
    if (points.series) {
      this.last = points.series.lastValue;
      this.time_ms = ms_of(points.series.lastTimeUs);
    }
  }
}
