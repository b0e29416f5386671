// The head of a run: name, state, how long, when it should be done, and what can be done with it.
import type { ReactNode } from 'react';
import type { RunSummary } from '../../api/gen/view_pb';
import type { RunStore } from '../../api/run_store';
import { use_sources } from '../../api/sources';
import { use_estimate } from '../../api/use_estimate';
import { kfp_page } from '../../base/cluster';
import { clock, duration, full_time, ms_of, percent } from '../../base/format';
import { has_ended, kFailed, kRunning, kUnknown, look } from '../../base/state';
import { ClusterPlace } from '../../widgets/cluster_place';
import { StateCounts } from '../../widgets/counts';
import { KfpLink } from '../../widgets/kfp_link';
import { Pill, StateIcon } from '../../widgets/state_mark';
import { Eta, TimeAxis } from '../../widgets/time_axis';
import { Again } from './again_dialog';
import './run_head.css';
import { Stop } from './stop_dialog';

interface Props {
  store: RunStore;
  run: RunSummary;
  base: string;
  now: number;
  stale: boolean; // nothing was heard of it for long: what is told was so then
  to_failure: () => void;
  children: ReactNode; // the tabs
}

function Facts(props: { run: RunSummary; now: number }): ReactNode {
  const { run, now } = props;
  const ended = has_ended(run.state);
  const start = ms_of(run.startedAtUs || run.createdAtUs);
  const end = ended ? ms_of(run.finishedAtUs || run.lastEventAtUs) : now;
  const estimate = use_estimate(run);
  if (ended) {
    return (
      <div className="facts">
        <span title={`${full_time(start)} to ${full_time(end)}`}>
          Ran <b className="number">{clock(start, Date.now())}</b> –{' '}
          <b className="number">{clock(end, Date.now())}</b>
        </span>
        <span>
          Took <b className="number">{duration(end - start)}</b>
        </span>
        {estimate && (
          <span title={`from ${estimate.count} other runs of this pipeline`}>
            Usually <b className="number">{duration(estimate.typical)}</b>
          </span>
        )}
      </div>
    );
  }
  return (
    <div className="facts">
      <span title={full_time(start)}>
        Started <b className="number">{clock(start, now)}</b>
      </span>
      <span>
        Elapsed <b className="number">{duration(end - start)}</b>
      </span>
      <span className="axis">
        <TimeAxis start={start} now={now} share={run.progress} estimate={estimate} />
        <Eta start={start} now={now} estimate={estimate} />
      </span>
    </div>
  );
}

// Which workflow of which cluster it is, and what of it can't be shown.
function Origin(props: { run: RunSummary }): ReactNode {
  const origin = props.run.clusterObject;
  const sources = use_sources();
  if (!origin) return null;
  return (
    <>
      <ClusterPlace origin={origin} source={props.run.source} />
      <KfpLink url={kfp_page(sources, origin, origin.kfpRunId)} />
      {origin.deleted && <span className="quiet">deleted in the cluster</span>}
      {origin.notice && <span className="quiet">{origin.notice}</span>}
    </>
  );
}

export function RunHead(props: Props): ReactNode {
  const { run, base, now } = props;
  const ended = has_ended(run.state);
  const was = look(run.state).word;
  const running = run.state === kRunning ? `${was} ${percent(run.progress)}` : was;
  const state = props.stale ? kUnknown : run.state;
  return (
    <header className="run-head">
      <div className="title">
        <StateIcon state={state} share={state === kRunning ? run.progress : undefined} />
        <h1 title={run.name}>{run.name || 'Run'}</h1>
        {run.pipeline && run.pipeline !== run.name && (
          <span className="quiet wide">{run.pipeline}</span>
        )}
        <Origin run={run} />
        <Pill state={state} text={props.stale ? `${was} when last heard` : running} />
        <span className="space" />
        {ended
          ? run.launch && <Again run={run} parameters={props.store.parameters} />
          : run.source !== 'setup' &&
            !run.clusterObject && <Stop store={props.store} base={base} now={now} />}
      </div>
      <Facts run={run} now={now} />
      <div className="below">
        {props.children}
        <span className="space" />
        <StateCounts
          counts={run.counts}
          steady={!ended}
          jump={(state) =>
            state === kFailed && run.firstFailedTask
              ? { name: 'Next failure', cap: 'F', act: props.to_failure }
              : undefined
          }
        />
      </div>
    </header>
  );
}
