// The graph and beside it the selected task; where it is narrow, a list in which a task opens in
// its place.
import type { ReactNode } from 'react';
import { GraphStore } from '../../api/stores';
import { use_store } from '../../api/use_store';
import { theme } from '../../base/theme';
import { use_cell, use_media } from '../../base/use_signal';
import { Boundary } from '../../widgets/boundary';
import { TaskGraph } from '../../widgets/task_graph';
import { RunPanel } from './run_panel';
import type { TabProps } from './run_page';
import { TaskList } from './task_list';
import { TaskPanel } from './task_panel';

function Wide(props: TabProps): ReactNode {
  const { store, base, now, selected, select } = props;
  const path = `${base}/graph`;
  const graph = use_store(path, () => new GraphStore(path));
  const shade = use_cell(theme);
  const task = store.tasks.get(selected);
  return (
    <div className="split">
      {graph.layout && graph.layout.boxes.length > 0 ? (
        <Boundary name="the graph">
          <TaskGraph
            layout={graph.layout}
            context={store}
            selected={selected}
            now={now}
            theme={shade}
            select={select}
          />
        </Boundary>
      ) : (
        <div className="graph-frame empty-graph">
          <p className="quiet">
            {graph.layout ? 'No task is known yet. They appear here as soon as they are.' : ''}
          </p>
        </div>
      )}
      {task ? (
        <TaskPanel key={task.id} {...props} task={task} />
      ) : (
        <RunPanel store={store} base={base} now={now} select={select} />
      )}
    </div>
  );
}

export function GraphTab(props: TabProps): ReactNode {
  const narrow = use_media('(max-width: 719px)');
  return narrow ? <TaskList {...props} /> : <Wide {...props} />;
}
