// Runs the same pipeline again, with the same or with other parameters.
import { useState, type ReactNode } from 'react';
import { post } from '../../api/actions';
import type { RunSummary } from '../../api/gen/view_pb';
import { go } from '../../base/router';
import { typed, typing_error } from '../../base/typed';
import { Modal } from '../../widgets/controls';
import { OwnerOnly, use_is_owner } from './owner_only';

type Texts = Readonly<Record<string, string>>;

function error_of(name: string, parameters: Texts, changed: Texts): string {
  const text = changed[name];
  return text === undefined ? '' : typing_error(name, parameters[name] ?? '', text);
}

function Fields(props: {
  parameters: Record<string, string>;
  changed: Record<string, string>;
  change: (changed: Record<string, string>) => void;
}): ReactNode {
  const { parameters, changed, change } = props;
  return (
    <div className="fields">
      {Object.keys(parameters).map((name) => {
        const error = error_of(name, parameters, changed);
        return (
          <label key={name}>
            <span>{name}</span>
            <input
              value={changed[name] ?? typed(parameters[name]!)}
              aria-invalid={error !== ''}
              onChange={(event) => change({ ...changed, [name]: event.target.value })}
            />
            {error && (
              <small className="cause" role="alert">
                {error}
              </small>
            )}
          </label>
        );
      })}
    </div>
  );
}

export function Again(props: { run: RunSummary; parameters: Record<string, string> }): ReactNode {
  const { run } = props;
  const owner = use_is_owner();
  const [open, set_open] = useState(false);
  const [problem, set_problem] = useState('');
  const [busy, set_busy] = useState(false);
  const [changed, set_changed] = useState<Record<string, string>>({});
  const names = Object.keys(props.parameters);
  const wrong = names.some((name) => error_of(name, props.parameters, changed) !== '');
  const start = (): void => {
    if (busy || wrong || !run.launch) return;
    set_busy(true);
    const texts = Object.entries(props.parameters).map(([name, json]) => [
      name,
      changed[name] ?? typed(json),
    ]);
    const wish =
      Object.keys(changed).length === 0
        ? { again: run.runKey }
        : {
            pipeline_file: run.launch.pipelineFile,
            working_directory: run.launch.workingDirectory,
            parameters: Object.fromEntries(texts) as Record<string, string>,
          };
    post('/api/v1/runs', wish).then(
      (said) => {
        set_busy(false);
        if (said.run_key) go(`/runs/${said.run_key}`);
      },
      (error: Error) => {
        set_busy(false);
        set_problem(error.message);
      },
    );
  };
  return (
    <>
      <button className="main" onClick={() => set_open(true)}>
        Run again…
      </button>
      <Modal name="Run again" open={open} close={() => set_open(false)}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            start();
          }}
        >
          <h2>Run {run.name || 'this'} again</h2>
          {!owner && <OwnerOnly />}
          {owner && names.length === 0 && <p>It takes no parameters.</p>}
          <Fields
            parameters={owner ? props.parameters : {}}
            changed={changed}
            change={set_changed}
          />
          {problem && <p className="cause">{problem}</p>}
          <p className="acts">
            <button type="button" onClick={() => set_open(false)}>
              Not now
            </button>
            <button className="main" type="submit" disabled={busy || wrong || !owner}>
              {busy ? 'Starting' : 'Run'}
            </button>
          </p>
        </form>
      </Modal>
    </>
  );
}
