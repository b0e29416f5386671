// The list of all runs: searched, filtered, longer on demand, walked with keys.
import { useDeferredValue, useEffect, useRef, useState, type ReactNode } from 'react';
import { RunsStore } from '../../api/stores';
import { use_store } from '../../api/use_store';
import { count } from '../../base/format';
import { use_keys } from '../../base/keys';
import { go, set_query as set_address, use_query } from '../../base/router';
import { Boundary } from '../../widgets/boundary';
import { Choice, SearchField } from '../../widgets/controls';
import { RunTable } from './run_table';

const kPage = 50;
const kMost = 200;
const kFilters = [
  ['', 'All'],
  ['running', 'Running'],
  ['failed', 'Failed'],
  ['succeeded', 'Succeeded'],
] as const;
type Filter = (typeof kFilters)[number][0];

export interface Listing {
  store: RunsStore;
  loaded: boolean; // what it was asked last
  filtered: boolean;
  query: string;
  set_query: (query: string) => void;
  state: Filter;
  set_state: (state: string) => void;
  place: string; // of which cluster and namespace those are that are listed; '': of all
  show_more: (() => void) | undefined; // undefined: it is as long as it gets
}

// What the list shows, and what it was asked to show.
export function use_listing(): Listing {
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
  const place = [cluster, namespace].filter(Boolean).join(' / ');
  const show_more = (): void => set_limit(Math.min(kMost, limit + kPage));
  return {
    store,
    loaded: store.loaded && store.path === path,
    filtered: text !== '' || state !== '' || place !== '',
    query,
    set_query,
    state,
    set_state,
    place,
    show_more: limit < kMost ? show_more : undefined,
  };
}

// The row that the keys have reached; -1: none yet.
function use_marked(store: RunsStore): number {
  const [marked, set_marked] = useState(-1);
  const move = (by: number): void =>
    set_marked((old) => Math.max(0, Math.min(store.runs.length - 1, old + by)));
  use_keys({
    j: { does: 'Next run', act: () => move(1) },
    k: { does: 'Previous run', act: () => move(-1) },
    Enter: {
      does: 'Open the run',
      act: () => go(`/runs/${store.runs[marked]!.runKey}`),
      when: () => store.runs[marked] !== undefined && document.activeElement === document.body,
    },
  });
  return marked;
}

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

export function AllRuns(props: {
  listing: Listing;
  now: number;
  silent: ReadonlySet<string>; // keys of running runs that say nothing
}): ReactNode {
  const { store, loaded, query, set_query, state, set_state } = props.listing;
  const marked = use_marked(store);
  const field = useRef<HTMLInputElement>(null);
  use_keys({ s: { does: 'Search the runs', act: () => field.current?.focus() } });
  const clear = (): void => {
    set_query('');
    set_address({ state: '', cluster: '', namespace: '' });
  };
  return (
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
        <Place text={props.listing.place} />
        <span className="space" />
        <Choice<Filter> name="State" options={kFilters} value={state} choose={set_state} />
      </div>
      {store.problem && <p className="banner bad">{store.problem}</p>}
      {loaded && store.runs.length === 0 && (
        <p className="empty">
          Nothing matches{query && ` ${query}`}. <button onClick={clear}>Clear</button>
        </p>
      )}
      {store.runs.length > 0 && (
        <Boundary name="the list of runs">
          <RunTable runs={store.runs} now={props.now} marked={marked} silent={props.silent} />
        </Boundary>
      )}
      <More store={store} show_more={props.listing.show_more} />
    </section>
  );
}

// What is said below a list that does not show all.
function More(props: { store: RunsStore; show_more: Listing['show_more'] }): ReactNode {
  const { runs, total } = props.store;
  if (total <= runs.length) return null;
  if (!props.show_more) {
    return (
      <p className="more quiet">
        The newest {runs.length} of {total}; search finds the others.
      </p>
    );
  }
  return (
    <p className="more">
      <button onClick={props.show_more}>Show more</button>
      <span className="quiet">
        {runs.length} of {total}
      </span>
    </p>
  );
}
