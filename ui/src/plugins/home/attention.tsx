// What needs a person: a pipeline whose newest run failed, a run that waits for a decision, one
// whose source has gone silent.
import type { ReactNode } from 'react';
import type { RunSummary } from '../../api/gen/view_pb';
import { ago, duration, full_time, ms_of } from '../../base/format';
import { go, Link } from '../../base/router';
import {
  has_ended,
  kFailed,
  kRunning,
  kSuspended,
  kUnknown,
  look,
  urgency,
} from '../../base/state';
import { StateIcon } from '../../widgets/state_mark';

const kSilentMs = 30_000;
const kRecentMs = 24 * 3600 * 1000;
const kShown = 5;

export function is_silent(run: RunSummary, now: number): boolean {
  return run.state === kRunning && now - ms_of(run.lastEventAtUs) > kSilentMs;
}

// `runs`: newest first. A failure that a later run of the same pipeline has mended is over.
export function needs_attention(runs: readonly RunSummary[], now: number): RunSummary[] {
  const ended = new Set<string>();
  return runs
    .filter((run) => {
      const pipeline = run.pipeline || run.name;
      const first = !ended.has(pipeline);
      if (has_ended(run.state)) ended.add(pipeline);
      if (run.state === kFailed) return first && now - ms_of(run.lastEventAtUs) < kRecentMs;
      return run.state === kSuspended || run.state === kUnknown || is_silent(run, now);
    })
    .sort((a, b) => urgency(a.state) - urgency(b.state));
}

function cause(run: RunSummary, now: number): [state: number, word: string, text: string] {
  if (is_silent(run, now)) {
    const since = duration(now - ms_of(run.lastEventAtUs));
    return [kUnknown, 'Silent', `No news from it for ${since}. Its process may have ended.`];
  }
  return [run.state, look(run.state).word, run.failure || run.message];
}

export function Attention(props: { runs: readonly RunSummary[]; now: number }): ReactNode {
  const { runs, now } = props;
  if (runs.length === 0) return null;
  return (
    <section aria-label="Needs attention">
      <h2>
        Needs attention <span className="quiet number">{runs.length}</span>
      </h2>
      <ul className="attention">
        {runs.slice(0, kShown).map((run) => {
          const [state, word, text] = cause(run, now);
          const task = run.firstFailedTask ? `?task=${run.firstFailedTask}` : '';
          const to = `/runs/${run.runKey}${task}`;
          return (
            <li key={run.runKey}>
              <StateIcon state={state} />
              <span className="who">
                <Link to={to}>{run.name || run.runKey}</Link>{' '}
                <span className="quiet">{run.firstFailedTaskName}</span>
              </span>
              <span className="what">
                <b style={{ color: `var(--${look(state).token})` }}>{word}.</b> {text}
              </span>
              <span className="quiet number" title={full_time(ms_of(run.lastEventAtUs))}>
                {ago(ms_of(run.lastEventAtUs), now)}
              </span>
              <button onClick={() => go(to)}>{state === kFailed ? 'Open log' : 'Open'}</button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
