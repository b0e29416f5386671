// What the page holds of a subscription, outside React. A snapshot replaces, a delta merges by id.
import { Signal } from '../base/signal';
import type { GraphLayout, RunSummary, ServerFrame } from './gen/view_pb';
import type { Handle, Live } from './live';

const kAskAgainMs = 1000;
const kAskAgainMsMax = 30_000;

export abstract class Store {
  readonly signal = new Signal();
  problem = '';
  asks_again_at = 0; // ms since the epoch; after a problem
  handle: Handle | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private pause = kAskAgainMs;
  constructor(public path: string) {}

  open(live: Live): () => void {
    this.handle = live.subscribe(this.path, (frame) => {
      if (frame.body.case === 'problem') {
        this.problem = frame.body.value.detail || frame.body.value.title;
        this.ask_again();
        this.signal.changed();
      } else {
        this.problem = '';
        this.pause = kAskAgainMs;
        this.apply(frame);
        this.tell();
      }
    });
    return () => {
      clearTimeout(this.again);
      this.handle?.close();
      this.handle = undefined;
    };
  }

  // What was just started may not have said its first word yet; what is unknown may stay so.
  private ask_again(): void {
    clearTimeout(this.again);
    this.asks_again_at = Date.now() + this.pause;
    this.again = setTimeout(() => this.handle?.move(this.path), this.pause);
    this.pause = Math.min(kAskAgainMsMax, this.pause * 2);
  }

  // Another view of the same thing, answered by a snapshot.
  move(path: string): void {
    if (path === this.path) return;
    this.path = path;
    this.handle?.move(path);
  }

  abstract apply(frame: ServerFrame): void;

  // After apply(): whoever draws this is told, in the next frame.
  protected tell(): void {
    this.signal.changed();
  }
}

export class RunsStore extends Store {
  runs: RunSummary[] = []; // newest first
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

export class GraphStore extends Store {
  layout: GraphLayout | undefined;
  apply(frame: ServerFrame): void {
    if (frame.body.case === 'graph') this.layout = frame.body.value;
  }
}
