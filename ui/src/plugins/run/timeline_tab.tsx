// Where the time went: each task as a bar from its start to its end, what ran side by side in
// lanes, the path that decided how long it took in bold. Rows in view are drawn only.
import { useEffect, useMemo, useRef, useState, type ReactNode, type RefObject } from 'react';
import { clock, duration, plural } from '../../base/format';
import { kPending, kRunning, look } from '../../base/state';
import { critical_path, ticks_that_fit, type Span } from '../../base/timeline';
import { Choice } from '../../widgets/controls';
import { StateIcon } from '../../widgets/state_mark';
import { full_name, share_ended, share_of, time_of, waits_for } from '../../widgets/task_text';
import type { TabProps } from './run_page';
import { TaskPanel } from './task_panel';
import { lane_place, rows_of, span_of, type Order, type Row } from './timeline_rows';
import './timeline_tab.css';

const kCharacterPx = 6.5; // of the label of a tick
const kMargin = 400; // px drawn above and below the view

interface Axis {
  start: number;
  end: number;
}

function place(span: Span, axis: Axis): { left: string; width: string } {
  const whole = axis.end - axis.start;
  const left = ((span.start - axis.start) / whole) * 100;
  const width = ((span.end - span.start) / whole) * 100;
  return { left: `${left}%`, width: `max(3px, ${width}%)` };
}

function Bars(
  props: { row: Row; axis: Axis; now: number; path: Set<string> } & TabProps,
): ReactNode {
  const { row, axis, now } = props;
  const tasks = row.items ?? [row.task];
  return tasks.map((task) => {
    const span = span_of(task, now);
    if (!span) return null;
    const name = full_name(task, props.store);
    const text = `${name}: ${look(task.state).word}, ${time_of(task, now)}`;
    return (
      <span
        key={task.id}
        className={`run-bar ${look(task.state).token} ${props.path.has(task.id) ? 'critical' : ''}`}
        style={{ ...place(span, axis), ...(row.items ? lane_place(row, task.id) : {}) }}
        title={text}
        onClick={(event) => {
          event.stopPropagation();
          props.select(task.id);
        }}
      />
    );
  });
}

function Label(
  props: { row: Row; now: number; unfolded: boolean; toggle?: () => void } & TabProps & {
      critical: boolean;
    },
): ReactNode {
  const { row, store, now } = props;
  const { task, items } = row;
  const done = items ? share_ended(items) : share_of(task);
  const groups = task.kind === 1 ? store.children(task.id).length : 0;
  return (
    <span className="row-label" style={{ paddingLeft: 14 + row.depth * 16 }}>
      {!props.toggle && <span className="fold" />}
      {props.toggle && (
        <button
          className={props.unfolded ? 'fold open' : 'fold'}
          aria-expanded={props.unfolded}
          aria-label={`${props.unfolded ? 'Fold' : 'Unfold'} ${task.name}`}
          onClick={(event) => {
            event.stopPropagation();
            props.toggle!();
          }}
        >
          ▸
        </button>
      )}
      <StateIcon state={task.state} share={task.state === kRunning ? done : undefined} />
      <button
        className={props.critical ? 'row-name critical' : 'row-name'}
        title={full_name(task, store)}
        onClick={() => props.select(task.id)}
      >
        {groups > 0 ? `${groups} × ${task.name}` : full_name(task, store)}
      </button>
      <span className="quiet number">{time_of(task, now)}</span>
    </span>
  );
}

function share(at: number, axis: Axis): string {
  return `${((at - axis.start) / (axis.end - axis.start)) * 100}%`;
}

type Box = RefObject<HTMLSpanElement | null>;

function use_width(box: Box): number {
  const [width, set_width] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(() => set_width(box.current!.clientWidth));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, [box]);
  return width;
}

function use_ticks(axis: Axis, now: number, bars: Box): number[] {
  const texts = [clock(axis.start, now), clock(axis.end, now)];
  const label = Math.max(...texts.map((text) => text.length)) * kCharacterPx;
  return ticks_that_fit(axis, use_width(bars), label);
}

// The ticks of the axis stand on top while the rows scroll, each above its line of the grid. Both
// lie in one box that scrolls: whatever width its scroll bar leaves is that of both.
function Ticks(props: { at: readonly number[]; axis: Axis; now: number; box: Box }): ReactNode {
  return (
    <div className="time-ticks" aria-hidden="true">
      <span className="row-label" />
      <span className="row-bars" ref={props.box}>
        {props.at.map((at) => (
          <span key={at} className="number" data-tick={at} style={{ left: share(at, props.axis) }}>
            {clock(at, props.now)}
          </span>
        ))}
      </span>
    </div>
  );
}

function GridLines(props: { at: readonly number[]; axis: Axis }): ReactNode {
  return (
    <div className="grid-lines" aria-hidden="true">
      <span className="row-label" />
      <span className="row-bars">
        {props.at.map((at) => (
          <i key={at} data-grid-line={at} style={{ left: share(at, props.axis) }} />
        ))}
      </span>
    </div>
  );
}

function use_window(box: RefObject<HTMLDivElement | null>): { top: number; height: number } {
  const [view, set_view] = useState({ top: 0, height: 800 });
  useEffect(() => {
    const element = box.current!;
    const look_again = (): void =>
      set_view({ top: element.scrollTop, height: element.clientHeight });
    const watch = new ResizeObserver(look_again);
    watch.observe(element);
    element.addEventListener('scroll', look_again, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', look_again);
    };
  }, [box]);
  return view;
}

export function TimelineTab(props: TabProps): ReactNode {
  const { store, now, selected } = props;
  const [order, set_order] = useState<Order>('start');
  const [unfolded, set_unfolded] = useState<ReadonlySet<string>>(new Set());
  const box = useRef<HTMLDivElement>(null);
  const view = use_window(box);
  const rows = rows_of(store, unfolded, order, now);
  const spans = useMemo(() => {
    const found = new Map<string, Span>();
    for (const task of store.tasks.values()) {
      const span = span_of(task, now);
      if (span) found.set(task.id, span);
    }
    return found;
  }, [store.run?.position, now]);
  const path = useMemo(
    () => critical_path(spans, (id) => store.tasks.get(id)?.dependsOn ?? []),
    [spans],
  );
  const all = [...spans.values()];
  const start = Math.min(...all.map((span) => span.start));
  const last = Math.max(...all.map((span) => span.end));
  const axis = { start, end: last + Math.max(1000, (last - start) * 0.03) };
  const bars = useRef<HTMLSpanElement>(null);
  const at_ticks = use_ticks(axis, now, bars);
  const toggle = (id: string): void => {
    const next = new Set(unfolded);
    if (!next.delete(id)) next.add(id);
    set_unfolded(next);
  };
  const task = store.tasks.get(selected);
  let top = 0;
  const drawn = rows.flatMap((row) => {
    const at = top;
    top += row.height;
    return at + row.height < view.top - kMargin || at > view.top + view.height + kMargin
      ? []
      : [{ row, at }];
  });
  return (
    <div className="split">
      <div className="timeline">
        <div className="tools">
          <Choice<Order>
            name="Order"
            options={[
              ['start', 'Start order'],
              ['longest', 'Longest first'],
            ]}
            value={order}
            choose={set_order}
          />
          {all.length > 0 && (
            <span className="quiet">
              {duration(last - start)} in all; the {plural(path.size, 'task')} in bold decided it
            </span>
          )}
        </div>
        {all.length === 0 && (
          <p className="quiet none">Nothing has started yet; each task gets a bar when it does.</p>
        )}
        <div className="time-rows" ref={box}>
          <Ticks at={at_ticks} axis={axis} now={now} box={bars} />
          <div style={{ height: top }} role="list" aria-label="Tasks by time">
            <GridLines at={at_ticks} axis={axis} />
            {drawn.map(({ row, at }) => (
              <div
                key={row.task.id}
                role="listitem"
                className={selected === row.task.id ? 'time-row selected' : 'time-row'}
                style={{ top: at, height: row.height }}
                data-state={look(row.task.state).name}
              >
                <Label
                  {...props}
                  row={row}
                  critical={path.has(row.task.id)}
                  unfolded={unfolded.has(row.task.id)}
                  {...(row.task.kind === 1 ? { toggle: () => toggle(row.task.id) } : {})}
                />
                <span className="row-bars">
                  {all.length > 0 && <Bars {...props} row={row} axis={axis} path={path} />}
                  {row.task.state <= kPending && !row.items && (
                    <span className="waiting">{waits_for(row.task, store)}</span>
                  )}
                </span>
              </div>
            ))}
          </div>
        </div>
      </div>
      {task && <TaskPanel key={task.id} {...props} task={task} />}
    </div>
  );
}
