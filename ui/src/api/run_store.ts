// RunStore: one run as it is now, with what is asked of it again and again kept beside it: who
// stands in what, and which series a task has. Made anew when a task or series comes or goes, not
// when one only changes.
import { cut } from '../base/format';
import { children_of, groups_of, tasks_below } from '../base/task_walk';
import type {
  ArtifactView,
  RunSummary,
  RunView,
  SeriesView,
  ServerFrame,
  TaskView,
} from './gen/view_pb';
import { Store } from './stores';

// Numbers that count along faster than this can't be read; what comes, goes or changes state is
// told at once.
const kGapMs = 100;

// A name or a message may be of a megabyte: it would stand in every card, tip and list. Whole it is
// at the run's resource.
const kMessageMost = 4000;

function shortened(view: RunView): RunView {
  for (const one of [view.run, ...view.tasks]) {
    if (!one) continue;
    one.name = cut(one.name);
    one.message = cut(one.message, kMessageMost);
  }
  if (view.run) {
    view.run.pipeline = cut(view.run.pipeline);
    view.run.failure = cut(view.run.failure, kMessageMost);
    view.run.firstFailedTaskName = cut(view.run.firstFailedTaskName);
    if (view.run.lost) view.run.lost.reason = cut(view.run.lost.reason);
  }
  for (const { progress } of view.tasks) {
    if (!progress) continue;
    progress.note = cut(progress.note);
    progress.unit = cut(progress.unit);
  }
  for (const series of view.series) series.name = cut(series.name);
  for (const artifact of view.artifacts) artifact.name = cut(artifact.name);
  return view;
}

export class RunStore extends Store {
  run: RunSummary | undefined;
  parameters: Record<string, string> = {};
  readonly tasks = new Map<string, TaskView>();
  readonly series = new Map<string, SeriesView>();
  readonly artifacts = new Map<string, ArtifactView>();
  states_version = 0; // another one whenever the state of any task is another one
  private by_parent: Map<string, TaskView[]> | undefined;
  private by_task: Map<string, SeriesView[]> | undefined;

  constructor(path: string) {
    super(path, kGapMs);
  }

  apply(frame: ServerFrame): boolean {
    if (frame.body.case !== 'run') return false;
    const view = shortened(frame.body.value);
    if (this.is_news(view)) this.signal.hurry();
    if (frame.snapshot) {
      this.states_version += 1;
      this.tasks.clear();
      this.series.clear();
      this.artifacts.clear();
      this.parameters = {};
    }
    if (view.run) this.run = view.run;
    this.parameters = { ...this.parameters, ...view.parameters };
    for (const task of view.tasks) {
      if (this.tasks.get(task.id)?.state !== task.state) this.states_version += 1;
      this.tasks.set(task.id, task);
    }
    for (const series of view.series) this.series.set(series.id, series);
    for (const artifact of view.artifacts) this.artifacts.set(artifact.id, artifact);
    for (const id of view.removedTasks) this.tasks.delete(id);
    if (frame.snapshot || view.tasks.length > 0 || view.removedTasks.length > 0) {
      this.by_parent = undefined;
    }
    if (frame.snapshot || view.series.length > 0) this.by_task = undefined;
    return true;
  }

  // Whether it tells of more than how far what is known has come.
  private is_news({ run, tasks, series, artifacts, removedTasks }: RunView): boolean {
    return (
      (run !== undefined && run.state !== this.run?.state) ||
      tasks.some((task) => task.state !== this.tasks.get(task.id)?.state) ||
      series.some((one) => !this.series.has(one.id)) ||
      artifacts.length > 0 ||
      removedTasks.length > 0
    );
  }

  // Of each group ('' = the run) what stands in it.
  get groups(): ReadonlyMap<string, readonly TaskView[]> {
    this.by_parent ??= children_of(this.tasks);
    return this.by_parent;
  }

  below(id: string): TaskView[] {
    return tasks_below(this.groups, id);
  }

  children(id: string): readonly TaskView[] {
    return this.groups.get(id) ?? [];
  }

  // Of a task ('' = the run itself), in the order they were first told.
  series_of(task_id: string): readonly SeriesView[] {
    if (!this.by_task) {
      this.by_task = new Map();
      for (const series of this.series.values()) {
        const owner = this.tasks.has(series.taskId) ? series.taskId : '';
        const known = this.by_task.get(owner);
        if (known) known.push(series);
        else this.by_task.set(owner, [series]);
      }
    }
    return this.by_task.get(task_id) ?? [];
  }

  // The item of the innermost loop a task stands in, '' outside of loops.
  item_of(task: TaskView): string {
    for (const group of groups_of(this.tasks, task)) if (group.item !== '') return group.item;
    return '';
  }
}
