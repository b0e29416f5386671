// One run: what it is, how it stands, its tasks, and the selected one.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { live } from '../../api/live';
import { GraphStore, RunStore } from '../../api/stores';
import { post, use_store } from '../../api/use_store';
import { go } from '../../base/router';
import { on_key } from '../../base/theme';
import { duration, ms_of, percent, plural, value_text } from '../../base/format';
import { has_ended, kCancelled, kFailed, kRunning, look, sort_counts } from '../../base/state';
import { use_now } from '../../base/use_signal';
import { Graph } from '../../widgets/task_graph';
import { Pill, StateIcon } from '../../widgets/state_mark';
import { Panel } from './task_panel';

function Stop(props: { store: RunStore; base: string; now: number }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, set_problem] = useState('');
  const busy = [...props.store.tasks.values()].filter(
    (task) => task.kind === 0 && task.state === kRunning,
  );
  const lost = Math.max(
    0,
    ...busy.map((task) => (task.startedAtUs > 0n ? props.now - ms_of(task.startedAtUs) : 0)),
  );
  const asked = (props.store.run?.cancelRequestedAtUs ?? 0n) > 0n;
  const stop = (): void => {
    post(`${props.base}/cancel`).then(
      () => dialog.current?.close(),
      (error: Error) => set_problem(error.message),
    );
  };
  return (
    <>
      <button disabled={asked} onClick={() => dialog.current?.showModal()}>
        {asked ? 'Stopping' : 'Stop run…'}
      </button>
      <dialog ref={dialog} aria-label="Stop this run">
        <h2>Stop this run</h2>
        <p>
          {busy.length > 0
            ? `Stops ${plural(busy.length, 'task')}; ${duration(lost)} of work is lost.`
            : 'Stops the run; what has ended stays.'}
        </p>
        {problem && <p className="cause">{problem}</p>}
        <p className="acts">
          <button onClick={() => dialog.current?.close()}>Keep running</button>{' '}
          <button className="danger" onClick={stop}>
            Stop run
          </button>
        </p>
      </dialog>
    </>
  );
}

export function RunPage(props: { run_key: string }): ReactNode {
  const base = `/api/v1/runs/${props.run_key}`;
  const store = use_store(base, () => new RunStore(base));
  const graph = use_store(`${base}/graph`, () => new GraphStore(`${base}/graph`));
  const [selected, select] = useState('');
  const [problem, set_problem] = useState('');
  const run = store.run;
  const ended = run !== undefined && has_ended(run.state);
  const now = use_now(1000, !ended);
  const failed = run?.firstFailedTask ?? '';
  useEffect(() => {
    live.watched = ended || !run ? 0 : (store.handle?.id ?? 0);
    return () => {
      live.watched = 0;
    };
  }, [ended, run === undefined]);
  useEffect(() => on_key('f', () => failed && select(failed)), [failed]);
  useEffect(() => on_key('Escape', () => select('')), []);
  if (!run) {
    return (
      <main className="runs">
        <p className="empty">
          {store.problem ? `${store.problem} Asking again every second.` : ' '}
        </p>
      </main>
    );
  }
  const start = ms_of(run.startedAtUs || run.createdAtUs);
  const end = ended ? ms_of(run.finishedAtUs || run.lastEventAtUs) : now;
  const again = (): void => {
    post('/api/v1/runs', { again: props.run_key }).then(
      (said) => said.run_key && go(`/runs/${said.run_key}`),
      (error: Error) => set_problem(error.message),
    );
  };
  return (
    <main className="run">
      <div className="head">
        <div className="title">
          <h1>{run.name || run.runKey}</h1>
          <Pill
            state={run.state}
            text={
              run.state === kRunning ? `Running ${percent(run.progress)}` : look(run.state).word
            }
          />
          <span className="space" />
          {!ended && <Stop store={store} base={base} now={now} />}
          {ended && run.launch && <button onClick={again}>Run again</button>}
        </div>
        <div className="facts">
          {run.pipeline && run.pipeline !== run.name && <span>{run.pipeline}</span>}
          <span>
            {ended ? 'Took' : 'Elapsed'} <b className="number">{duration(end - start)}</b>
          </span>
          {Object.entries(store.parameters).map(([name, value]) => (
            <span key={name}>
              {name} <b>{value_text(value)}</b>
            </span>
          ))}
          {ended && (
            <span className="own">
              Your own pipeline: <code>build/telltale run your_pipeline.py</code>
            </span>
          )}
        </div>
        <div className="counts">
          {sort_counts(run.counts).map((one) => {
            const inside = (
              <>
                <StateIcon state={one.state} /> <b>{one.count}</b>{' '}
                {look(one.state).word.toLowerCase()}
              </>
            );
            return one.state === kFailed && failed ? (
              <button
                key={one.state}
                className="failed"
                title="First failure (f)"
                onClick={() => select(failed)}
              >
                {inside} <kbd>F</kbd>
              </button>
            ) : (
              <span key={one.state}>{inside}</span>
            );
          })}
        </div>
      </div>
      {problem && (
        <p className="banner bad" role="alert">
          {problem}
        </p>
      )}
      {failed && run.state !== kCancelled && (
        <p className="banner bad">
          <StateIcon state={kFailed} />{' '}
          <span>
            <b>
              {run.firstFailedTaskName} failed{run.failure ? ':' : '.'}
            </b>{' '}
            {run.failure}
          </span>{' '}
          <span className="space" />
          <button onClick={() => select(failed)}>Open first failure</button>
        </p>
      )}
      <div className="split">
        {graph.layout ? (
          <Graph
            layout={graph.layout}
            tasks={store.tasks}
            selected={selected}
            now={now}
            select={select}
          />
        ) : (
          <div className="graph" />
        )}
        <Panel store={store} base={base} selected={selected} now={now} select={select} />
      </div>
    </main>
  );
}
