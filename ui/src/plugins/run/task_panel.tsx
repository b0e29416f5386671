// What is known of one task: how it stands, why, its charts, what went in and came out, its log.
import type { ReactNode } from 'react';
import { GraphTask_Kind } from '../../api/gen/event_pb';
import type { TaskView } from '../../api/gen/view_pb';
import { use_sources } from '../../api/sources';
import { kfp_page } from '../../base/cluster';
import { clock, cut, duration, full_time, ms_of, percent, value_text } from '../../base/format';
import { time_left } from '../../base/estimate';
import {
  count_states,
  kCached,
  kFailed,
  kPending,
  kQueued,
  kRunning,
  kSkipped,
  kSucceeded,
  look,
} from '../../base/state';
import { Boundary } from '../../widgets/boundary';
import { groups_of } from '../../base/task_walk';
import { StateCounts } from '../../widgets/counts';
import { IconButton } from '../../widgets/controls';
import { KfpLink } from '../../widgets/kfp_link';
import { Pill, StateIcon } from '../../widgets/state_mark';
import {
  full_name,
  says,
  share_ended,
  share_of,
  time_of,
  took_ms,
  waits_for,
} from '../../widgets/task_text';
import { ArtifactCard } from './artifact_card';
import { SeriesCharts, TaskLog } from './live_parts';
import type { TabProps } from './run_page';
import { Values } from './values';

// States in which a task has nothing to write.
const kSilent: readonly number[] = [0, kPending, kQueued, kSkipped, kCached];

interface Props extends TabProps {
  task: TaskView;
}

// From the start of a task on, and after its end: what stands below it keeps its place.
function Progress(props: { task: TaskView; share: number | undefined; now: number }): ReactNode {
  const { task, now } = props;
  if (task.startedAtUs === 0n) return null;
  const running = task.state === kRunning;
  const share = task.state === kSucceeded ? 1 : props.share;
  const left =
    running && share !== undefined ? time_left(took_ms(task, now) ?? 0, share) : undefined;
  return (
    <p className="progress">
      {share !== undefined && <b className="number">{percent(share)}</b>}
      <span
        className={`track ${look(task.state).token}`}
        role="progressbar"
        aria-label={`Progress of ${task.name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
      >
        <span style={{ width: `${(share ?? 0) * 100}%` }} />
      </span>
      <span className="number">
        {task.progress?.note}
        {left !== undefined && (
          <>
            {task.progress?.note ? ' · ' : ''}
            <b>about {duration(left)} left</b>
          </>
        )}
      </span>
    </p>
  );
}

// In one line, since they are known from the start and what is measured comes below.
function Inputs(props: { values: Readonly<Record<string, string>> }): ReactNode {
  const entries = Object.entries(props.values).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return null;
  return (
    <p className="inputs" aria-label="Inputs">
      {entries.map(([name, json]) => (
        <span key={name} title={cut(`${name}: ${json}`)}>
          {name} <b>{value_text(json)}</b>
        </span>
      ))}
    </p>
  );
}

function Where(props: Props): ReactNode {
  const { task, store, select, now } = props;
  const above = [...groups_of(store.tasks, task)]
    .filter((group) => group.kind !== GraphTask_Kind.ITERATION)
    .reverse();
  const start = ms_of(task.startedAtUs);
  const origin = store.run?.clusterObject;
  const sources = use_sources();
  return (
    <p className="where">
      {above.map((group) => (
        <button key={group.id} className="small" onClick={() => select(group.id)}>
          {group.name}
        </button>
      ))}
      {start > 0 && (
        <span className="quiet" title={full_time(start)}>
          Started <span className="number">{clock(start, now)}</span>
        </span>
      )}
      {task.state <= kPending && (
        <span className="quiet">{waits_for(task, store) || 'Not started'}</span>
      )}
      {origin && <KfpLink url={kfp_page(sources, origin, origin.kfpRunId)} />}
    </p>
  );
}

// Of a loop or group: what stands in it, the most urgent first would jump about, so in item order.
const kItemsShown = 300;

function Items(props: Props & { items: readonly TaskView[] }): ReactNode {
  const { items, store, now, select } = props;
  return (
    <section className="values-part">
      <StateCounts counts={count_states(items.map((one) => one.state))} />
      <ul className="items">
        {items.slice(0, kItemsShown).map((one) => (
          <li key={one.id}>
            <button onClick={() => select(one.id)}>
              <StateIcon
                state={one.state}
                share={one.state === kRunning ? share_of(one) : undefined}
              />
              <b>{value_text(store.item_of(one)) || one.name}</b>
              <span className="says">
                {one.state > kPending ? says(one, store) : look(one.state).word}
              </span>
              <span className="quiet number">{time_of(one, now)}</span>
            </button>
          </li>
        ))}
      </ul>
      {items.length > kItemsShown && (
        <p className="quiet">
          The first {kItemsShown} of {items.length}. The timeline has them all.
        </p>
      )}
    </section>
  );
}

export function TaskPanel(props: Props): ReactNode {
  return (
    <Boundary name="this task">
      <Panel {...props} />
    </Boundary>
  );
}

function Panel(props: Props): ReactNode {
  const { store, base, now, task } = props;
  const group = task.kind !== GraphTask_Kind.TASK;
  const items = group ? store.below(task.id) : [];
  const share = group ? share_ended(items) : share_of(task);
  const name = group ? task.name : full_name(task, store);
  const artifacts = [...store.artifacts.values()].filter((one) => one.taskId === task.id);
  const logs = !group && (task.logBytes > 0n || !kSilent.includes(task.state));
  const made = artifacts.filter((one) => !one.input);
  return (
    <aside className="panel" aria-label={`Task ${name}`}>
      <header>
        <StateIcon state={task.state} share={task.state === kRunning ? share : undefined} />
        <h2>{name}</h2>
        {task.attempt > 1 && (
          <span className="quiet">
            attempt {task.attempt}
            {task.attemptsMax > 0 && ` of ${task.attemptsMax}`}
          </span>
        )}
        <span className="space" />
        <Pill state={task.state} />
        <span className="number">{time_of(task, now)}</span>
        <IconButton icon="close" name="Close" cap="Esc" act={() => props.select('')} />
      </header>
      <div className={logs ? 'about above-log' : 'about'}>
        <Where {...props} />
        <Inputs values={task.inputs} />
        <Progress task={task} share={share} now={now} />
        {task.message && <p className={task.state === kFailed ? 'cause' : 'why'}>{task.message}</p>}
        {group && <Items {...props} items={items} />}
        <SeriesCharts base={base} series={store.series_of(task.id)} state={task.state} />
        {made.map((one) => (
          <ArtifactCard key={one.id} artifact={one} />
        ))}
        <Values title="Outputs" values={task.outputs} />
      </div>
      {logs && (
        <Boundary name="this log">
          <TaskLog base={base} task={task} />
        </Boundary>
      )}
    </aside>
  );
}
