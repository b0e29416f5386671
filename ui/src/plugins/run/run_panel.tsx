// Beside the graph while no task is selected: what the run was asked to do, what it measured by
// itself, and, last because it grows and shrinks, what happens now.
import type { ReactNode } from 'react';
import type { ArtifactView } from '../../api/gen/view_pb';
import type { RunStore } from '../../api/run_store';
import { plural } from '../../base/format';
import { has_ended, kQueued, kRetrying, kRunning, kSuspended } from '../../base/state';
import { Boundary } from '../../widgets/boundary';
import { StateIcon } from '../../widgets/state_mark';
import { full_name, says, share_of, time_of } from '../../widgets/task_text';
import { ArtifactCard } from './artifact_card';
import { SeriesCharts } from './live_parts';
import { Values } from './values';

const kBusyShown = 12;

// What the task that ended last has measured: mostly what the run was for.
function results_of(store: RunStore): ArtifactView[] {
  const measures = [...store.artifacts.values()].filter(
    (one) => !one.input && /Metrics$/.test(one.type) && one.metadata.length > 2,
  );
  const ended = (id: string): bigint => store.tasks.get(id)?.finishedAtUs ?? 0n;
  const last = measures.reduce((most, one) => {
    const at = ended(one.taskId);
    return at > most ? at : most;
  }, 0n);
  return measures.filter((one) => last > 0n && ended(one.taskId) === last);
}

interface Props {
  store: RunStore;
  base: string;
  now: number;
  select: (id: string) => void;
}

export function RunPanel(props: Props): ReactNode {
  return (
    <Boundary name="what happens now">
      <Panel {...props} />
    </Boundary>
  );
}

function Panel(props: Props): ReactNode {
  const { store, base, now } = props;
  const run = store.run!;
  const busy = [...store.tasks.values()].filter(
    (task) => task.kind === 0 && [kRunning, kRetrying, kSuspended].includes(task.state),
  );
  const queued = run.counts.find((one) => one.state === kQueued)?.count ?? 0;
  const results = has_ended(run.state) ? results_of(store) : [];
  const started = [...store.tasks.values()].some((task) => task.startedAtUs > 0n);
  return (
    <aside className="panel" aria-label="The run">
      <div className="about">
        {run.message && <p className="why">{run.message}</p>}
        <p className="quiet hint">
          Select a task for its charts, results and log.
          <br />
          <kbd>↑</kbd> <kbd>↓</kbd> walk the graph, <kbd>?</kbd> shows all keys.
        </p>
        <Values title="Parameters" values={store.parameters} />
        {results.length > 0 && (
          <section className="values-part">
            <h3>Results</h3>
            {results.map((one) => (
              <ArtifactCard key={one.id} artifact={one} />
            ))}
          </section>
        )}
        <SeriesCharts base={base} series={store.series_of('')} state={run.state} />
        {!has_ended(run.state) && (
          <section className="values-part">
            <h3>Happening now</h3>
            {busy.length === 0 && queued === 0 && (
              <p className="quiet">
                {started
                  ? 'Between two tasks.'
                  : 'Nothing has run yet. The graph is complete before the first task starts.'}
              </p>
            )}
            <ul className="items">
              {busy.slice(0, kBusyShown).map((task) => (
                <li key={task.id}>
                  <button onClick={() => props.select(task.id)}>
                    <StateIcon state={task.state} share={share_of(task)} />
                    <b>{full_name(task, store)}</b>
                    <span className="says">{says(task, store)}</span>
                    <span className="quiet number">{time_of(task, now)}</span>
                  </button>
                </li>
              ))}
            </ul>
            {busy.length > kBusyShown && (
              <p className="quiet">and {busy.length - kBusyShown} more</p>
            )}
            {queued > 0 && <p className="quiet">{plural(queued, 'task')} queued</p>}
          </section>
        )}
      </div>
    </aside>
  );
}
