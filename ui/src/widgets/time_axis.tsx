// Progress as a time axis: solid is what has passed, the upright is now, hatched is where most runs
// like this one ended. Without earlier runs it is the share of tasks that ended.
import type { ReactNode } from 'react';
import { clock, duration, percent } from '../base/format';
import type { Estimate } from '../base/estimate';
import './time_axis.css';

export function TimeAxis(props: {
  start: number; // ms since the epoch
  now: number;
  share: number; // of tasks that ended, 0..1
  estimate: Estimate | undefined;
}): ReactNode {
  const { start, now, estimate } = props;
  const passed = Math.max(0, now - start);
  const whole = estimate ? Math.max(estimate.high, passed) * 1.04 : 0;
  const at = (ms: number): string => `${Math.min(100, (ms / whole) * 100)}%`;
  const label = estimate
    ? `${duration(passed)} of about ${duration(estimate.typical)}`
    : `${percent(props.share)} of the tasks ended`;
  return (
    <span className="time-axis" role="img" aria-label={label} title={label}>
      {estimate && (
        <span
          className="expected"
          style={{ left: at(estimate.low), width: at(estimate.high - estimate.low + 1) }}
        >
          <span />
        </span>
      )}
      <span className="passed" style={{ width: estimate ? at(passed) : `${props.share * 100}%` }} />
    </span>
  );
}

// `Done 14:53 – 15:08`, and where that comes from.
export function Eta(props: {
  start: number;
  now: number;
  estimate: Estimate | undefined;
}): ReactNode {
  const { start, now, estimate } = props;
  if (!estimate) return <span className="quiet">no estimate yet</span>;
  const low = start + estimate.low;
  const high = start + estimate.high;
  const from = `from ${estimate.count} earlier runs`;
  if (now > high) {
    return (
      <span title={from}>
        usually <b>{duration(estimate.typical)}</b>
      </span>
    );
  }
  const minutes = high - now > 90_000;
  const text = (ms: number): string => {
    const whole = clock(ms, now);
    return minutes && /^\d\d:\d\d:\d\d$/.test(whole) ? whole.slice(0, 5) : whole;
  };
  const [a, b] = [text(Math.max(low, now)), text(high)];
  return (
    <span title={from}>
      Done <b className="number">{a === b ? `about ${a}` : `${a} – ${b}`}</b>
    </span>
  );
}
