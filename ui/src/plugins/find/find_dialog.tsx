// Find: a few letters of a run's or a task's name lead there.
import { useDeferredValue, useEffect, useRef, useState, type ReactNode } from 'react';
import { RunStore } from '../../api/run_store';
import { RunsStore } from '../../api/stores';
import { use_store } from '../../api/use_store';
import { ago, ms_of } from '../../base/format';
import { go } from '../../base/router';
import { look } from '../../base/state';
import { Modal, SearchField } from '../../widgets/controls';
import { StateIcon } from '../../widgets/state_mark';
import { full_name } from '../../widgets/task_text';
import './find_dialog.css';

const kTasks = 8;
const kRuns = 8;

interface Hit {
  key: string;
  state: number;
  name: string;
  note: string;
  to: string;
}

function use_run_hits(text: string): { hits: Hit[]; loaded: boolean } {
  const query = new URLSearchParams({ limit: String(kRuns), ...(text ? { text } : {}) });
  const path = `/api/v1/runs?${query}`;
  const store = use_store(path, () => new RunsStore(path));
  const now = Date.now();
  const hits = store.runs.slice(0, kRuns).map((run) => ({
    key: run.runKey,
    state: run.state,
    name: run.name || run.runKey,
    note: `${look(run.state).word}, ${ago(ms_of(run.lastEventAtUs), now)}`,
    to: `/runs/${run.runKey}`,
  }));
  return { hits, loaded: store.loaded };
}

function TaskHits(props: {
  run_key: string;
  text: string;
  found: (hits: Hit[]) => void;
}): ReactNode {
  const base = `/api/v1/runs/${props.run_key}`;
  const store = use_store(base, () => new RunStore(base));
  const needle = props.text.toLowerCase();
  const position = String(store.run?.position);
  useEffect(() => {
    const tasks = [...store.tasks.values()].filter(
      (task) => task.kind === 0 && full_name(task, store).toLowerCase().includes(needle),
    );
    props.found(
      tasks.slice(0, kTasks).map((task) => ({
        key: task.id,
        state: task.state,
        name: full_name(task, store),
        note: `${look(task.state).word}, in this run`,
        to: `/runs/${props.run_key}?task=${task.id}`,
      })),
    );
  }, [needle, position]);
  return null;
}

function Inside(props: { run_key: string; close: () => void }): ReactNode {
  const [query, set_query] = useState('');
  const text = useDeferredValue(query);
  const [tasks, set_tasks] = useState<Hit[]>([]);
  const [at, set_at] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
  }, []);
  const runs = use_run_hits(text);
  const hits = [...(text && props.run_key ? tasks : []), ...runs.hits];
  const chosen = Math.min(at, hits.length - 1);
  const open = (hit: Hit | undefined): void => {
    if (!hit) return;
    props.close();
    go(hit.to);
  };
  return (
    <div
      className="find"
      onKeyDown={(event) => {
        if (event.key === 'ArrowDown') set_at(Math.min(hits.length - 1, chosen + 1));
        else if (event.key === 'ArrowUp') set_at(Math.max(0, chosen - 1));
        else return;
        event.preventDefault();
      }}
    >
      {props.run_key && <TaskHits run_key={props.run_key} text={text} found={set_tasks} />}
      <SearchField
        name="Find a run or a task"
        value={query}
        change={(value) => {
          set_query(value);
          set_at(0);
        }}
        enter={() => open(hits[chosen])}
        field={field}
      />
      <ul>
        {hits.map((hit, place) => (
          <li key={hit.key}>
            <button
              className={place === chosen ? 'chosen' : ''}
              aria-current={place === chosen || undefined}
              onClick={() => open(hit)}
            >
              <StateIcon state={hit.state} /> <b>{hit.name}</b>
              <span className="quiet">{hit.note}</span>
            </button>
          </li>
        ))}
      </ul>
      {hits.length === 0 && runs.loaded && (
        <p className="quiet">{text ? `Nothing matches ${text}.` : 'No runs yet.'}</p>
      )}
    </div>
  );
}

// `run_key`: of the run on the page, '' = none.
export function FindDialog(props: {
  open: boolean;
  run_key: string;
  close: () => void;
}): ReactNode {
  return (
    <Modal name="Find a run or a task" open={props.open} close={props.close}>
      <Inside run_key={props.run_key} close={props.close} />
    </Modal>
  );
}
