// The tasks as a list in the order they depend on each other: what a narrow window shows instead of
// the graph. A task opens in its place.
import { useEffect, useRef, type ReactNode } from 'react';
import { percent } from '../../base/format';
import { count_states, kPending, kRunning, kSkipped, look } from '../../base/state';
import { groups_of, in_order } from '../../base/task_walk';
import { StateCounts } from '../../widgets/counts';
import { Mosaic } from '../../widgets/mosaic';
import { StateIcon } from '../../widgets/state_mark';
import { says, share_ended, share_of, time_of } from '../../widgets/task_text';
import { theme } from '../../base/theme';
import { use_cell } from '../../base/use_signal';
import type { TabProps } from './run_page';
import { RunPanel } from './run_panel';
import { TaskPanel } from './task_panel';

const kMosaicWidth = 270;

export function TaskList(props: TabProps): ReactNode {
  const { store, now, selected } = props;
  const shade = use_cell(theme);
  const opened = useRef<HTMLLIElement>(null);
  const chosen = store.tasks.get(selected);
  useEffect(() => {
    opened.current?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  const open = (id: string): void => props.select(id === selected ? '' : id);
  // Groups are dissolved as in the graph; a loop is one entry.
  const top = [...store.tasks.values()].filter((task) => {
    if (task.kind === 2 || (task.kind === 3 && store.children(task.id).length > 0)) return false;
    return ![...groups_of(store.tasks, task)].some((group) => group.kind === 1);
  });
  const holding = new Set(
    chosen && [chosen, ...groups_of(store.tasks, chosen)].map(({ id }) => id),
  );
  return (
    <div className="task-list">
      <ul>
        {in_order(top).map((task) => {
          const items = task.kind === 1 ? store.below(task.id) : undefined;
          const share = items ? share_ended(items) : share_of(task);
          const running = task.state === kRunning;
          const here = holding.has(task.id);
          return (
            <li key={task.id} ref={here ? opened : undefined} className={here ? 'open' : ''}>
              <button
                className={task.state <= kPending || task.state === kSkipped ? 'waits' : ''}
                aria-expanded={here}
                data-task={task.path}
                data-state={look(task.state).name}
                onClick={() => open(here && selected !== task.id ? selected : task.id)}
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
              {items && items.length > 0 && !here && (
                <div className="inside">
                  <StateCounts counts={count_states(items.map((one) => one.state))} />
                  <Mosaic
                    items={items.map((one) => [one])}
                    width={kMosaicWidth}
                    height={Math.min(64, Math.ceil(items.length / 19) * 14)}
                    theme={shade}
                    pick={(one) => props.select(one.id)}
                  />
                </div>
              )}
              {here && chosen && <TaskPanel key={chosen.id} {...props} task={chosen} />}
            </li>
          );
        })}
      </ul>
      {!chosen && <RunPanel store={store} base={props.base} now={now} select={props.select} />}
    </div>
  );
}
