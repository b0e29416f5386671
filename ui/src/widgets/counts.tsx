// How many tasks are in which state: as a bar, and as shapes with numbers and words.
import type { ReactNode } from 'react';
import { count } from '../base/format';
import { has_ended, kRunning, look, sort_counts, type Count } from '../base/state';
import { StateIcon } from './state_mark';
import './counts.css';

export function words_of(counts: readonly Count[]): string {
  return sort_counts(counts)
    .map((one) => `${count(one.count)} ${look(one.state).word.toLowerCase()}`)
    .join(', ');
}

// What ended from the left, then what runs, then what waits: as time passes.
function place(state: number): number {
  return has_ended(state) ? 0 : state === kRunning ? 1 : 2;
}

export function CountsBar(props: { counts: readonly Count[] }): ReactNode {
  const counts = sort_counts(props.counts).sort((a, b) => place(a.state) - place(b.state));
  const words = words_of(props.counts);
  return (
    <span className="counts-bar" role="img" aria-label={words || 'no tasks yet'} title={words}>
      {counts.map((one) => (
        <span
          key={one.state}
          className={place(one.state) === 2 ? 'waits' : ''}
          style={{ flexGrow: one.count, color: `var(--${look(one.state).token})` }}
        />
      ))}
    </span>
  );
}

// `jump`: of a state that one can go through, what a click does.
export function StateCounts(props: {
  counts: readonly Count[];
  jump?: (state: number) => { name: string; cap: string; act: () => void } | undefined;
}): ReactNode {
  return (
    <span className="state-counts">
      {sort_counts(props.counts).map((one) => {
        const to = props.jump?.(one.state);
        const inside = (
          <>
            <StateIcon state={one.state} /> <b>{count(one.count)}</b>{' '}
            {look(one.state).word.toLowerCase()}
          </>
        );
        return to ? (
          <button
            key={one.state}
            className={look(one.state).token}
            title={`${to.name} (${to.cap})`}
            onClick={to.act}
          >
            {inside} <kbd aria-hidden="true">{to.cap}</kbd>
          </button>
        ) : (
          <span key={one.state}>{inside}</span>
        );
      })}
    </span>
  );
}
