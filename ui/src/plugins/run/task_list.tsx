// The tasks as a list in the order they depend on each other: what a narrow window shows instead of
// the graph. A task opens in its place; rows in sight are drawn only.
import { useEffect, useRef, type ReactNode } from 'react';
import type { TaskView } from '../../api/gen/view_pb';
import type { RunStore } from '../../api/run_store';
import { percent } from '../../base/format';
import { count_states, kPending, kRunning, kSkipped, look } from '../../base/state';
import { groups_of, in_order } from '../../base/task_walk';
import { StateCounts } from '../../widgets/counts';
import { Mosaic } from '../../widgets/mosaic';
import { use_row_window } from '../../widgets/row_window';
import { StateIcon } from '../../widgets/state_mark';
import { says, share_ended, share_of, time_of } from '../../widgets/task_text';
import { theme } from '../../base/theme';
import { use_cell } from '../../base/use_signal';
import type { TabProps } from './run_page';
import { RunPanel } from './run_panel';
import './task_list.css';
import { TaskPanel } from './task_panel';

const kMosaicWidth = 270;
const kRowPx = 45;
const kBelowHeadPx = 8; // where a row that was far away comes to stand

function mosaic_height(items: readonly TaskView[]): number {
  return Math.min(64, Math.ceil(items.length / 19) * 14);
}

// Groups are dissolved as in the graph; a loop is one entry.
function entries_of(store: RunStore): TaskView[] {
  const top = [...store.tasks.values()].filter((task) => {
    if (task.kind === 2 || (task.kind === 3 && store.children(task.id).length > 0)) return false;
    return ![...groups_of(store.tasks, task)].some((group) => group.kind === 1);
  });
  return in_order(top);
}

function Loop(props: { items: readonly TaskView[]; select: (id: string) => void }): ReactNode {
  const { items } = props;
  return (
    <div className="inside">
      <StateCounts counts={count_states(items.map((one) => one.state))} />
      <Mosaic
        items={items.map((one) => [one])}
        width={kMosaicWidth}
        height={mosaic_height(items)}
        theme={use_cell(theme)}
        pick={(one) => props.select(one.id)}
      />
    </div>
  );
}

function Entry(props: TabProps & { task: TaskView; here: boolean }): ReactNode {
  const { store, now, selected, task, here } = props;
  const chosen = store.tasks.get(selected);
  const items = task.kind === 1 ? store.below(task.id) : undefined;
  const share = items ? share_ended(items) : share_of(task);
  const running = task.state === kRunning;
  return (
    <>
      <button
        className={task.state <= kPending || task.state === kSkipped ? 'waits' : ''}
        aria-expanded={here}
        data-task={task.path}
        data-state={look(task.state).name}
        onClick={() => props.select(here ? '' : task.id)}
      >
        <StateIcon state={task.state} share={running ? share : undefined} />
        <span className="name">
          {items && items.length > 0 ? `${store.children(task.id).length} × ` : ''}
          {task.name}
        </span>
        <span className="says">{items ? look(task.state).word : says(task, store)}</span>
        <span className="number">
          {running && share !== undefined ? percent(share) : time_of(task, now)}
        </span>
      </button>
      {items && items.length > 0 && !here && <Loop items={items} select={props.select} />}
      {here && chosen && <TaskPanel key={chosen.id} {...props} task={chosen} />}
    </>
  );
}

export function TaskList(props: TabProps): ReactNode {
  const { store, now, selected } = props;
  const list = useRef<HTMLUListElement>(null);
  const chosen = store.tasks.get(selected);
  const entries = entries_of(store);
  const holding = new Set(
    chosen && [chosen, ...groups_of(store.tasks, chosen)].map(({ id }) => id),
  );
  const rows = entries.map((task) => {
    const items = task.kind === 1 ? store.below(task.id) : [];
    return { key: task.id, height: kRowPx + (items.length > 0 ? 38 + mosaic_height(items) : 0) };
  });
  const { first, end, before, after, top_of, drawn } = use_row_window(list, rows);
  useEffect(() => {
    const here = entries.find((task) => holding.has(task.id));
    if (!here || !list.current) return;
    const row = list.current.querySelector(`[data-row="${here.id}"]`);
    if (row) row.scrollIntoView({ block: 'nearest' });
    else
      window.scrollBy(0, list.current.getBoundingClientRect().top + top_of(here.id) - kBelowHeadPx);
  }, [selected]);
  return (
    <div className="task-list">
      <ul ref={list} style={{ paddingTop: before, paddingBottom: after }}>
        {entries.slice(first, end).map((task, at) => {
          const here = holding.has(task.id);
          return (
            <li
              key={task.id}
              ref={drawn}
              data-row={task.id}
              className={here ? 'open' : ''}
              aria-setsize={entries.length}
              aria-posinset={first + at + 1}
            >
              <Entry {...props} task={task} here={here} />
            </li>
          );
        })}
      </ul>
      {!chosen && <RunPanel store={store} base={props.base} now={now} select={props.select} />}
    </div>
  );
}
