// The ribbon: how old what the page shows is. Streams while live, sinks when late, hangs when
// stale; and below the header a line that says what is being tried when the connection is gone.
import { useState, type ReactNode } from 'react';
import { access } from '../api/access';
import { kStaleMs, live } from '../api/live';
import { was_reloaded } from '../api/upgrade';
import { age, clock, duration } from '../base/format';
import { use_now, use_signal } from '../base/use_signal';
import { HowToLink } from '../widgets/how_to_link';

const kLateMs = 2000;
const kToldAfterMs = 2000; // a blink of the connection is not worth a line

type Kind = 'live' | 'late' | 'stale';

const kWords: Record<Kind, string> = { live: 'Live', late: 'Late', stale: 'Stale' };
const kCloth: Record<Kind, string> = {
  live: 'M4 2.5c4-2 6 2 11 0l-1.5 3 1.5 3c-5 2-7-2-11 0z',
  late: 'M4 2.5c3 1 6 3.5 9 6.5l-2 1 .5 2.5c-3-1-5.5-2.5-7.5-4z',
  stale: 'M4 2.5c2 1 3 4 3 10-2-1-3-2-3-4z',
};

function kind_of(ms: number): Kind {
  return ms > kStaleMs ? 'stale' : ms > kLateMs || !live.connected ? 'late' : 'live';
}

export function Ribbon(): ReactNode {
  use_signal(live.signal);
  const ms = live.age(use_now(250, true));
  const kind = kind_of(ms);
  return (
    <span className={`ribbon ${kind}`} data-ribbon={kind} title="How old what you see is">
      <svg width="18" height="16" viewBox="0 0 18 16" aria-hidden="true">
        <path d="M2 1v14" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
        <path d={kCloth[kind]} fill="currentColor" />
      </svg>
      <b>{kWords[kind]}</b> <span className="number">data {age(ms)} old</span>
    </span>
  );
}

// After an upgrade of the server: that the page was loaded again, or that it has to be.
function UpgradeLine(): ReactNode {
  const [reloaded, set_reloaded] = useState(() => was_reloaded(sessionStorage));
  if (live.other_server !== '') {
    return (
      <p className="connection" role="status">
        <b>The server is of another version than this page.</b>{' '}
        {live.reloads ? (
          'Loading the page again.'
        ) : (
          <>
            Loading it again did not help; it may be in the middle of an upgrade. What you see is
            from before. <button onClick={() => location.reload()}>Reload the page</button>
          </>
        )}
      </p>
    );
  }
  if (!reloaded) return null;
  return (
    <p className="connection" role="status">
      <b>The server was upgraded.</b> This page was loaded again to fit it.{' '}
      <button onClick={() => set_reloaded(false)}>Close</button>
    </p>
  );
}

// That a link did not work, or that nothing is shown without one.
function AccessLine(): ReactNode {
  if (access.problem !== '') {
    return (
      <p className="connection" role="status">
        {access.problem} <button onClick={() => access.forget_problem()}>Close</button>
      </p>
    );
  }
  if (!access.closed) return null;
  return (
    <p className="connection" role="status">
      <b>This server shows its runs to who has a link.</b> <HowToLink />
    </p>
  );
}

export function ConnectionLine(): ReactNode {
  use_signal(live.signal);
  use_signal(access.signal);
  return (
    <>
      <UpgradeLine />
      <AccessLine />
      {live.other_server === '' && !access.closed && <NewsLine />}
    </>
  );
}

function NewsLine(): ReactNode {
  const now = use_now(1000, true);
  if (live.connected) {
    const ms = live.age(now);
    if (ms <= kStaleMs) return null;
    return (
      <p className="connection" role="status">
        <b>No news from this run for {duration(ms)}.</b> The connection stands; the run's own
        process is silent. What you see is from {clock(now - ms, now)}.
      </p>
    );
  }
  if (live.lost_at === 0 || now - live.lost_at < kToldAfterMs) return null;
  const wait = Math.max(0, Math.ceil((live.tries_at - now) / 1000));
  return (
    <p className="connection" role="status">
      <b>No connection to the server for {duration(now - live.lost_at)}.</b>{' '}
      {wait > 0 ? `Trying again in ${wait} s.` : 'Trying now.'} What you see is from{' '}
      {clock(live.heard_at, now)}; runs go on without the page.
    </p>
  );
}
