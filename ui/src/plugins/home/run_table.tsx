// Runs as a table: how each stands, how long it took against what is usual, its main metric against
// the run before.
import type { ReactNode } from 'react';
import type { RunSummary } from '../../api/gen/view_pb';
import { alike, duration_ms, estimate_of } from '../../api/use_estimate';
import { ago, clock, difference, duration, full_time, metric, ms_of } from '../../base/format';
import { go, Link } from '../../base/router';
import { has_ended, kFailed, kRunning, look } from '../../base/state';
import { CountsBar } from '../../widgets/counts';
import { StateIcon } from '../../widgets/state_mark';

interface RowProps {
  run: RunSummary;
  runs: readonly RunSummary[];
  now: number;
  marked: boolean;
}

// A bar as long as the run took, an upright where it usually ends.
function Usual(props: RowProps & { took: number }): ReactNode {
  const { run, took } = props;
  const usual = estimate_of(run, props.runs);
  if (!usual) return null;
  const whole = Math.max(usual.typical, took) * 1.15;
  const share = (ms: number): string => `${(ms / whole) * 100}%`;
  const label = `${duration(took)}, usually ${duration(usual.typical)}`;
  return (
    <span className="usual" role="img" aria-label={label} title={label}>
      <span
        className={run.state === kFailed ? 'bad' : has_ended(run.state) ? '' : 'run'}
        style={{ width: share(took) }}
      />
      <i style={{ left: share(usual.typical) }} />
    </span>
  );
}

function against_last(run: RunSummary, runs: readonly RunSummary[]): string {
  const before = alike(run, runs).find(
    (other) => other.createdAtUs < run.createdAtUs && other.mainMetric === run.mainMetric,
  );
  if (!run.mainMetric || !before) return '';
  return difference(run.mainMetricValue - before.mainMetricValue);
}

function Row(props: RowProps): ReactNode {
  const { run, runs, now } = props;
  const to = `/runs/${run.runKey}`;
  const { word, token, name } = look(run.state);
  const start = ms_of(run.startedAtUs || run.createdAtUs);
  const share = run.state === kRunning ? run.progress : undefined;
  const took = has_ended(run.state) ? duration_ms(run) : Math.max(0, now - start);
  return (
    <tr
      data-run={run.runKey}
      data-state={name}
      className={props.marked ? 'marked' : ''}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest('a')) return;
        go(to);
      }}
    >
      <td style={{ color: `var(--${token})` }}>
        <span className="state">
          <StateIcon state={run.state} share={share} /> {word}
        </span>
      </td>
      <td className="name">
        <Link to={to}>{run.name || run.runKey}</Link>{' '}
        {run.pipeline !== run.name && <span className="quiet">{run.pipeline}</span>}
        {run.failure && <small>{run.failure}</small>}
      </td>
      <td className="wide">
        <CountsBar counts={run.counts} />
      </td>
      <td className="number">{duration(took)}</td>
      <td className="wide">
        <Usual {...props} took={took} />
      </td>
      <td className="wide number">
        {run.mainMetric && (
          <>
            {run.mainMetric} <b>{metric(run.mainMetricValue)}</b>
          </>
        )}
      </td>
      <td className="wide number">{against_last(run, runs)}</td>
      <td className="wide number" title={full_time(ms_of(run.lastEventAtUs))}>
        {has_ended(run.state)
          ? clock(ms_of(run.lastEventAtUs), now)
          : ago(ms_of(run.lastEventAtUs), now)}
      </td>
    </tr>
  );
}

export function RunTable(props: {
  runs: readonly RunSummary[];
  now: number;
  marked: number; // the row that keys stand at, -1 = none
}): ReactNode {
  return (
    <table className="run-table">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Run</th>
          <th scope="col" className="wide">
            Tasks
          </th>
          <th scope="col" className="number">
            Duration
          </th>
          <th scope="col" className="wide">
            vs usual
          </th>
          <th scope="col" className="wide number">
            Main metric
          </th>
          <th scope="col" className="wide number">
            vs last
          </th>
          <th scope="col" className="wide number">
            Last event
          </th>
        </tr>
      </thead>
      <tbody>
        {props.runs.map((run, at) => (
          <Row
            key={run.runKey}
            run={run}
            runs={props.runs}
            now={props.now}
            marked={at === props.marked}
          />
        ))}
      </tbody>
    </table>
  );
}
