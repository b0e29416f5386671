// What needs a person: a pipeline whose newest run failed, a run that waits for a decision, one
// whose source has gone silent. Which ones the server says (docs/formats/api.md).
import type { ReactNode } from 'react';
import type { RunSummary } from '../../api/gen/view_pb';
import { ago, count, duration, full_time, ms_of } from '../../base/format';
import { go, Link } from '../../base/router';
import { kFailed, kRunning, kUnknown, look, urgency } from '../../base/state';
import { StateIcon } from '../../widgets/state_mark';

const kShown = 5;

function cause(run: RunSummary, now: number): [state: number, word: string, text: string] {
  if (run.state === kRunning) {
    const since = duration(now - ms_of(run.lastEventAtUs));
    return [kUnknown, 'Silent', `No news from it for ${since}. Its process may have ended.`];
  }
  return [run.state, look(run.state).word, run.failure || run.message];
}

export function Attention(props: {
  runs: readonly RunSummary[];
  total: number;
  now: number;
}): ReactNode {
  const { total, now } = props;
  if (total === 0) return null;
  const runs = [...props.runs].sort((a, b) => urgency(a.state) - urgency(b.state));
  return (
    <section aria-label="Needs attention">
      <h2>
        Needs attention <span className="quiet number">{count(total)}</span>
      </h2>
      <ul className="attention">
        {runs.slice(0, kShown).map((run) => {
          const [state, word, text] = cause(run, now);
          const task = run.firstFailedTask ? `?task=${run.firstFailedTask}` : '';
          const to = `/runs/${run.runKey}${task}`;
          // Logs of pods are not read.
          const has_log = state === kFailed && !run.clusterObject;
          return (
            <li key={run.runKey}>
              <StateIcon state={state} />
              <span className="who" title={run.name}>
                <Link to={to}>{run.name || run.runKey}</Link>{' '}
                <span className="quiet">{run.firstFailedTaskName}</span>
              </span>
              <span className="what">
                <b style={{ color: `var(--${look(state).token})` }}>{word}.</b> {text}
              </span>
              <span className="quiet number" title={full_time(ms_of(run.lastEventAtUs))}>
                {ago(ms_of(run.lastEventAtUs), now)}
              </span>
              <button onClick={() => go(to)}>{has_log ? 'Open log' : 'Open'}</button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
