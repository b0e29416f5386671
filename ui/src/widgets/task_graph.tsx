// The run's tasks as one drawing, at the places the server gave them. Pan by drag, zoom by ctrl and
// wheel or the buttons; it fits itself until somebody moves it.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { GraphLayout, TaskView } from '../api/gen/view_pb';
import { duration, ms_of, percent } from '../base/format';
import {
  count_states,
  has_started,
  kFailed,
  kPending,
  kRunning,
  look,
  urgency,
} from '../base/state';
import { StateIcon } from './state_mark';

let pen: CanvasRenderingContext2D | null = null;
function cut(text: string, width: number, font: string): string {
  pen ??= document.createElement('canvas').getContext('2d');
  if (!pen) return text;
  pen.font = `${font} sans-serif`;
  if (pen.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}

export function share_of(task: TaskView): number | undefined {
  const progress = task.progress;
  return progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : undefined;
}

export function time_of(task: TaskView, now: number): string {
  if (task.startedAtUs === 0n) return '';
  const end = task.finishedAtUs > 0n ? ms_of(task.finishedAtUs) : now;
  return duration(end - ms_of(task.startedAtUs));
}

// Tasks that stand anywhere below `id`, in item order.
export function tasks_below(tasks: ReadonlyMap<string, TaskView>, id: string): TaskView[] {
  const place = (task: TaskView): number => {
    for (let at: TaskView | undefined = task; at; at = tasks.get(at.parentId)) {
      if (at.parentId === id) return at.index;
    }
    return -1;
  };
  return [...tasks.values()]
    .filter((task) => task.kind === 0 && place(task) >= 0)
    .sort((a, b) => place(a) - place(b));
}

function mark(state: number, x: number, y: number, size: number): string {
  const s = Math.max(1.5, size - 1.5);
  if (state === kFailed) return `M${x} ${y}l${s} ${s}m${-s} 0l${s} ${-s}`;
  if (state === kRunning) return `M${x} ${y + s / 2}h${s}v${s / 2}h${-s}z`;
  if (has_started(state)) return `M${x} ${y}h${s}v${s}h${-s}z`;
  return `M${x + s / 2 - 0.8} ${y + s / 2 - 0.8}h1.6v1.6h-1.6z`;
}

function Mosaic(props: {
  states: number[];
  x: number;
  y: number;
  width: number;
  height: number;
}): ReactNode {
  const n = Math.max(1, props.states.length);
  let cell = 24;
  while (
    cell > 2 &&
    Math.ceil(n / Math.min(50, Math.floor(props.width / cell))) * cell > props.height
  )
    cell -= 0.5;
  const columns = Math.max(1, Math.min(50, Math.floor(props.width / cell)));
  const paths = new Map<number, string>();
  props.states.forEach((state, at) => {
    const x = props.x + (at % columns) * cell;
    const y = props.y + Math.floor(at / columns) * cell;
    paths.set(state, (paths.get(state) ?? '') + mark(state, x, y, cell));
  });
  return [...paths].map(([state, d]) => (
    <path
      key={state}
      d={d}
      fill={`var(--${look(state).token})`}
      stroke={state === kFailed ? 'var(--bad)' : 'none'}
      strokeWidth="2"
    />
  ));
}

function second_line(task: TaskView, tasks: ReadonlyMap<string, TaskView>): string {
  if (task.progress?.note) return task.progress.note;
  if (task.message) return task.message;
  if (task.state <= kPending && task.dependsOn.length > 0) {
    const waits = task.dependsOn.map((id) => tasks.get(id)?.name ?? '').filter(Boolean);
    return waits.length === 1 ? `Waits for ${waits[0]}` : `Waits for ${waits.length} tasks`;
  }
  return look(task.state).word;
}

interface Props {
  layout: GraphLayout;
  tasks: ReadonlyMap<string, TaskView>;
  selected: string;
  now: number;
  select: (id: string) => void;
}

function edge_path(p: readonly number[]): string {
  let d = `M${p[0]} ${p[1]}`;
  let at = 2;
  for (; at + 5 < p.length; at += 6) d += `C${p.slice(at, at + 6).join(' ')}`;
  for (; at + 1 < p.length; at += 2) d += `L${p[at]} ${p[at + 1]}`;
  return d;
}

function Card(props: Props & { box: GraphLayout['boxes'][number] }): ReactNode {
  const { box, tasks, now } = props;
  const task = tasks.get(box.taskId);
  if (!task) return null;
  const { token, word } = look(task.state);
  const inner = box.folded ? tasks_below(tasks, box.taskId) : [];
  const items = box.folded
    ? [...tasks.values()].filter((other) => other.parentId === task.id).length
    : 0;
  const name = box.folded ? `${items} × ${task.name || inner[0]?.name}` : task.name;
  const share =
    box.folded && inner.length > 0
      ? inner.filter((one) => one.finishedAtUs > 0n || one.state === 4 || one.state === 7)
          .length / inner.length
      : share_of(task);
  const running = task.state === kRunning;
  const time = running && share !== undefined ? percent(share) : time_of(task, now);
  const pending = task.state <= kPending;
  const counts = count_states(inner.map((one) => one.state));
  const says = box.folded
    ? counts.map((one) => `${one.count} ${look(one.state).word.toLowerCase()}`).join(' · ')
    : second_line(task, tasks);
  const w = box.width;
  const container = !box.folded && task.kind !== 0;
  return (
    <g
      className={[
        'card',
        props.selected === task.id ? 'selected' : '',
        container ? 'container' : '',
      ].join(' ')}
      data-task={task.path}
      transform={`translate(${box.x} ${box.y})`}
      role="button"
      tabIndex={0}
      aria-pressed={props.selected === task.id}
      aria-label={[name, word.toLowerCase(), time_of(task, now)].filter(Boolean).join(', ')}
      onClick={() => props.select(task.id)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        props.select(task.id);
      }}
    >
      <title>{`${name}: ${word}. ${says}`}</title>
      <rect className="halo" x="-4" y="-4" width={w + 8} height={box.height + 8} rx="10" />
      <rect
        className="body"
        width={w}
        height={box.height}
        rx="7"
        strokeDasharray={pending ? '4 3' : undefined}
        style={{
          stroke: task.state === kFailed || running ? `var(--${token})` : undefined,
          fill: container
            ? 'none'
            : task.state === kFailed
              ? 'var(--bad-bg)'
              : pending
                ? 'var(--canvas)'
                : undefined,
        }}
      />
      <StateIcon state={task.state} share={running ? share : undefined} x={10} y={8} />
      <text className={pending ? 'name waits' : 'name'} x="34" y="20">
        {cut(name, w - 44 - time.length * 7, '600 13px')}
      </text>
      <text className="time" x={w - 10} y="20" textAnchor="end">
        {time}
      </text>
      {!container && (
        <text className="says" x={box.folded ? 10 : 34} y="36">
          {cut(says, w - (box.folded ? 20 : 44), '11px')}
        </text>
      )}
      {box.folded && (
        <Mosaic
          states={inner.map((one) => one.state || kPending)}
          x={10}
          y={44}
          width={w - 20}
          height={box.height - 50}
        />
      )}
      {running && share !== undefined && (
        <rect
          x="2"
          y={box.height - 4}
          width={Math.max(0, (w - 4) * share)}
          height="3"
          rx="1.5"
          fill="var(--run)"
        />
      )}
    </g>
  );
}

export function Graph(props: Props): ReactNode {
  const { layout, tasks } = props;
  const box = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  const drag = useRef<{ x: number; y: number; on: boolean } | null>(null);
  const [view, set_view] = useState({ x: 16, y: 16, k: 1 });
  const fit = (): void => {
    const { clientWidth: w, clientHeight: h } = box.current!;
    const k = Math.max(
      0.15,
      Math.min(1, (w - 32) / Math.max(1, layout.width), (h - 32) / Math.max(1, layout.height)),
    );
    set_view({ k, x: Math.max(16, (w - layout.width * k) / 2), y: 16 });
  };
  const zoom = (by: number, cx?: number, cy?: number): void => {
    moved.current = true;
    const x = cx ?? box.current!.clientWidth / 2;
    const y = cy ?? box.current!.clientHeight / 2;
    set_view((old) => {
      const k = Math.min(3, Math.max(0.1, old.k * by));
      return { k, x: x - ((x - old.x) * k) / old.k, y: y - ((y - old.y) * k) / old.k };
    });
  };
  useEffect(() => {
    const watch = new ResizeObserver(() => !moved.current && fit());
    watch.observe(box.current!);
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = box.current!.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 300), event.clientX - at.left, event.clientY - at.top);
    };
    const element = box.current!;
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      watch.disconnect();
      element.removeEventListener('wheel', wheel);
    };
  }, [layout.width, layout.height]);
  const worst_last = [...layout.boxes].sort((a, b) => {
    const one = tasks.get(a.taskId),
      two = tasks.get(b.taskId);
    const flat = (box_of: typeof a, task: TaskView | undefined): number =>
      !box_of.folded && task && task.kind !== 0 ? 0 : 1;
    return flat(a, one) - flat(b, two) || a.y - b.y || a.x - b.x;
  });
  return (
    <div
      className="graph"
      ref={box}
      onPointerDown={(event) => {
        if (event.button === 0) drag.current = { x: event.clientX, y: event.clientY, on: false };
      }}
      onPointerMove={(event) => {
        const from = drag.current;
        if (!from || event.buttons === 0) return;
        const dx = event.clientX - from.x,
          dy = event.clientY - from.y;
        if (!from.on && Math.hypot(dx, dy) < 4) return;
        if (!from.on) event.currentTarget.setPointerCapture(event.pointerId);
        moved.current = true;
        drag.current = { x: event.clientX, y: event.clientY, on: true };
        set_view((old) => ({ ...old, x: old.x + dx, y: old.y + dy }));
      }}
      onPointerUp={() => {
        drag.current = null;
      }}
    >
      <svg role="group" aria-label="Tasks of the run">
        <defs>
          <marker
            id="tip"
            markerWidth="8"
            markerHeight="8"
            refX="6"
            refY="4"
            orient="auto"
            markerUnits="userSpaceOnUse"
          >
            <path d="M0 1l7 3-7 3z" fill="context-stroke" />
          </marker>
        </defs>
        <g transform={`translate(${view.x} ${view.y}) scale(${view.k})`}>
          {layout.edges.map((edge) => {
            const to = tasks.get(edge.to)?.state ?? kPending;
            const waits = !has_started(to);
            const color = to === kFailed ? 'bad' : to === kRunning ? 'run' : 'line2';
            return (
              <path
                key={`${edge.from} ${edge.to}`}
                d={edge_path(edge.points)}
                fill="none"
                stroke={`var(--${color})`}
                strokeWidth={to === kRunning ? 2 : 1.4}
                strokeDasharray={waits ? '4 3' : undefined}
                markerEnd="url(#tip)"
              />
            );
          })}
          {worst_last.map((one) => (
            <Card key={one.taskId} {...props} box={one} />
          ))}
        </g>
      </svg>
      <div className="zoom">
        <button aria-label="Zoom out" onClick={() => zoom(1 / 1.25)}>
          −
        </button>
        <button aria-label="Zoom in" onClick={() => zoom(1.25)}>
          +
        </button>
        <button
          onClick={() => {
            moved.current = false;
            fit();
          }}
        >
          Fit
        </button>
      </div>
    </div>
  );
}

export function by_urgency(tasks: Iterable<TaskView>): TaskView[] {
  return [...tasks].sort((a, b) => urgency(a.state) - urgency(b.state));
}
