// How many tasks are in which state: as a bar, and as shapes with numbers and words.
import type { ReactNode } from 'react';
import { count } from '../base/format';
import {
  has_ended,
  kFailed,
  kPending,
  kRunning,
  kSucceeded,
  look,
  sort_counts,
  urgency,
  type Count,
} from '../base/state';
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

// The states nearly every run goes through have their places from the start, unseen at zero, so
// that no count moves another.
const kPlaces: readonly number[] = [kFailed, kRunning, kPending, kSucceeded];

function slots_of(counts: readonly Count[]): Count[] {
  const known = counts.filter((one) => one.count > 0);
  const states = new Set([...kPlaces, ...known.map((one) => one.state || kPending)]);
  const of = (state: number): number =>
    known.find((one) => (one.state || kPending) === state)?.count ?? 0;
  return [...states]
    .map((state) => ({ state, count: of(state) }))
    .sort((a, b) => urgency(a.state) - urgency(b.state));
}

// `steady`: nothing may move while it is looked at. `jump`: of a state that one can go through,
// what a click does.
export function StateCounts(props: {
  counts: readonly Count[];
  steady?: boolean;
  jump?: (state: number) => { name: string; cap: string; act: () => void } | undefined;
}): ReactNode {
  return (
    <span className="state-counts">
      {(props.steady ? slots_of(props.counts) : sort_counts(props.counts)).map((one) => {
        const to = one.count > 0 ? props.jump?.(one.state) : undefined;
        const inside = (
          <>
            <StateIcon state={one.state} /> <b className="number">{count(one.count)}</b>{' '}
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
          <span key={one.state} className={one.count > 0 ? '' : 'none'}>
            {inside}
          </span>
        );
      })}
    </span>
  );
}
