// Home: what needs a person, what runs now, and all runs, newest first.
import { useDeferredValue, useEffect, useRef, useState, type ReactNode } from 'react';
import { sources, use_sources } from '../../api/sources';
import { RunsStore } from '../../api/stores';
import { use_store } from '../../api/use_store';
import { unread, type Source } from '../../base/cluster';
import { count, plural } from '../../base/format';
import { use_keys } from '../../base/keys';
import { go, Link, set_query as set_address, use_query } from '../../base/router';
import { kRunning } from '../../base/state';
import { use_now } from '../../base/use_signal';
import { Boundary } from '../../widgets/boundary';
import { Choice, Command, SearchField } from '../../widgets/controls';
import { StateIcon } from '../../widgets/state_mark';
import { UnreadLines } from '../../widgets/unread_lines';
import { Attention } from './attention';
import { RunCard } from './run_card';
import { RunTable } from './run_table';
import './home_page.css';

const kPage = 50;
const kMost = 200;
const kCards = 4;
const kAttention = `/api/v1/runs?attention=1&limit=${kMost}`;
const kGoing =
  '/api/v1/runs?limit=12&' +
  ['pending', 'queued', 'running', 'retrying', 'suspended', 'unknown']
    .map((state) => `state=${state}`)
    .join('&');
const kFilters = [
  ['', 'All'],
  ['running', 'Running'],
  ['failed', 'Failed'],
  ['succeeded', 'Succeeded'],
] as const;
type Filter = (typeof kFilters)[number][0];

// What a cluster runs appears by itself.
function Watched(props: { sources: readonly Source[] }): ReactNode {
  const clusters = props.sources.filter((source) => source.cluster);
  if (clusters.length === 0) return null;
  const places = clusters.map(({ cluster, namespaces }) =>
    namespaces ? `${cluster} (${namespaces.join(', ')})` : cluster,
  );
  return (
    <p>
      Watching <b>{places.join(', ')}</b>: what starts there appears here at once.
    </p>
  );
}

function Empty(props: { sources: readonly Source[] }): ReactNode {
  return (
    <div className="empty">
      <h1>No runs yet.</h1>
      <Watched sources={props.sources} />
      <p>Start one; it appears here at once, with every task it will run.</p>
      <Command text="build/telltale run your_pipeline.py" />
      <p className="quiet">
        The file holds one <code>@dsl.pipeline</code>, as you would compile it for Kubeflow. An
        example: <code>examples/breast_cancer/pipeline.py</code>
      </p>
    </div>
  );
}

// Whatever the table below is filtered by, and however many runs there are: the server knows them
// all.
function Now(props: { attention: RunsStore; going: RunsStore; now: number }): ReactNode {
  const { attention, now } = props;
  const going = props.going.runs.filter((run) => run.source !== 'setup');
  const setup = props.going.runs.filter((run) => run.source === 'setup' && run.state === kRunning);
  const total = props.going.total - (props.going.runs.length - going.length);
  return (
    <>
      {setup.map((run) => (
        <Link key={run.runKey} to={`/runs/${run.runKey}`} className="setup">
          <StateIcon state={kRunning} share={run.progress} />
          <b>Setting up Python.</b>{' '}
          {run.message || 'The example starts by itself when it is there.'}
        </Link>
      ))}
      <Attention runs={attention.runs} total={attention.total} now={now} />
      <section aria-label="Running now">
        <h2>Running now {total > 0 && <span className="quiet">{plural(total, 'run')}</span>}</h2>
        <div className="cards-row">
          {going.slice(0, kCards).map((run) => (
            <RunCard key={run.runKey} run={run} now={now} />
          ))}
          {going.length === 0 && (
            <div className="run-card idle">
              <span>Nothing runs now.</span>
              <Command text="build/telltale run your_pipeline.py" />
            </div>
          )}
        </div>
      </section>
    </>
  );
}

// Of which cluster and namespace those are that are listed, where not of all.
function Place(props: { text: string }): ReactNode {
  if (!props.text) return null;
  return (
    <button
      className="small"
      title="Runs of all clusters and namespaces"
      onClick={() => set_address({ cluster: '', namespace: '' })}
    >
      {props.text} ✕
    </button>
  );
}

function More(props: {
  store: RunsStore;
  limit: number;
  set_limit: (limit: number) => void;
}): ReactNode {
  const { store, limit } = props;
  const shown = store.runs.length;
  if (store.total <= shown) return null;
  if (limit >= kMost) {
    return (
      <p className="more quiet">
        The newest {shown} of {store.total}; search finds the others.
      </p>
    );
  }
  return (
    <p className="more">
      <button onClick={() => props.set_limit(Math.min(kMost, limit + kPage))}>Show more</button>
      <span className="quiet">
        {shown} of {store.total}
      </span>
    </p>
  );
}

function NoMatch(props: { text: string; clear_text: () => void }): ReactNode {
  return (
    <p className="empty">
      Nothing matches{props.text && ` ${props.text}`}.{' '}
      <button
        onClick={() => {
          props.clear_text();
          set_address({ state: '', cluster: '', namespace: '' });
        }}
      >
        Clear
      </button>
    </p>
  );
}

export function HomePage(): ReactNode {
  const [query, set_query] = useState('');
  const text = useDeferredValue(query);
  const [asked, set_state] = use_query('state');
  const state = kFilters.find(([value]) => value === asked)?.[0] ?? '';
  const [cluster] = use_query('cluster');
  const [namespace] = use_query('namespace');
  const [limit, set_limit] = useState(kPage);
  const search = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries({ text, state, cluster, namespace }))
    if (value) search.set(name, value);
  const path = `/api/v1/runs?${search}`;
  const store = use_store('runs', () => new RunsStore(path));
  useEffect(() => {
    store.move(path);
  }, [store, path]);
  const loaded = store.loaded && store.path === path;
  const stands = useRef(false);
  const now = use_now(1000, true);
  const [marked, set_marked] = useState(-1);
  useEffect(() => {
    document.title = 'Telltale';
  }, []);
  const field = useRef<HTMLInputElement>(null);
  const move = (by: number): void =>
    set_marked((old) => Math.max(0, Math.min(store.runs.length - 1, old + by)));
  use_keys({
    s: { does: 'Search the runs', act: () => field.current?.focus() },
    j: { does: 'Next run', act: () => move(1) },
    k: { does: 'Previous run', act: () => move(-1) },
    Enter: {
      does: 'Open the run',
      act: () => go(`/runs/${store.runs[marked]!.runKey}`),
      when: () => store.runs[marked] !== undefined && document.activeElement === document.body,
    },
  });
  const place = [cluster, namespace].filter(Boolean).join(' / ');
  const filtered = text !== '' || state !== '' || place !== '';
  const attention = use_store(kAttention, () => new RunsStore(kAttention));
  const going = use_store(kGoing, () => new RunsStore(kGoing));
  const known_sources = use_sources();
  const troubles = unread(known_sources);
  // All at once, so that no part pushes another down.
  stands.current ||= attention.loaded && going.loaded && (loaded || filtered) && sources.loaded;
  if (!stands.current) {
    return <main className="page" aria-busy="true" />;
  }
  if (loaded && store.runs.length === 0 && !filtered) {
    return (
      <main className="page">
        <UnreadLines all={troubles} />
        <Empty sources={known_sources} />
      </main>
    );
  }
  return (
    <main className="page">
      <UnreadLines all={troubles} />
      <Boundary name="what runs now">
        <Now attention={attention} going={going} now={now} />
      </Boundary>
      <section aria-label="Runs" className="runs">
        <div className="tools">
          <h2>
            Runs <span className="quiet number">{loaded ? count(store.total) : ''}</span>
          </h2>
          <SearchField
            name="Find a run by name, pipeline or task"
            cap="S"
            value={query}
            change={set_query}
            field={field}
          />
          <Place text={place} />
          <span className="space" />
          <Choice<Filter> name="State" options={kFilters} value={state} choose={set_state} />
        </div>
        {store.problem && <p className="banner bad">{store.problem}</p>}
        {loaded && store.runs.length === 0 && (
          <NoMatch text={query} clear_text={() => set_query('')} />
        )}
        {store.runs.length > 0 && (
          <Boundary name="the list of runs">
            <RunTable runs={store.runs} now={now} marked={marked} />
          </Boundary>
        )}
        <More store={store} limit={limit} set_limit={set_limit} />
      </section>
    </main>
  );
}
