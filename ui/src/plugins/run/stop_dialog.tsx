// Stops the run; the dialog names what is lost.
import { useState, type ReactNode } from 'react';
import { post } from '../../api/actions';
import type { RunStore } from '../../api/run_store';
import { duration, plural } from '../../base/format';
import { kRunning } from '../../base/state';
import { Modal } from '../../widgets/controls';
import { took_ms } from '../../widgets/task_text';
import { OwnerOnly, use_is_owner } from './owner_only';

export function Stop(props: { store: RunStore; base: string; now: number }): ReactNode {
  const { store, now } = props;
  const owner = use_is_owner();
  const [open, set_open] = useState(false);
  const [problem, set_problem] = useState('');
  const busy = [...store.tasks.values()].filter(
    (task) => task.kind === 0 && task.state === kRunning,
  );
  const lost = Math.max(0, ...busy.map((task) => took_ms(task, now) ?? 0));
  const asked = (store.run?.cancelRequestedAtUs ?? 0n) > 0n;
  const stop = (): void => {
    post(`${props.base}/cancel`).then(
      () => set_open(false),
      (error: Error) => set_problem(error.message),
    );
  };
  return (
    <>
      <button disabled={asked} onClick={() => set_open(true)}>
        {asked ? 'Stopping' : 'Stop run…'}
      </button>
      <Modal name="Stop this run" open={open} close={() => set_open(false)}>
        <h2>Stop this run</h2>
        {!owner && <OwnerOnly />}
        <p>
          {busy.length > 0
            ? `Stops ${plural(busy.length, 'task')}; ${duration(lost)} of work is lost.`
            : 'Stops the run; what has ended stays.'}
        </p>
        {problem && <p className="cause">{problem}</p>}
        <p className="acts">
          <button onClick={() => set_open(false)}>Keep running</button>
          <button className="danger" disabled={!owner} onClick={stop}>
            Stop run
          </button>
        </p>
      </Modal>
    </>
  );
}
