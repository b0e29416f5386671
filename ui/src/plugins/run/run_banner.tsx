// One line below the head, always there so that nothing moves when it changes: what happens now,
// what failed and what that means, what it waits for before anything moves, how to go on when it is
// over. More only where something was lost, or cannot be read now.
import type { ReactNode } from 'react';
import type { RunSummary } from '../../api/gen/view_pb';
import type { RunStore } from '../../api/run_store';
import { use_sources } from '../../api/sources';
import { unread } from '../../base/cluster';
import { command } from '../../base/commands';
import { bytes, count, plural } from '../../base/format';
import {
  has_ended,
  kCancelled,
  kFailed,
  kPending,
  kQueued,
  kRetrying,
  kRunning,
  kSkipped,
} from '../../base/state';
import { Command } from '../../widgets/controls';
import { StateIcon } from '../../widgets/state_mark';
import { full_name, says, share_of } from '../../widgets/task_text';
import { UnreadLines } from '../../widgets/unread_lines';

function Failure(props: Props): ReactNode {
  const { run, store } = props;
  const skipped = [...store.tasks.values()].filter(
    (task) => task.kind === 0 && task.state === kSkipped,
  ).length;
  const consequence = has_ended(run.state)
    ? skipped > 0
      ? ` ${plural(skipped, 'task')} after it did not run; everything before it is kept.`
      : ''
    : ' The run goes on.';
  return (
    <p className="banner bad">
      <StateIcon state={kFailed} />
      <span>
        <b>
          {run.firstFailedTaskName || run.name} failed{run.failure ? ':' : '.'} {run.failure}
        </b>
        {consequence}
      </span>
      {run.firstFailedTask && (
        <button onClick={props.to_failure}>
          Open first failure <kbd aria-hidden="true">F</kbd>
        </button>
      )}
    </p>
  );
}

function lost_text(run: RunSummary): string {
  const lost = run.lost;
  if (!lost) return '';
  const parts = [
    lost.points > 0n ? plural(Number(lost.points), 'metric point') : '',
    lost.logBytes > 0n ? `${bytes(Number(lost.logBytes))} of output` : '',
    lost.events > 0n ? plural(Number(lost.events), 'event') : '',
  ].filter(Boolean);
  if (parts.length === 0) return '';
  const dropped = `${parts.join(', ')} of this run were dropped`;
  return `${dropped} before they reached Telltale. ${lost.reason}`;
}

function Now(props: { store: RunStore }): ReactNode {
  const { store } = props;
  const busy = [...store.tasks.values()].filter(
    (task) => task.kind === 0 && (task.state === kRunning || task.state === kRetrying),
  );
  const first = busy[busy.length - 1];
  if (!first) {
    return (
      <p className="banner">
        <span className="quiet">{store.run!.message || 'Between two tasks.'}</span>
      </p>
    );
  }
  return (
    <p className="banner now">
      <StateIcon state={first.state} share={share_of(first)} />
      <span>
        <b>{full_name(first, store)}</b> {says(first, store)}
        {busy.length > 1 && <span className="quiet"> and {plural(busy.length - 1, 'other')}</span>}
      </span>
    </p>
  );
}

function Line(props: Props): ReactNode {
  const { run } = props;
  if (run.state === kCancelled) {
    return (
      <p className="banner idle">
        <StateIcon state={kCancelled} />
        <span>
          <b>Stopped.</b> {run.message} What had ended is kept.
        </span>
      </p>
    );
  }
  if (run.firstFailedTask !== '' || run.state === kFailed) return <Failure {...props} />;
  if (run.state <= kPending || run.state === kQueued) {
    return (
      <p className="banner wait">
        <StateIcon state={kQueued} />
        <span>
          <b>Accepted. Waiting for the first task.</b> {run.message} You can leave: this page fills
          in by itself.
        </span>
      </p>
    );
  }
  if (!has_ended(run.state)) return <Now store={props.store} />;
  return (
    <p className="banner next">
      <span>
        All {count(run.counts.reduce((sum, one) => sum + one.count, 0))} tasks ended well.
        {run.launch ? ' Your own pipeline:' : ''}
      </span>
      {run.launch && <Command text={command('run your_pipeline.py')} />}
    </p>
  );
}

interface Props {
  store: RunStore;
  run: RunSummary;
  to_failure: () => void;
}

export function RunBanner(props: Props): ReactNode {
  const lost = lost_text(props.run);
  const origin = props.run.clusterObject;
  const sources = use_sources();
  return (
    <>
      <Line {...props} />
      {origin && !origin.deleted && <UnreadLines all={unread(sources, origin)} />}
      {lost && (
        <p className="banner warn" role="status">
          {lost}
        </p>
      )}
    </>
  );
}
