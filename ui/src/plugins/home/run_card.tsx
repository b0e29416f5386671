// A run that is going on, small: its shape, what it does now, how far, and its main metric as it
// moves.
import { useEffect, useRef, type ReactNode } from 'react';
import type { GraphLayout, RunSummary, TaskView } from '../../api/gen/view_pb';
import { PointsStore } from '../../api/points_store';
import { RunStore } from '../../api/run_store';
import { GraphStore } from '../../api/stores';
import { estimate_of } from '../../api/use_estimate';
import { use_quiet_store, use_store } from '../../api/use_store';
import { metric, ms_of, percent } from '../../base/format';
import { follow } from '../../base/router';
import { kFailed, kPending, kRunning, kUnknown, look } from '../../base/state';
import { theme } from '../../base/theme';
import { use_cell } from '../../base/use_signal';
import { StateIcon } from '../../widgets/state_mark';
import { full_name, says } from '../../widgets/task_text';
import { Eta, TimeAxis } from '../../widgets/time_axis';

const kShape = { width: 150, height: 40 };
const kEdgesMost = 150; // beyond it a shape is dots alone

// The graph on its side, as time goes from left to right: a dot a task.
function Shape(props: { layout: GraphLayout; tasks: ReadonlyMap<string, TaskView> }): ReactNode {
  const { layout, tasks } = props;
  const few = layout.boxes.length <= kEdgesMost;
  const size = few ? 7 : 2.4;
  const kx = (kShape.width - 10) / Math.max(1, layout.height);
  const ky = (kShape.height - 10) / Math.max(1, layout.width);
  const where = new Map<string, readonly [number, number]>();
  const dots = new Map<number, string>(); // path by state
  for (const box of layout.boxes) {
    const x = 5 + (box.y + box.height / 2) * kx;
    const y = 5 + (box.x + box.width / 2) * ky;
    where.set(box.taskId, [x, y]);
    const state = tasks.get(box.taskId)?.state || kPending;
    const dot = `M${x - size / 2} ${y - size / 2}h${size}v${size}h${-size}z`;
    dots.set(state, (dots.get(state) ?? '') + dot);
  }
  const edges = few
    ? layout.edges.flatMap((edge) => {
        const [from, to] = [where.get(edge.from), where.get(edge.to)];
        return from && to ? [`M${from.join(' ')}L${to.join(' ')}`] : [];
      })
    : [];
  return (
    <svg width={kShape.width} height={kShape.height} aria-hidden="true" className="shape">
      <path d={edges.join('')} />
      {[...dots].map(([state, path]) => (
        <path
          key={state}
          d={path}
          className={state <= kPending ? 'waits' : ''}
          style={{ fill: `var(--${look(state).token})`, stroke: `var(--${look(state).token})` }}
        />
      ))}
    </svg>
  );
}

// Where a number stands between two others, 0 to 1; halved, as their difference may be infinite.
function share(value: number, low: number, high: number): number {
  return (value / 2 - low / 2) / (high / 2 - low / 2 || 1);
}

function Spark(props: { base: string; id: string }): ReactNode {
  const path = `${props.base}/metrics/${props.id}`;
  const store = use_quiet_store(path, () => new PointsStore(path, props.id, 100));
  const line = useRef<SVGPathElement>(null);
  const shade = use_cell(theme);
  useEffect(() => {
    const draw = (): void => {
      const points = store.xs.flatMap((x, at) => {
        const y = store.ys[at];
        return y === null || y === undefined ? [] : [[x, y] as const];
      });
      if (points.length < 2 || !line.current) return;
      const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
      const [low, high] = [Math.min(...ys), Math.max(...ys)];
      const [first, last] = [xs[0]!, xs[xs.length - 1]!];
      const at = ([x, y]: readonly [number, number]): string =>
        `${2 + 96 * share(x, first, last)} ${26 - 22 * share(y, low, high)}`;
      line.current.setAttribute('d', `M${points.map(at).join('L')}`);
    };
    draw();
    return store.signal.listen(draw);
  }, [store, shade]);
  return (
    <svg width="100" height="28" aria-hidden="true" className="spark">
      <path ref={line} />
    </svg>
  );
}

// `silent`: it ran when it was last heard of; its clock stands still there.
export function RunCard(props: { run: RunSummary; now: number; silent: boolean }): ReactNode {
  const { run, silent } = props;
  const now = silent ? ms_of(run.lastEventAtUs) : props.now;
  const estimate = estimate_of(run.usual);
  const base = `/api/v1/runs/${run.runKey}`;
  const store = use_store(base, () => new RunStore(base));
  const graph = use_store(`${base}/graph`, () => new GraphStore(`${base}/graph`));
  const busy = [...store.tasks.values()].filter(
    (task) => task.kind === 0 && task.state === kRunning,
  );
  const main = [...store.series.values()].filter((one) => one.name === run.mainMetric).pop();
  const to = `/runs/${run.runKey}`;
  const start = ms_of(run.startedAtUs || run.createdAtUs);
  const failed = run.counts.find((one) => one.state === kFailed)?.count ?? 0;
  return (
    <a href={to} className="run-card" onClick={(event) => follow(event, to)}>
      <span className="row">
        <StateIcon state={silent ? kUnknown : run.state} share={run.progress} />
        <b className="name">{run.name || run.runKey}</b>
        {silent ? (
          <span className="silent">Running when last heard</span>
        ) : (
          <b className="number share">{percent(run.progress)}</b>
        )}
      </span>
      <span className="row drawing">
        {graph.layout && <Shape layout={graph.layout} tasks={store.tasks} />}
        <span className="space" />
        {main && (
          <span className="metric">
            <Spark base={base} id={main.id} />
            <span className="number">
              {run.mainMetric} <b>{metric(main.lastValue)}</b>
            </span>
          </span>
        )}
      </span>
      <span className="row doing">
        {busy[0] ? (
          <>
            {full_name(busy[0], store)}, {says(busy[0], store)}
            {busy.length > 1 && <span className="quiet"> and {busy.length - 1} more</span>}
          </>
        ) : (
          (run.message ?? '')
        )}
      </span>
      <TimeAxis start={start} now={now} share={run.progress} estimate={estimate} />
      <span className="row">
        <Eta start={start} now={now} estimate={estimate} />
        <span className="space" />
        {failed > 0 && (
          <span>
            <StateIcon state={kFailed} /> {failed} failed
          </span>
        )}
      </span>
    </a>
  );
}
