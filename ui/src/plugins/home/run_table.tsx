// Runs as a table: how each stands, how long it took against what is usual, its main metric against
// the run before.
import type { ReactNode } from 'react';
import type { RunSummary } from '../../api/gen/view_pb';
import { duration_ms, estimate_of } from '../../api/use_estimate';
import {
  clock,
  difference,
  duration,
  full_time,
  metric,
  ms_of,
  short_key,
} from '../../base/format';
import { go, Link } from '../../base/router';
import { has_ended, kFailed, kRunning, kUnknown, look } from '../../base/state';
import { ClusterPlace } from '../../widgets/cluster_place';
import { CountsBar } from '../../widgets/counts';
import { StateIcon } from '../../widgets/state_mark';

interface RowProps {
  run: RunSummary;
  now: number;
  marked: boolean;
  silent: boolean; // it ran when it was last heard of
}

// A bar as long as the run took, an upright where it usually ends.
function Usual(props: RowProps & { took: number }): ReactNode {
  const { run, took } = props;
  const usual = estimate_of(run.usual);
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

function against_last(run: RunSummary): string {
  if (!run.mainMetric || run.lastMainMetric === undefined) return '';
  return difference(run.mainMetricValue - run.lastMainMetric);
}

function Row(props: RowProps): ReactNode {
  const { run, silent } = props;
  const to = `/runs/${run.runKey}`;
  const now = silent ? ms_of(run.lastEventAtUs) : props.now;
  const state = silent ? kUnknown : run.state;
  const { word, token } = look(state);
  const start = ms_of(run.startedAtUs || run.createdAtUs);
  const share = state === kRunning ? run.progress : undefined;
  const took = has_ended(run.state) ? duration_ms(run) : Math.max(0, now - start);
  return (
    <tr
      data-run={run.runKey}
      data-state={look(state).name}
      className={props.marked ? 'marked' : ''}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest('a')) return;
        go(to);
      }}
    >
      <td style={{ color: `var(--${token})` }}>
        <span className="state" title={silent ? 'Running when last heard' : undefined}>
          <StateIcon state={state} share={share} /> {silent ? 'Silent' : word}
        </span>
      </td>
      <td className="name">
        <span className="cut" title={run.name}>
          <Link to={to}>{run.name || run.runKey}</Link>{' '}
          <span className="quiet number">{short_key(run.runKey)}</span>{' '}
          {run.pipeline !== run.name && <span className="quiet">{run.pipeline}</span>}{' '}
          {run.clusterObject && <ClusterPlace origin={run.clusterObject} source={run.source} />}
        </span>
        {run.failure && <small>{run.failure}</small>}
      </td>
      <td className="wide">
        <CountsBar counts={run.counts} />
      </td>
      <td className="number">{duration(took)}</td>
      <td className="wide third">
        <Usual {...props} took={took} />
      </td>
      <td className="wide metric number" title={run.mainMetric}>
        {run.mainMetric && (
          <span className="named">
            <span>{run.mainMetric}</span> <b>{metric(run.mainMetricValue)}</b>
          </span>
        )}
      </td>
      <td className="wide third number">{against_last(run)}</td>
      <td
        className="wide second number"
        title={`Started ${full_time(start)}, last heard of ${full_time(ms_of(run.lastEventAtUs))}`}
      >
        {clock(start, props.now)}
      </td>
    </tr>
  );
}

export function RunTable(props: {
  runs: readonly RunSummary[];
  now: number;
  marked: number; // the row that keys stand at, -1 = none
  silent: ReadonlySet<string>;
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
          <th scope="col" className="wide third">
            vs usual
          </th>
          <th scope="col" className="wide metric number">
            Main metric
          </th>
          <th scope="col" className="wide third number">
            vs last
          </th>
          <th scope="col" className="wide second number">
            Started
          </th>
        </tr>
      </thead>
      <tbody>
        {props.runs.map((run, at) => (
          <Row
            key={run.runKey}
            run={run}
            now={props.now}
            marked={at === props.marked}
            silent={props.silent.has(run.runKey)}
          />
        ))}
      </tbody>
    </table>
  );
}
