// TaskCard: one box of the graph. Sizes follow the zoom by CSS alone (task_graph.css), so that a
// card is drawn again only when its task changes.
import { memo, type CSSProperties, type KeyboardEvent, type ReactNode } from 'react';
import type { GraphLayout, TaskView } from '../api/gen/view_pb';
import { count } from '../base/format';
import { count_states, kPending, kRunning, kSkipped, look } from '../base/state';
import { Mosaic } from './mosaic';
import { StateIcon } from './state_mark';

export const kHeaderHeight = 44; // of a folded loop's box: name, counts; below it the mosaic

export interface CardProps {
  task: TaskView;
  box: GraphLayout['boxes'][number];
  name: string;
  line: string; // the second one
  time: string;
  share: number | undefined;
  items: readonly TaskView[] | undefined; // of a folded loop: its tasks
  cells: readonly (readonly TaskView[])[] | undefined; // the same, by item
  label: string; // for a screen reader: what it waits for and leads to
  scale: number; // 1 unless it holds a mosaic
  selected: boolean;
  focusable: boolean;
  theme: string;
  select: (id: string) => void;
  key_down: (event: KeyboardEvent, id: string) => void;
}

function Items(props: CardProps & { items: readonly TaskView[] }): ReactNode {
  const { box, items, scale, cells = [] } = props;
  const states = items.map((task) => task.state || kPending);
  const top = scale >= 0.75 ? kHeaderHeight : 24;
  return (
    <>
      <span className="says">
        {items.length === 0
          ? 'Items are known when it starts'
          : count_states(states).map((one) => (
              <span
                key={one.state}
                className="part"
                style={{ color: `var(--${look(one.state).token})` }}
              >
                {count(one.count)} {look(one.state).word.toLowerCase()}
              </span>
            ))}
      </span>
      {items.length > 0 && (
        <Mosaic
          items={cells}
          width={Math.max(8, (box.width - 20) * scale)}
          height={Math.max(5, box.height * scale - top - 10 * scale)}
          theme={props.theme}
          pick={(task) => props.select(task.id)}
        />
      )}
    </>
  );
}

export const TaskCard = memo(function TaskCard(props: CardProps): ReactNode {
  const { task, box, share } = props;
  const { token, name: state } = look(task.state);
  const running = task.state === kRunning;
  const waits = task.state <= kPending || task.state === kSkipped;
  const style = {
    '--x': box.x,
    '--y': box.y,
    '--w': box.width,
    '--h': box.height,
  } as CSSProperties;
  return (
    <div
      className={[
        'card',
        token,
        waits ? 'waits' : '',
        box.folded ? 'folded' : '',
        props.selected ? 'selected' : '',
      ].join(' ')}
      style={style}
      data-task={task.path}
      data-state={state}
      role="button"
      tabIndex={props.focusable ? 0 : -1}
      aria-pressed={props.selected}
      aria-label={props.label}
      title={`${props.name}\n${props.line}`}
      onClick={() => props.select(task.id)}
      onKeyDown={(event) => props.key_down(event, task.id)}
    >
      <span className="first">
        <StateIcon state={task.state} share={running ? share : undefined} />
        <span className="name">{props.name}</span>
        <span className="time number">{props.time}</span>
      </span>
      {props.items ? (
        <Items {...props} items={props.items} />
      ) : (
        <span className="says">{props.line}</span>
      )}
      {running && share !== undefined && (
        <span className="bar" style={{ width: `${share * 100}%` }} />
      )}
    </div>
  );
});
