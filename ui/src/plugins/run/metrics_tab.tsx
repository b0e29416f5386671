// Every series of the run: one chart a name, one line a task, all with one cursor. Picked tasks are
// in colour, the others behind them in grey.
import { useMemo, useRef, useState, type ReactNode } from 'react';
import type { SeriesView, TaskView } from '../../api/gen/view_pb';
import type { RunStore } from '../../api/run_store';
import { use_points } from '../../api/use_points';
import type { Across } from '../../base/chart_data';
import { count, metric, plain, plural } from '../../base/format';
import { use_keys } from '../../base/keys';
import type { StepRange } from '../../base/sources';
import { has_ended, kFailed, kRunning } from '../../base/state';
import { theme } from '../../base/theme';
import { use_cell } from '../../base/use_signal';
import { Choice, SearchField } from '../../widgets/controls';
import { LineChart } from '../../widgets/lazy_chart';
import { line_look } from '../../widgets/line_look';
import type { ChartLook } from '../../widgets/line_plot';
import { PointsTable } from '../../widgets/points_table';
import { StateIcon } from '../../widgets/state_mark';
import { full_name, share_of } from '../../widgets/task_text';
import type { TabProps } from './run_page';

const kColumns = 700;
const kPickedMost = 8; // as many as there are colours
const kChartsAtFirst = 12;
// A connection has 256 subscriptions; the run, its graph and a margin are taken off.
const kLinesMost = 200;

// A task that measured something; '' stands for the run itself.
interface Measurer {
  id: string;
  name: string;
  state: number;
  task: TaskView | undefined;
}

function measurers_of(store: RunStore): Measurer[] {
  const found = new Map<string, Measurer>();
  for (const series of store.series.values()) {
    const task = store.tasks.get(series.taskId);
    const id = task?.id ?? '';
    if (found.has(id)) continue;
    const name = task ? full_name(task, store) : 'the run';
    found.set(id, { id, name, state: task?.state ?? store.run!.state, task });
  }
  return [...found.values()];
}

// Those with the most points: they are what a chart is for.
function first_picked(store: RunStore, measurers: readonly Measurer[]): string[] {
  const points = (id: string): number =>
    store.series_of(id).reduce((sum, one) => sum + Number(one.points), 0);
  return measurers
    .map((one) => ({ id: one.id, points: points(one.id) }))
    .sort((a, b) => b.points - a.points)
    .slice(0, kPickedMost)
    .map((one) => one.id);
}

function charts_of(store: RunStore): [name: string, series: SeriesView[]][] {
  const found = new Map<string, SeriesView[]>();
  for (const series of store.series.values()) {
    const known = found.get(series.name);
    if (known) known.push(series);
    else found.set(series.name, [series]);
  }
  const single = (series: SeriesView[]): number =>
    series.every((one) => one.points <= 1n) ? 1 : 0;
  return [...found].sort(([, a], [, b]) => single(a) - single(b));
}

// What was measured once has no line: a bar for each task.
const kBarsMost = 40;

function Bars(props: {
  name: string;
  series: readonly SeriesView[];
  name_of: (series: SeriesView) => string;
}): ReactNode {
  const values = props.series.map((one) => one.lastValue).filter(Number.isFinite);
  const most = Math.max(0, ...values.map(Math.abs)) || 1;
  return (
    <figure className="surface bars" aria-label={props.name}>
      <figcaption>
        <span className="title">{props.name}</span>{' '}
        <span className="quiet">one value {props.series.length > 1 ? 'each' : ''}</span>
      </figcaption>
      <ul>
        {props.series.slice(0, kBarsMost).map((one) => (
          <li key={one.id}>
            <span className="name">{props.name_of(one)}</span>
            <span className="value-bar">
              <span style={{ width: `${(Math.abs(one.lastValue) / most) * 100 || 0}%` }} />
            </span>
            <b
              className="number"
              data-series={one.id}
              data-last={String(one.lastValue)}
              data-points="1"
            >
              {metric(one.lastValue)}
            </b>
          </li>
        ))}
      </ul>
      {props.series.length > kBarsMost && (
        <p className="quiet">
          The first {kBarsMost} of {props.series.length}.
        </p>
      )}
    </figure>
  );
}

function MetricChart(props: {
  base: string;
  name: string;
  series: readonly SeriesView[];
  measurers: ReadonlyMap<string, Measurer>;
  picked: readonly string[];
  faint_most: number;
  look: ChartLook;
  known: (id: string) => string; // the measurer of a series' task
  range: StepRange | undefined;
  set_range: (range: StepRange | undefined) => void;
}): ReactNode {
  const place = (series: SeriesView): number => props.picked.indexOf(props.known(series.taskId));
  const behind = props.series.filter((one) => place(one) < 0).slice(0, props.faint_most);
  const front = props.series.filter((one) => place(one) >= 0);
  // What is picked is drawn last, over the rest.
  const drawn = [...behind, ...front.sort((a, b) => place(a) - place(b))];
  const stores = use_points(
    props.base,
    drawn.map((one) => one.id),
    kColumns,
    props.range,
  );
  const lines = drawn.map((one, at) => {
    const measurer = props.measurers.get(props.known(one.taskId))!;
    const where = place(one);
    return {
      source: stores[at]!,
      name: measurer.name,
      ...(where < 0
        ? { color: 'ink3', dash: [], faint: true }
        : { ...line_look(where), dash: props.series.length === 1 ? [] : line_look(where).dash }),
      growing: !has_ended(measurer.state),
      failed: measurer.state === kFailed,
    };
  });
  const total = props.series.reduce((sum, one) => sum + Number(one.points), 0);
  return (
    <div className="surface">
      <LineChart
        title={props.name}
        lines={lines}
        look={props.look}
        range={props.range}
        set_range={props.set_range}
      >
        <span className="quiet number" title="Every point is kept and drawn exactly">
          {plural(total, 'point')}
        </span>
        <PointsTable title={props.name} lines={lines} />
      </LineChart>
    </div>
  );
}

function Picker(props: {
  measurers: readonly Measurer[];
  picked: readonly string[];
  set_picked: (ids: string[]) => void;
}): ReactNode {
  const { measurers, picked } = props;
  const [query, set_query] = useState('');
  const field = useRef<HTMLInputElement>(null);
  use_keys({ s: { does: 'Filter tasks', act: () => field.current?.focus() } });
  const shown = measurers.filter((one) => one.name.toLowerCase().includes(query.toLowerCase()));
  const toggle = (id: string): void => {
    if (picked.includes(id)) props.set_picked(picked.filter((one) => one !== id));
    else props.set_picked([...picked, id].slice(-kPickedMost));
  };
  return (
    <aside className="picker" aria-label="Tasks in the charts">
      <SearchField name="Filter tasks" cap="S" value={query} change={set_query} field={field} />
      <p className="quiet">
        {picked.length} of {count(measurers.length)} in colour
      </p>
      <ul>
        {shown.map((one) => {
          const place = picked.indexOf(one.id);
          return (
            <li key={one.id}>
              <label title={one.name}>
                <input type="checkbox" checked={place >= 0} onChange={() => toggle(one.id)} />
                <span
                  className="dot-mark"
                  style={{ background: place >= 0 ? `var(--c${place + 1})` : 'var(--line2)' }}
                />
                <span className="name">{one.name}</span>
                <StateIcon
                  state={one.state}
                  share={one.task && one.state === kRunning ? share_of(one.task) : undefined}
                />
              </label>
            </li>
          );
        })}
      </ul>
    </aside>
  );
}

export function MetricsTab(props: TabProps): ReactNode {
  const { store, base } = props;
  const shade = use_cell(theme);
  const [across, set_across] = useState<Across>('step');
  const [smoothing, set_smoothing] = useState(0);
  const [log, set_log] = useState(false);
  const [chosen, set_chosen] = useState<string[] | undefined>();
  const [shown, set_shown] = useState(kChartsAtFirst);
  // One for all charts, as their cursor is.
  const [range, set_range] = useState<StepRange | undefined>();
  const measurers = measurers_of(store);
  const by_id = new Map(measurers.map((one) => [one.id, one]));
  const charts = useMemo(() => charts_of(store), [store.series.size, store.run?.position]);
  const picked = chosen ?? first_picked(store, measurers);
  if (measurers.length === 0) {
    return (
      <div className="tab-page">
        <p className="empty">
          {has_ended(store.run!.state) ? 'This run measured nothing.' : 'Nothing measured yet.'} A
          task that prints <code>loss=0.3</code>, shows a progress bar or calls{' '}
          <code>telltale.log_metric</code> draws itself here, while it runs.
        </p>
      </div>
    );
  }
  const known = (id: string): string => (store.tasks.has(id) ? id : '');
  const state_of = (series: SeriesView): number => by_id.get(known(series.taskId))!.state;
  const name_of = (series: SeriesView): string => by_id.get(known(series.taskId))!.name;
  const visible = charts.slice(0, shown);
  const front = visible.length * picked.length;
  const faint_most = Math.max(0, Math.floor((kLinesMost - front) / Math.max(1, visible.length)));
  const look: ChartLook = { across, smoothing, log, height: 200, theme: shade };
  return (
    <div className="metrics">
      <div className="tools">
        <label className="slider">
          Smoothing
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            value={smoothing}
            onChange={(event) => set_smoothing(Number(event.target.value))}
          />
          <b className="number">{smoothing.toFixed(2)}</b>
        </label>
        <span className="together">
          Across{' '}
          <Choice<Across>
            name="Across"
            options={[
              ['step', 'Step'],
              ['time', 'Time'],
            ]}
            value={across}
            choose={(next) => {
              set_across(next);
              set_range(undefined); // a range is one of steps
            }}
          />
        </span>
        <label className="together">
          <input type="checkbox" checked={log} onChange={() => set_log(!log)} /> Log scale
        </label>
        <span className="space" />
        {across === 'step' && !range && (
          <span className="quiet">
            Drag in a chart to look closer, in all of them; a double click shows all again.
          </span>
        )}
        {range && (
          <span className="together number">
            Steps {plain(Math.round(range.from))} to {plain(Math.round(range.to))}{' '}
            <button className="small" onClick={() => set_range(undefined)}>
              All steps
            </button>
          </span>
        )}
      </div>
      <div className="metrics-body">
        {measurers.length > 1 && (
          <Picker measurers={measurers} picked={picked} set_picked={set_chosen} />
        )}
        <div className="chart-grid">
          {visible.map(([name, series]) =>
            series.every((one) => one.points <= 1n && has_ended(state_of(one))) ? (
              <Bars key={name} name={name} series={series} name_of={name_of} />
            ) : (
              <MetricChart
                key={name}
                base={base}
                name={name}
                series={series}
                measurers={by_id}
                picked={picked}
                faint_most={faint_most}
                look={look}
                known={known}
                range={range}
                set_range={set_range}
              />
            ),
          )}
          {charts.length > shown && (
            <button onClick={() => set_shown(shown + kChartsAtFirst)}>
              Show {Math.min(kChartsAtFirst, charts.length - shown)} more of {charts.length} charts
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
