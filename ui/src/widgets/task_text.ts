// What is said of a task in a few words: how far, how long, and why or with what result.
import type { TaskView } from '../api/gen/view_pb';
import { duration, metric, ms_of, plain, value_text } from '../base/format';
import {
  has_ended,
  kCached,
  kFailed,
  kPending,
  kRunning,
  kSkipped,
  kSucceeded,
  look,
} from '../base/state';

// What texts need to know of the run around a task.
export interface TaskContext {
  tasks: ReadonlyMap<string, TaskView>;
  states_version: number; // another one whenever a state is another one
  below(id: string): readonly TaskView[]; // tasks anywhere in it, in item order
  children(id: string): readonly TaskView[]; // what stands in it directly: a loop's items
  item_of(task: TaskView): string;
  series_of(id: string): readonly { name: string; lastValue: number }[];
}

export function share_of(task: TaskView): number | undefined {
  if (!task.progress || !(task.progress.total > 0)) return undefined;
  const share = task.progress.done / task.progress.total;
  return Number.isNaN(share) ? undefined : Math.min(1, Math.max(0, share));
}

// Of a loop: the share of its tasks that ended.
export function share_ended(tasks: readonly TaskView[]): number | undefined {
  if (tasks.length === 0) return undefined;
  return tasks.filter((task) => has_ended(task.state)).length / tasks.length;
}

export function took_ms(task: TaskView, now: number): number | undefined {
  if (task.startedAtUs === 0n) return undefined;
  const end = task.finishedAtUs > 0n ? ms_of(task.finishedAtUs) : now;
  return Math.max(0, end - ms_of(task.startedAtUs));
}

export function time_of(task: TaskView, now: number): string {
  const ms = took_ms(task, now);
  return ms === undefined ? '' : duration(ms);
}

// `train [0.05]` where the name alone would not tell it from its sisters.
export function full_name(task: TaskView, context: TaskContext): string {
  const item = context.item_of(task);
  return item === '' ? task.name : `${task.name} [${value_text(item)}]`;
}

const kNamesSaid = 2;

export function waits_for(task: TaskView, context: TaskContext): string {
  const open = task.dependsOn
    .map((id) => context.tasks.get(id))
    .filter((other) => other !== undefined && !has_ended(other.state)) as TaskView[];
  if (open.length === 0) return '';
  const names = [...new Set(open.map((other) => other.name))];
  return names.length <= kNamesSaid
    ? `Waits for ${names.join(' and ')}`
    : `Waits for ${names.length} tasks`;
}

function result_of(task: TaskView, context: TaskContext): string {
  const outputs = Object.entries(task.outputs).filter(([, json]) => /^[-\d"tf]/.test(json));
  const first = outputs[0];
  if (first) {
    const [name, json] = first;
    const value = Number(json);
    const text = json !== '' && Number.isFinite(value) ? plain(value) : value_text(json);
    return name === 'Output' ? text : `${name} ${text}`;
  }
  const series = context.series_of(task.id);
  const last = series[series.length - 1];
  return last ? `${last.name} ${metric(last.lastValue)}` : '';
}

function running_text(task: TaskView, context: TaskContext): string {
  const note =
    task.progress?.note ||
    (task.progress && task.progress.total > 0
      ? `${task.progress.done} of ${task.progress.total} ${task.progress.unit}`.trim()
      : '');
  const series = context.series_of(task.id);
  const last = series[series.length - 1];
  const value = last ? `${last.name} ${metric(last.lastValue)}` : '';
  return [note, value].filter(Boolean).join(', ') || task.message || 'Running';
}

// The second line of a card.
export function says(task: TaskView, context: TaskContext): string {
  const word = look(task.state).word;
  switch (task.state) {
    case kRunning:
      return running_text(task, context);
    case kFailed:
      return task.message || word;
    case kSucceeded:
    case kCached:
      return result_of(task, context) || task.message || word;
    case kSkipped:
      return task.message || word;
    default:
      if (task.state <= kPending) return waits_for(task, context) || task.message || word;
      return task.message || word;
  }
}
