// For who listens rather than looks: one sentence when a task changed its state, at most one in ten
// seconds, the most urgent one. Never progress, never the log.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { RunStore } from '../../api/run_store';
import { look, urgency } from '../../base/state';
import { full_name } from '../../widgets/task_text';

const kPauseMs = 10_000;

export function StateNews(props: { store: RunStore }): ReactNode {
  const { store } = props;
  const known = useRef<Map<string, number> | undefined>(undefined);
  const said_at = useRef(0);
  const [text, set_text] = useState('');
  useEffect(() => {
    const look_again = (): void => {
      const before = known.current;
      if (before && Date.now() - said_at.current < kPauseMs) return;
      const changed = [...store.tasks.values()].filter(
        (task) => task.kind === 0 && before && before.get(task.id) !== task.state,
      );
      known.current = new Map([...store.tasks.values()].map((task) => [task.id, task.state]));
      changed.sort((a, b) => urgency(a.state) - urgency(b.state));
      const first = changed[0];
      if (!first) return;
      said_at.current = Date.now();
      set_text(`${full_name(first, store)} ${look(first.state).word.toLowerCase()}`);
    };
    const timer = setInterval(look_again, 1000);
    look_again();
    return () => clearInterval(timer);
  }, [store]);
  return (
    <p className="unseen" role="status" aria-live="polite">
      {text}
    </p>
  );
}
