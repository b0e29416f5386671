// One line below the head where the run needs a word: what failed and what that means, what it
// waits for before anything moves, what was lost, how to go on when it is over.
import type { ReactNode } from 'react';
import type { RunSummary } from '../../api/gen/view_pb';
import type { RunStore } from '../../api/run_store';
import { bytes, count, ms_of, plural } from '../../base/format';
import {
  has_ended,
  kCancelled,
  kFailed,
  kPending,
  kQueued,
  kSkipped,
  kSucceeded,
} from '../../base/state';
import { Command } from '../../widgets/controls';
import { StateIcon } from '../../widgets/state_mark';

function Failure(props: { store: RunStore; run: RunSummary; to_failure: () => void }): ReactNode {
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

export function RunBanner(props: {
  store: RunStore;
  run: RunSummary;
  to_failure: () => void;
}): ReactNode {
  const { run } = props;
  const lost = lost_text(run);
  const waiting = run.state <= kPending || run.state === kQueued;
  return (
    <>
      {(run.firstFailedTask !== '' || run.state === kFailed) && run.state !== kCancelled && (
        <Failure {...props} />
      )}
      {waiting && (
        <p className="banner wait">
          <StateIcon state={kQueued} />
          <span>
            <b>Accepted. Waiting for the first task.</b> {run.message} You can leave: this page
            fills in by itself.
          </span>
        </p>
      )}
      {run.state === kCancelled && (
        <p className="banner idle">
          <StateIcon state={kCancelled} />
          <span>
            <b>Stopped.</b> {run.message} What had ended is kept.
          </span>
        </p>
      )}
      {lost && (
        <p className="banner warn" role="status">
          {lost}
        </p>
      )}
      {run.state === kSucceeded && run.launch && ms_of(run.finishedAtUs) > 0 && (
        <p className="banner next">
          <span>
            All {count(run.counts.reduce((sum, one) => sum + one.count, 0))} tasks ended well. Your
            own pipeline:
          </span>
          <Command text="build/telltale run your_pipeline.py" />
        </p>
      )}
    </>
  );
}
