// One run: what it is and how it stands, then one of its views. The address says which.
import { lazy, Suspense, useEffect, type ReactNode } from 'react';
import { live } from '../../api/live';
import type { RunSummary } from '../../api/gen/view_pb';
import { RunStore } from '../../api/run_store';
import { use_heard_now } from '../../api/use_heard_now';
import { use_store } from '../../api/use_store';
import { use_keys, type KeyMap } from '../../base/keys';
import { Link, set_query, use_query } from '../../base/router';
import { has_ended, kFailed, kUnknown, look } from '../../base/state';
import { use_now } from '../../base/use_signal';
import { Boundary } from '../../widgets/boundary';
import { load_chart } from '../../widgets/lazy_chart';
import { GraphTab } from './graph_tab';
import { RunBanner } from './run_banner';
import { RunHead } from './run_head';
import { StateNews } from './state_news';
import './run_page.css';

export interface TabProps {
  store: RunStore;
  base: string; // path of the run's resource
  now: number; // ms since the epoch
  selected: string; // a task's id, '' = none
  select: (id: string) => void; // in this view
  open: (id: string) => void; // in the graph
}

// The views one does not land on come a moment later, so that the first one comes sooner.
const later = {
  timeline: () => import('./timeline_tab'),
  metrics: () => import('./metrics_tab'),
  artifacts: () => import('./artifacts_tab'),
  nodes: () => import('./nodes_tab'),
  chart: load_chart,
};
const TimelineTab = lazy(() => later.timeline().then((all) => ({ default: all.TimelineTab })));
const MetricsTab = lazy(() => later.metrics().then((all) => ({ default: all.MetricsTab })));
const ArtifactsTab = lazy(() => later.artifacts().then((all) => ({ default: all.ArtifactsTab })));

const NodesTab = lazy(() => later.nodes().then((all) => ({ default: all.NodesTab })));

const kTabs: readonly { name: string; word: string; view: (props: TabProps) => ReactNode }[] = [
  { name: '', word: 'Graph', view: GraphTab },
  { name: 'timeline', word: 'Timeline', view: (props) => <TimelineTab {...props} /> },
  { name: 'metrics', word: 'Metrics', view: (props) => <MetricsTab {...props} /> },
  { name: 'artifacts', word: 'Results', view: (props) => <ArtifactsTab {...props} /> },
];
// Of a cluster's runs alone: others have no nodes beside their tasks.
const kNodes = { name: 'nodes', word: 'Nodes', view: (props: TabProps) => <NodesTab {...props} /> };

// Failed tasks, the first one first.
export function failures(store: RunStore): string[] {
  return [...store.tasks.values()]
    .filter((task) => task.kind === 0 && task.state === kFailed)
    .sort((a, b) => Number(a.finishedAtUs - b.finishedAtUs))
    .map((task) => task.id);
}

function Unknown(props: { problem: string; again_at: number }): ReactNode {
  const now = use_now(1000, true);
  const wait = Math.max(0, Math.ceil((props.again_at - now) / 1000));
  if (!props.problem) return <main className="run" aria-busy="true" />;
  return (
    <main className="page">
      <div className="empty">
        <h1>This run is not here.</h1>
        <p>
          {props.problem} It may still be starting; asking again in {wait} s.
        </p>
        <p>
          <Link to="/">All runs</Link>
        </p>
      </div>
    </main>
  );
}

function Tabs(props: { all: typeof kTabs; current: string }): ReactNode {
  return (
    <nav className="tabs" aria-label="Views of the run">
      {props.all.map(({ name, word }, at) => (
        <button
          key={name}
          aria-current={props.current === name ? 'page' : undefined}
          title={`${word} (${at + 1})`}
          onClick={() => set_query({ tab: name })}
        >
          {word}
        </button>
      ))}
    </nav>
  );
}

function use_later_views(): void {
  useEffect(() => {
    // Once this view stands, so that a change of view waits for nothing.
    const timer = setTimeout(() => Object.values(later).forEach((load) => void load()), 300);
    return () => clearTimeout(timer);
  }, []);
}

function use_title(run: RunSummary | undefined, stale: boolean): void {
  useEffect(() => {
    if (!run) return;
    const word = stale ? look(kUnknown).word : look(run.state).word;
    document.title = `${word}: ${run.name || run.runKey} · Telltale`;
  }, [run?.state, run?.name, stale]);
}

export function RunPage(props: { run_key: string }): ReactNode {
  const base = `/api/v1/runs/${props.run_key}`;
  const store = use_store(base, () => new RunStore(base));
  const [selected, select] = use_query('task');
  const [asked] = use_query('tab');
  const run = store.run;
  const tabs = run?.clusterObject ? [...kTabs, kNodes] : kTabs;
  const tab = tabs.find((one) => one.name === asked) ?? tabs[0]!;
  const ended = run !== undefined && has_ended(run.state);
  const { now, stale } = use_heard_now(ended);
  useEffect(() => {
    live.watched = ended || !run ? undefined : store.handle;
    return () => {
      live.watched = undefined;
    };
  }, [ended, run === undefined]);
  use_title(run, stale);
  use_later_views();

  const to_failure = (step: number): void => {
    const failed = failures(store);
    if (failed.length === 0) return;
    const at = failed.indexOf(selected);
    const next = at < 0 ? 0 : (at + step + failed.length) % failed.length;
    set_query({ task: failed[next]!, tab: '' });
  };
  const keys: KeyMap = {
    f: { does: 'Next failure', act: () => to_failure(1) },
    'shift+f': { does: 'Previous failure', act: () => to_failure(-1) },
    Escape: { does: 'Close the task', act: () => select('') },
  };
  tabs.forEach(({ name, word }, at) => {
    keys[String(at + 1)] = { does: word, act: () => set_query({ tab: name }) };
  });
  use_keys(keys);
  if (!run) return <Unknown problem={store.problem} again_at={store.asks_again_at} />;
  const View = tab.view;
  return (
    <main className="run">
      <Boundary name="the head of this run">
        <RunHead
          store={store}
          run={run}
          base={base}
          now={now}
          stale={stale}
          to_failure={() => to_failure(1)}
        >
          <Tabs all={tabs} current={tab.name} />
        </RunHead>
        <RunBanner store={store} run={run} to_failure={() => to_failure(1)} />
      </Boundary>
      <Boundary key={tab.name} name={`the view "${tab.word}"`}>
        <Suspense fallback={<div className="split" />}>
          <View
            store={store}
            base={base}
            now={now}
            selected={selected}
            select={select}
            open={(id) => set_query({ task: id, tab: '' })}
          />
        </Suspense>
      </Boundary>
      <StateNews store={store} />
    </main>
  );
}
