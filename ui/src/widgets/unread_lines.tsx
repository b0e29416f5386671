// What the server cannot read now, a line for each place: what is shown of it is from before.
import type { ReactNode } from 'react';
import type { Unread } from '../base/cluster';
import { clock, full_time } from '../base/format';

export function UnreadLines(props: { all: readonly Unread[] }): ReactNode {
  return props.all.map((one) => (
    <p className="banner warn" role="status" key={one.place}>
      <span title={one.messages.join(' ')}>
        <b>
          No news of {one.place} since{' '}
          <span title={full_time(one.since_ms)}>{clock(one.since_ms, Date.now())}</span>.
        </b>{' '}
        {one.messages.join(' ')}
      </span>
    </p>
  ));
}
