// What is known of the selected task, or of the run when none is.
import { type ReactNode } from 'react';
import { GraphTask_Kind } from '../../api/gen/event_pb';
import type { SeriesView, TaskView } from '../../api/gen/view_pb';
import { LogStore, PointsStore, type RunStore } from '../../api/stores';
import { use_store } from '../../api/use_store';
import { theme } from '../../base/theme';
import { metric, percent, value_text } from '../../base/format';
import { kRunning, look } from '../../base/state';
import { use_cell } from '../../base/use_signal';
import { Chart } from '../../widgets/line_chart';
import { share_of, tasks_below, time_of } from '../../widgets/task_graph';
import { Pill, StateIcon } from '../../widgets/state_mark';
import { LogView } from '../../widgets/log_tail';

function LiveChart(props: { base: string; series: SeriesView }): ReactNode {
  const { id, name } = props.series;
  const path = `${props.base}/metrics/${id}?points=600`;
  const store = use_store(path, () => new PointsStore(path, id));
  return <Chart source={store} name={name} theme={use_cell(theme)} />;
}

function LiveLog(props: { base: string; id: string }): ReactNode {
  const path = `${props.base}/tasks/${props.id}/log`;
  const store = use_store(path, () => new LogStore(`${path}?tail=65536`));
  return <LogView source={store} download={`${path}?download=1`} />;
}

export function Values(props: { title: string; values: Record<string, string> }): ReactNode {
  const entries = Object.entries(props.values);
  if (entries.length === 0) return null;
  return (
    <section>
      <h3>{props.title}</h3>
      <dl>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value}>{value_text(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Artifacts(props: { store: RunStore; id: string }): ReactNode {
  const mine = [...props.store.artifacts.values()].filter(
    (one) => one.taskId === props.id && !one.input,
  );
  return mine.map((one) => {
    let values: Record<string, unknown> = {};
    try {
      values = JSON.parse(one.metadata || '{}') as Record<string, unknown>;
    } catch {
      values = { metadata: one.metadata };
    }
    return (
      <section key={one.id}>
        <h3>
          {one.name} <span className="quiet">{one.type}</span>
        </h3>
        {one.type === 'system.Metrics' ? (
          <dl>
            {Object.entries(values).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{typeof value === 'number' ? metric(value) : String(value)}</dd>
              </div>
            ))}
          </dl>
        ) : (
          Object.keys(values).length > 0 && <pre>{JSON.stringify(values, null, 2)}</pre>
        )}
        {one.uri && <p className="quiet uri">{one.uri}</p>}
      </section>
    );
  });
}

function Bar(props: { task: TaskView }): ReactNode {
  const share = share_of(props.task);
  if (share === undefined) return null;
  return (
    <p className="progress">
      <b>{percent(share)}</b>
      <span className="track" role="progressbar" aria-valuenow={Math.round(share * 100)}>
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span className="quiet">{props.task.progress?.note}</span>
    </p>
  );
}

interface Props {
  store: RunStore;
  base: string;
  selected: string;
  now: number;
  select: (id: string) => void;
}

export function Panel(props: Props): ReactNode {
  const { store, base, now } = props;
  const task = store.tasks.get(props.selected);
  const id = task?.id ?? '';
  const charts = [...store.series.values()].filter((one) =>
    task ? one.taskId === id : !store.tasks.has(one.taskId),
  );
  if (!task) {
    return (
      <aside className="panel">
        <h2>The run</h2>
        {store.run?.message && <p>{store.run.message}</p>}
        <Values title="Parameters" values={store.parameters} />
        {charts.map((series) => (
          <LiveChart key={series.id} base={base} series={series} />
        ))}
        <p className="quiet">Select a task to see its charts, results and log.</p>
      </aside>
    );
  }
  const parent = store.tasks.get(store.tasks.get(task.parentId)?.parentId ?? '');
  return (
    <aside className="panel">
      <header>
        <h2>{task.name}</h2>
        <Pill state={task.state} />
        {task.attempt > 1 && (
          <span className="quiet">
            attempt {task.attempt}
            {task.attemptsMax > 0 && ` of ${task.attemptsMax}`}
          </span>
        )}
        <span className="space" />
        <span className="quiet number">{time_of(task, now)}</span>
        <button aria-label="Close" onClick={() => props.select('')}>
          ✕
        </button>
      </header>
      {parent && (
        <p>
          <button onClick={() => props.select(parent.id)}>↑ {parent.name}</button>
        </p>
      )}
      {task.message && <p className={task.state === 5 ? 'cause' : ''}>{task.message}</p>}
      {task.state === kRunning && <Bar task={task} />}
      {task.kind === GraphTask_Kind.LOOP && (
        <ul className="items">
          {tasks_below(store.tasks, id).map((one) => (
            <li key={one.id}>
              <button onClick={() => props.select(one.id)}>
                <StateIcon state={one.state} share={share_of(one)} /> <b>{one.name}</b>{' '}
                <span>{value_text(store.tasks.get(one.parentId)?.item ?? '')}</span>
                <span className="space" />{' '}
                <span className="quiet number">
                  {look(one.state).word} {time_of(one, now)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {charts.map((series) => (
        <LiveChart key={series.id} base={base} series={series} />
      ))}
      <Values title="Inputs" values={task.inputs} />
      <Values title="Outputs" values={task.outputs} />
      <Artifacts store={store} id={id} />
      {task.kind === GraphTask_Kind.TASK && <LiveLog key={id} base={base} id={id} />}
    </aside>
  );
}
