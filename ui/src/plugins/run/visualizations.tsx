// What people had drawn of this run: each appears part by part while it is drawn.
import { useEffect, useState, type ReactNode } from 'react';
import { remove } from '../../api/actions';
import { Visualizations, type Visualization } from '../../api/visualizations';
import { use_signal } from '../../base/use_signal';
import { kCancelled, kFailed, kQueued, kRunning, kSucceeded } from '../../base/state';
import { Pill } from '../../widgets/state_mark';
import { use_is_owner } from './owner_only';
import { PartView } from './visualization_parts';
import './visualizations.css';

const kStates = {
  QUEUED: kQueued,
  RUNNING: kRunning,
  SUCCEEDED: kSucceeded,
  FAILED: kFailed,
  CANCELLED: kCancelled,
};

function Progress(props: { one: Visualization }): ReactNode {
  const { done = 0, total = 0, note } = props.one.progress ?? {};
  if (props.one.state !== 'RUNNING' || !props.one.progress) return null;
  return (
    <p className="number">
      {total > 0 && <progress value={done} max={total} aria-label="Progress" />} {note}
    </p>
  );
}

function Card(props: { one: Visualization; owner: boolean }): ReactNode {
  const { one } = props;
  const [problem, set_problem] = useState('');
  const open = one.state === 'QUEUED' || one.state === 'RUNNING';
  const cancel = (): void => {
    remove(`/api/v1/visualizations/${one.id}`).catch((error: Error) => set_problem(error.message));
  };
  return (
    <article
      className="surface visualization"
      aria-label={`Visualization ${one.type}`}
      data-visualization={one.id}
      data-state={one.state.toLowerCase()}
    >
      <p className="of">
        <b>{one.type}</b>
        <Pill state={kStates[one.state]} />
        {one.position && <span className="quiet">{one.position} in the queue</span>}
        {(one.attempt ?? 0) > 1 && <span className="quiet">attempt {one.attempt}</span>}
        <span className="space" />
        {open && props.owner && (
          <button className="small" onClick={cancel}>
            Cancel
          </button>
        )}
      </p>
      <Progress one={one} />
      {problem && <p className="cause">{problem}</p>}
      {one.message && <pre className="cause">{one.message}</pre>}
      {(one.parts ?? []).map((part) => (
        <PartView key={part.index ?? 0} part={part} of={one.type} />
      ))}
    </article>
  );
}

export function VisualizationList(props: { run_key: string }): ReactNode {
  const [store] = useState(() => new Visualizations(props.run_key));
  useEffect(() => {
    return store.open();
  }, [store]);
  use_signal(store.signal);
  const owner = use_is_owner();
  return (
    <div className="visualizations">
      {store.all.map((one) => (
        <Card key={one.id} one={one} owner={owner} />
      ))}
    </div>
  );
}
