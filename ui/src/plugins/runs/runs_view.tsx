// All runs, newest first.
import { useDeferredValue, useState, type ReactNode } from 'react';
import type { RunSummary } from '../../api/gen/view_pb';
import { RunsStore } from '../../api/stores';
import { use_store } from '../../api/use_store';
import { go, Link } from '../../base/router';
import { ago, duration, full_time, metric, ms_of } from '../../base/format';
import { has_ended, kRunning, look, sort_counts } from '../../base/state';
import { use_now } from '../../base/use_signal';
import { StateIcon } from '../../widgets/state_mark';

const kPage = 50;
const kMost = 200;
const kFilters = [
  ['All', ''],
  ['Running', 'running'],
  ['Failed', 'failed'],
] as const;

export function Counts(props: { run: RunSummary }): ReactNode {
  const counts = sort_counts(props.run.counts);
  const words = counts
    .map((one) => `${one.count} ${look(one.state).word.toLowerCase()}`)
    .join(', ');
  return (
    <span className="bar" role="img" aria-label={words || 'no tasks yet'} title={words}>
      {counts.map((one) => (
        <span
          key={one.state}
          className={one.state < kRunning ? 'waits' : ''}
          style={{ flexGrow: one.count, background: `var(--${look(one.state).token})` }}
        />
      ))}
    </span>
  );
}

function Row(props: { run: RunSummary; now: number }): ReactNode {
  const { run, now } = props;
  const to = `/runs/${run.runKey}`;
  const start = ms_of(run.startedAtUs || run.createdAtUs);
  const end = has_ended(run.state) ? ms_of(run.finishedAtUs || run.lastEventAtUs) : now;
  return (
    <tr onClick={() => go(to)}>
      <td style={{ color: `var(--${look(run.state).token})` }}>
        <span className="state">
          <StateIcon state={run.state} /> {look(run.state).word}
        </span>
      </td>
      <td className="name">
        <span onClick={(event) => event.stopPropagation()}>
          <Link to={to}>{run.name || run.runKey}</Link>
        </span>
        {run.failure && <small>{run.failure}</small>}
      </td>
      <td className="wide">{run.pipeline}</td>
      <td className="wide">
        <Counts run={run} />
      </td>
      <td className="number">{duration(end - start)}</td>
      <td className="wide number">
        {run.mainMetric && (
          <>
            {run.mainMetric} <b>{metric(run.mainMetricValue)}</b>
          </>
        )}
      </td>
      <td className="wide number" title={full_time(ms_of(run.lastEventAtUs))}>
        {ago(ms_of(run.lastEventAtUs), now)}
      </td>
    </tr>
  );
}

function Empty(): ReactNode {
  const command = 'build/telltale run your_pipeline.py';
  const [copied, set_copied] = useState(false);
  const copy = (): void =>
    void navigator.clipboard?.writeText(command).then(() => set_copied(true));
  return (
    <div className="empty">
      <h2>No runs yet.</h2>
      <p>Start one; it appears here at once.</p>
      <p>
        <code>{command}</code> <button onClick={copy}>{copied ? 'Copied' : 'Copy'}</button>
      </p>
    </div>
  );
}

export function RunsPage(): ReactNode {
  const [typed, set_text] = useState('');
  const text = useDeferredValue(typed);
  const [state, set_state] = useState('');
  const [limit, set_limit] = useState(kPage);
  const query = new URLSearchParams({ limit: String(limit) });
  if (text) query.set('text', text);
  if (state) query.set('state', state);
  const path = `/api/v1/runs?${query}`;
  const store = use_store(path, () => new RunsStore(path));
  const now = use_now(1000, true);
  const setup = store.runs.filter((run) => run.source === 'setup' && run.state === kRunning);
  const asked = text !== '' || state !== '';
  return (
    <main className="runs">
      {setup.map((run) => (
        <Link key={run.runKey} to={`/runs/${run.runKey}`} className="setup">
          <StateIcon state={kRunning} /> Setting up Python … {run.message}
        </Link>
      ))}
      <div className="tools">
        <h1>Runs</h1>
        <input
          type="search"
          placeholder="Find a run"
          aria-label="Find a run"
          value={typed}
          onChange={(event) => set_text(event.target.value)}
        />
        <span className="choice" role="group" aria-label="State">
          {kFilters.map(([word, value]) => (
            <button
              key={word}
              aria-pressed={state === value}
              className={state === value ? 'on' : ''}
              onClick={() => set_state(value)}
            >
              {word}
            </button>
          ))}
        </span>
      </div>
      {store.problem && <p className="banner bad">{store.problem}</p>}
      {store.loaded &&
        store.runs.length === 0 &&
        (asked ? (
          <p className="empty">
            Nothing matches.{' '}
            <button
              onClick={() => {
                set_text('');
                set_state('');
              }}
            >
              Clear
            </button>
          </p>
        ) : (
          <Empty />
        ))}
      {store.runs.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>State</th>
              <th>Run</th>
              <th className="wide">Pipeline</th>
              <th className="wide">Tasks</th>
              <th className="number">Duration</th>
              <th className="wide number">Metric</th>
              <th className="wide number">Last event</th>
            </tr>
          </thead>
          <tbody>
            {store.runs.map((run) => (
              <Row key={run.runKey} run={run} now={now} />
            ))}
          </tbody>
        </table>
      )}
      {store.total > store.runs.length && limit < kMost && (
        <p>
          <button onClick={() => set_limit(Math.min(kMost, limit + kPage))}>Show more</button>{' '}
          <span className="quiet">
            {store.runs.length} of {store.total}
          </span>
        </p>
      )}
    </main>
  );
}
