// TaskGraph: the run's tasks as one drawing, at the places the server gave them. Drag or wheel
// moves it, ctrl and wheel or the buttons zoom, arrows walk along its edges.
import {
  useEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type ReactNode,
  type RefObject,
} from 'react';
import type { GraphLayout, TaskView } from '../api/gen/view_pb';
import { duration, percent, short_duration } from '../base/format';
import { use_keys } from '../base/keys';
import { kRunning, look } from '../base/state';
import { drawn_in, neighbour, type Direction } from '../base/task_walk';
import { use_signal } from '../base/use_signal';
import { Choice } from './controls';
import { GraphCanvas } from './graph_canvas';
import { GraphView, type Level } from './graph_view';
import { TaskCard } from './task_card';
import { says, share_ended, share_of, time_of, took_ms, type TaskContext } from './task_text';
import './task_graph.css';

interface Props {
  layout: GraphLayout;
  context: TaskContext;
  selected: string;
  now: number;
  theme: string;
  select: (id: string) => void;
}

const kArrows: Record<string, Direction> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};
const kDragPx = 4;
const kShortTimesBelow = 0.95; // of the scale: there names need the room

// What a card says to somebody who does not see it.
function label_of(task: TaskView, name: string, line: string, time: string, edges: Edges): string {
  const from = edges.into.get(task.id) ?? [];
  const to = edges.out_of.get(task.id) ?? [];
  // What is drawn comes first and as it is drawn: who speaks to the page names what he sees.
  const word = look(task.state).word;
  return [
    [name, time, line].filter(Boolean).join(' '),
    line !== word ? word : '',
    from.length > 0 ? `after ${from.join(', ')}` : '',
    to.length > 0 ? `leads to ${to.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join('. ');
}

interface Edges {
  into: Map<string, string[]>;
  out_of: Map<string, string[]>;
}

// Of each item of a loop its tasks.
function cells_of(context: TaskContext, loop: string): (readonly TaskView[])[] {
  return context.children(loop).map((item) => (item.kind === 0 ? [item] : context.below(item.id)));
}

const kNeighboursSaid = 5;

function edges_of(layout: GraphLayout, tasks: ReadonlyMap<string, TaskView>): Edges {
  const found: Edges = { into: new Map(), out_of: new Map() };
  const add = (map: Map<string, string[]>, id: string, other: string): void => {
    const names = map.get(id) ?? [];
    if (names.length < kNeighboursSaid) names.push(tasks.get(other)?.name ?? '');
    map.set(id, names);
  };
  for (const edge of layout.edges) {
    add(found.into, edge.to, edge.from);
    add(found.out_of, edge.from, edge.to);
  }
  return found;
}

// For who listens: the tasks that are out of view or drawn as dots, in the order of the drawing.
const kListMost = 500;

function TaskWords(props: {
  boxes: GraphLayout['boxes'];
  context: TaskContext;
  edges: Edges;
  now: number;
}): ReactNode {
  const { boxes, context, edges, now } = props;
  return useMemo(
    () => (
      <ul className="unseen" aria-label="All tasks">
        {boxes.map((box) => {
          const task = context.tasks.get(box.taskId);
          if (!task) return null;
          const time = time_of(task, now);
          return (
            <li key={task.id}>{label_of(task, task.name, says(task, context), time, edges)}</li>
          );
        })}
      </ul>
    ),
    [boxes, now],
  );
}

function use_gestures(box: RefObject<HTMLDivElement | null>, view: GraphView) {
  const drag = useRef<{ x: number; y: number; on: boolean } | null>(null);
  const dragged = useRef(false); // the click that ends a drag is none
  useEffect(() => {
    const element = box.current!;
    const watch = new ResizeObserver(() =>
      view.set_window(element.clientWidth, element.clientHeight),
    );
    watch.observe(element);
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const at = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) {
        view.zoom(Math.exp(-event.deltaY / 240), event.clientX - at.left, event.clientY - at.top);
      } else view.pan(-event.deltaX, -event.deltaY);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      watch.disconnect();
      element.removeEventListener('wheel', wheel);
    };
  }, [view]);
  return {
    onPointerDown: (event: PointerEvent) => {
      dragged.current = false;
      if (event.button === 0) drag.current = { x: event.clientX, y: event.clientY, on: false };
    },
    onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
      const from = drag.current;
      if (!from || event.buttons === 0) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!from.on && Math.hypot(dx, dy) < kDragPx) return;
      if (!from.on) event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = { x: event.clientX, y: event.clientY, on: true };
      dragged.current = true;
      view.pan(dx, dy);
    },
    onPointerUp: () => {
      drag.current = null;
    },
    onClickCapture: (event: MouseEvent) => {
      if (dragged.current) event.stopPropagation();
    },
  };
}

export function TaskGraph(props: Props): ReactNode {
  const { layout, context, now } = props;
  const { tasks } = context;
  const box = useRef<HTMLDivElement>(null);
  const view = useMemo(() => new GraphView(), []);
  view.set_graph(layout.width, layout.height);
  use_signal(view.signal);
  const gestures = use_gestures(box, view);
  const boxes = useMemo(() => [...layout.boxes].sort((a, b) => a.y - b.y || a.x - b.x), [layout]);
  const by_id = useMemo(() => new Map(boxes.map((one) => [one.taskId, one])), [boxes]);
  const edges = useMemo(() => edges_of(layout, tasks), [layout]);
  const marked = drawn_in(tasks, by_id, props.selected);
  const [focus, set_focus] = useState('');
  const focused = by_id.has(focus) ? focus : marked || (boxes[0]?.taskId ?? '');

  useEffect(() => {
    const target = by_id.get(marked);
    if (target) view.reveal(target);
  }, [marked]);

  const focus_on = (id: string): void => {
    const target = by_id.get(id);
    if (!target) return;
    set_focus(id);
    view.reveal(target);
    const path = tasks.get(id)?.path ?? '';
    requestAnimationFrame(() =>
      box.current?.querySelector<HTMLElement>(`[data-task="${CSS.escape(path)}"]`)?.focus(),
    );
  };
  const walk = (direction: Direction, from: string): void =>
    focus_on(neighbour(boxes, layout.edges, from, direction));
  const key_down = (event: KeyboardEvent, id: string): void => {
    const direction = kArrows[event.key];
    if (direction) walk(direction, id);
    else if (event.key === 'Enter' || event.key === ' ') props.select(id);
    else return;
    event.preventDefault();
  };
  const nothing_focused = (): boolean => document.activeElement === document.body;
  const start = {
    does: 'Walk along the graph',
    act: () => focus_on(focused),
    when: nothing_focused,
  };
  use_keys({
    ArrowDown: start,
    ArrowUp: start,
    '+': { does: 'Zoom in', act: () => view.zoom(1.25) },
    '-': { does: 'Zoom out', act: () => view.zoom(0.8) },
    '0': { does: 'Fit the graph', act: () => view.fit() },
  });

  const shown = boxes.filter(
    (one) =>
      one.taskId === focused || one.taskId === marked || (view.level !== 'dot' && view.sees(one)),
  );
  return (
    <div className="graph-frame">
      <div
        className={`graph level-${view.level}`}
        ref={box}
        {...gestures}
        onClick={(event) => {
          if (event.target !== event.currentTarget && view.level !== 'dot') return;
          const at = box.current!.getBoundingClientRect();
          const hit = view.at(boxes, event.clientX - at.left, event.clientY - at.top);
          if (hit) props.select(hit.taskId);
        }}
      >
        <GraphCanvas
          layout={layout}
          tasks={tasks}
          version={context.states_version}
          view={view}
          theme={props.theme}
        />
        <div
          className="cards"
          role="group"
          aria-label={`Tasks of the run, ${boxes.length}; arrows walk along the edges`}
          style={
            {
              transform: `translate(${view.x}px, ${view.y}px)`,
              '--k': view.k,
            } as CSSProperties
          }
        >
          {shown.map((one) => {
            const task = tasks.get(one.taskId);
            if (!task) return null;
            const items = one.folded ? context.below(one.taskId) : undefined;
            const cells = one.folded ? cells_of(context, one.taskId) : undefined;
            const count = cells?.length ?? 0;
            const name = count > 0 ? `${count} × ${task.name}` : task.name;
            const share = items ? share_ended(items) : share_of(task);
            const running = task.state === kRunning;
            const took = took_ms(task, now) ?? -1;
            const in_words = view.k < kShortTimesBelow ? short_duration : duration;
            const ran = took < 0 ? '' : in_words(took);
            const time = running && share !== undefined ? percent(share) : ran;
            const line = says(task, context);
            return (
              <TaskCard
                key={one.taskId}
                task={task}
                box={one}
                name={name}
                line={line}
                time={time}
                share={share}
                items={items}
                cells={cells}
                label={label_of(task, name, line, time, edges)}
                scale={one.folded ? view.k : 1}
                selected={marked === one.taskId}
                focusable={focused === one.taskId}
                theme={props.theme}
                select={props.select}
                key_down={key_down}
              />
            );
          })}
        </div>
      </div>
      {shown.length < boxes.length && boxes.length <= kListMost && (
        <TaskWords boxes={boxes} context={context} edges={edges} now={now} />
      )}
      <div className="zoom">
        <Choice<Level>
          name="Size of the tasks"
          options={[
            ['card', 'Cards'],
            ['pill', 'Pills'],
            ['dot', 'Dots'],
          ]}
          value={view.level}
          choose={(level) => view.set_level(level, by_id.get(focus || marked))}
        />
        <button title="Fit the graph (0)" onClick={() => view.fit()}>
          Fit <kbd aria-hidden="true">0</kbd>
        </button>
      </div>
    </div>
  );
}
