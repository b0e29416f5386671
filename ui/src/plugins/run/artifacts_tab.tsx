// What people had drawn of the run, and everything the tasks made, by task.
import { useRef, useState, type ReactNode } from 'react';
import { clock, full_time, ms_of, plural } from '../../base/format';
import { use_keys } from '../../base/keys';
import { has_ended } from '../../base/state';
import { SearchField } from '../../widgets/controls';
import { StateIcon } from '../../widgets/state_mark';
import { full_name } from '../../widgets/task_text';
import { ArtifactCard } from './artifact_card';
import { VisualizationList } from './visualizations';
import { Visualize } from './visualize_dialog';
import type { TabProps } from './run_page';

export function ArtifactsTab(props: TabProps): ReactNode {
  const { store, now } = props;
  const [query, set_query] = useState('');
  const field = useRef<HTMLInputElement>(null);
  use_keys({ s: { does: 'Find an artifact', act: () => field.current?.focus() } });
  const needle = query.toLowerCase();
  const made = [...store.artifacts.values()]
    .filter((one) => !one.input)
    .filter((one) => {
      const task = store.tasks.get(one.taskId);
      return `${one.name} ${one.type} ${task?.name ?? ''}`.toLowerCase().includes(needle);
    })
    .sort((a, b) => Number(a.createdAtUs - b.createdAtUs));
  const total = [...store.artifacts.values()].filter((one) => !one.input).length;
  return (
    <div className="tab-page">
      <div className="tools">
        <SearchField
          name="Find an artifact"
          cap="S"
          value={query}
          change={set_query}
          field={field}
        />
        <span className="quiet">{plural(total, 'artifact')}</span>
        <Visualize run_key={store.run!.runKey} />
      </div>
      <VisualizationList key={store.run!.runKey} run_key={store.run!.runKey} />
      {total === 0 && (
        <p className="quiet">
          {has_ended(store.run!.state)
            ? 'This run made no artifacts.'
            : 'No artifact yet. Each appears here as soon as its task has written it.'}
        </p>
      )}
      {total > 0 && made.length === 0 && (
        <p className="quiet">
          Nothing matches {query}.{' '}
          <button className="small" onClick={() => set_query('')}>
            Clear
          </button>
        </p>
      )}
      <div className="artifact-grid">
        {made.map((one) => {
          const task = store.tasks.get(one.taskId);
          const at = ms_of(one.createdAtUs);
          return (
            <article key={one.id} className="surface">
              <p className="of">
                {task && (
                  <button className="small" onClick={() => props.open(task.id)}>
                    <StateIcon state={task.state} /> {full_name(task, store)}
                  </button>
                )}
                <span className="quiet number" title={full_time(at)}>
                  {clock(at, now)}
                </span>
              </p>
              <ArtifactCard artifact={one} />
            </article>
          );
        })}
      </div>
    </div>
  );
}
