// What the timeline has a row for: each task of the top, each loop as one row of lanes, or, when it
// is unfolded, a row for each of its tasks. Pure.
import type { TaskView } from '../../api/gen/view_pb';
import type { RunStore } from '../../api/run_store';
import { ms_of } from '../../base/format';
import { lanes_of, type Span } from '../../base/timeline';

export interface Row {
  task: TaskView;
  depth: number;
  items: readonly TaskView[] | undefined; // of a folded loop
  lane: ReadonlyMap<string, number>; // of its items
  height: number; // px
}

export type Order = 'start' | 'longest';

export const kRowHeight = 28;
const kLaneHeight = 6;
const kLanesMost = 24;

export function span_of(task: TaskView, now: number): Span | undefined {
  if (task.startedAtUs === 0n) return undefined;
  const start = ms_of(task.startedAtUs);
  const end = task.finishedAtUs > 0n ? ms_of(task.finishedAtUs) : now;
  return { id: task.id, start, end: Math.max(start, end) };
}

function start_of(task: TaskView, items: readonly TaskView[]): number {
  const starts = [task, ...items].map((one) => ms_of(one.startedAtUs)).filter((at) => at > 0);
  return starts.length > 0 ? Math.min(...starts) : Infinity;
}

function length_of(task: TaskView, now: number): number {
  const span = span_of(task, now);
  return span ? span.end - span.start : -1;
}

const kNoLanes: ReadonlyMap<string, number> = new Map();

export function rows_of(
  store: RunStore,
  unfolded: ReadonlySet<string>,
  order: Order,
  now: number,
): Row[] {
  const rows: Row[] = [];
  const sorted = (tasks: readonly TaskView[]): TaskView[] => {
    const key = (task: TaskView): number =>
      order === 'longest'
        ? -length_of(task, now)
        : start_of(task, task.kind === 0 ? [] : store.below(task.id));
    // Equal ones stay as they became known.
    return tasks
      .map((task) => ({ task, at: key(task) }))
      .sort((a, b) => (a.at === b.at ? 0 : a.at - b.at))
      .map((one) => one.task);
  };
  const add = (parent: string, depth: number): void => {
    for (const task of sorted(store.groups.get(parent) ?? [])) {
      if (task.kind === 0) {
        rows.push({ task, depth, items: undefined, lane: kNoLanes, height: kRowHeight });
      } else if (task.kind === 1 && !unfolded.has(task.id)) {
        const items = store.below(task.id);
        const spans = items.flatMap((one) => span_of(one, now) ?? []);
        const { lane, count } = lanes_of(spans);
        const height = Math.max(kRowHeight, Math.min(count, kLanesMost) * kLaneHeight + 10);
        rows.push({ task, depth, items, lane, height });
      } else if (task.kind === 2) {
        add(task.id, depth); // an iteration has no row of its own
      } else {
        rows.push({ task, depth, items: undefined, lane: kNoLanes, height: kRowHeight });
        add(task.id, depth + 1);
      }
    }
  };
  add('', 0);
  return rows;
}

export function lane_place(row: Row, id: string): { top: number; height: number } {
  const lanes = Math.max(1, Math.min(kLanesMost, Math.max(0, ...row.lane.values()) + 1));
  const each = Math.min(kLaneHeight, (row.height - 8) / lanes);
  return { top: 4 + ((row.lane.get(id) ?? 0) % kLanesMost) * each, height: Math.max(2, each - 1) };
}
