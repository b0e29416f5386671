// Home: what needs a person, what runs now, and all runs, newest first.
import { useEffect, useRef, type ReactNode } from 'react';
import { sources, use_sources } from '../../api/sources';
import { RunsStore } from '../../api/stores';
import { use_store } from '../../api/use_store';
import { unread, type Source } from '../../base/cluster';
import { command } from '../../base/commands';
import { plural } from '../../base/format';
import { Link } from '../../base/router';
import { kRunning } from '../../base/state';
import { use_now } from '../../base/use_signal';
import { Boundary } from '../../widgets/boundary';
import { Command } from '../../widgets/controls';
import { StateIcon } from '../../widgets/state_mark';
import { UnreadLines } from '../../widgets/unread_lines';
import { AllRuns, use_listing } from './all_runs';
import { Attention } from './attention';
import { RunCard } from './run_card';
import './home_page.css';

const kCards = 4;
const kAttention = '/api/v1/runs?attention=1&limit=200';
const kGoing =
  '/api/v1/runs?limit=12&' +
  ['pending', 'queued', 'running', 'retrying', 'suspended', 'unknown']
    .map((state) => `state=${state}`)
    .join('&');

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
      <Command text={command('run your_pipeline.py')} />
      <p className="quiet">
        The file holds one <code>@dsl.pipeline</code>, as you would compile it for Kubeflow. An
        example: <code>examples/breast_cancer/pipeline.py</code>
      </p>
    </div>
  );
}

// Whatever the table below is filtered by, and however many runs there are: the server knows them
// all.
function Now(props: {
  attention: RunsStore;
  going: RunsStore;
  now: number;
  silent: ReadonlySet<string>; // keys of running runs that say nothing
}): ReactNode {
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
            <RunCard key={run.runKey} run={run} now={now} silent={props.silent.has(run.runKey)} />
          ))}
          {going.length === 0 && (
            <div className="run-card idle">
              <span>Nothing runs now.</span>
              <Command text={command('run your_pipeline.py')} />
            </div>
          )}
        </div>
      </section>
    </>
  );
}

export function HomePage(): ReactNode {
  const listing = use_listing();
  const attention = use_store(kAttention, () => new RunsStore(kAttention));
  const going = use_store(kGoing, () => new RunsStore(kGoing));
  const stands = useRef(false);
  const now = use_now(1000, true);
  useEffect(() => {
    document.title = 'Telltale';
  }, []);
  const known_sources = use_sources();
  const troubles = unread(known_sources);
  const { loaded, filtered } = listing;
  // The server's own word for it: the clock of this machine may be another one.
  const silent = new Set(
    attention.runs.filter((run) => run.state === kRunning).map((run) => run.runKey),
  );
  // All at once, so that no part pushes another down.
  stands.current ||= attention.loaded && going.loaded && (loaded || filtered) && sources.loaded;
  if (!stands.current) {
    return <main className="page" aria-busy="true" />;
  }
  if (loaded && listing.store.runs.length === 0 && !filtered) {
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
        <Now attention={attention} going={going} now={now} silent={silent} />
      </Boundary>
      <AllRuns listing={listing} now={now} silent={silent} />
    </main>
  );
}
