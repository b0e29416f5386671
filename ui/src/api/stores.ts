// What the page holds of a subscription, outside React. A snapshot replaces, a delta merges by id.
import { Signal } from '../base/signal';
import type { GraphLayout, NodeView, RunSummary, ServerFrame } from './gen/view_pb';
import type { Handle, Live } from './live';

const kAskAgainMs = 1000;
const kAskAgainMsMax = 30_000;

export abstract class Store {
  readonly signal: Signal;
  problem = '';
  asks_again_at = 0; // ms since the epoch; after a problem
  handle: Handle | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private pause = kAskAgainMs;
  constructor(
    public path: string,
    gap_ms?: number, // of its signal
  ) {
    this.signal = new Signal(gap_ms);
  }

  open(live: Live): () => void {
    this.handle = live.subscribe(this.path, (frame) => {
      if (frame.body.case === 'problem') {
        this.problem = frame.body.value.detail || frame.body.value.title;
        this.ask_again();
        this.signal.changed();
      } else {
        const healed = this.problem !== '';
        this.problem = '';
        this.pause = kAskAgainMs;
        if (frame.snapshot) this.signal.hurry(); // somebody waits for it
        if (this.apply(frame) || healed) this.signal.changed();
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

  // False when what is shown stays as it was.
  abstract apply(frame: ServerFrame): boolean;
}

export class RunsStore extends Store {
  runs: RunSummary[] = []; // newest first
  total = 0;
  loaded = false; // what is here is what was asked for

  // The runs of before stay until those asked for are here.
  override move(path: string): void {
    if (path !== this.path) this.loaded = false;
    super.move(path);
  }

  apply(frame: ServerFrame): boolean {
    if (frame.body.case !== 'runList') return false;
    const list = frame.body.value;
    const by_key = new Map(frame.snapshot ? [] : this.runs.map((run) => [run.runKey, run]));
    for (const run of list.runs) by_key.set(run.runKey, run);
    // A list of some runs also tells of those that are no part of it, whether they were or not.
    const left = list.removed.filter((key) => by_key.delete(key));
    this.runs = [...by_key.values()].sort((a, b) =>
      a.createdAtUs === b.createdAtUs ? 0 : a.createdAtUs > b.createdAtUs ? -1 : 1,
    );
    const same = list.runs.length === 0 && left.length === 0 && list.total === this.total;
    this.total = list.total;
    this.loaded = true;
    return frame.snapshot || !same;
  }
}

export class GraphStore extends Store {
  layout: GraphLayout | undefined;
  apply(frame: ServerFrame): boolean {
    if (frame.body.case !== 'graph') return false;
    this.layout = frame.body.value;
    return true;
  }
}

export class NodesStore extends Store {
  readonly nodes = new Map<string, NodeView>(); // in the order they became known
  apply(frame: ServerFrame): boolean {
    if (frame.body.case !== 'run') return false;
    const view = frame.body.value;
    if (frame.snapshot) this.nodes.clear();
    for (const node of view.nodes) this.nodes.set(node.sourceId, node);
    for (const id of view.removedNodes) this.nodes.delete(id);
    return frame.snapshot || view.nodes.length > 0 || view.removedNodes.length > 0;
  }
}
