// The page: its header, the ribbon, and which view stands below.
import { useEffect, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { live } from '../api/live';
import { age } from '../base/format';
import '../base/tokens.css';
import { use_cell, use_now, use_signal } from '../base/use_signal';
import { RunPage } from '../plugins/run/run_view';
import { RunsPage } from '../plugins/runs/runs_view';
import './page_head.css';
import './page_body.css';
import { Link, use_path } from '../base/router';
import { on_key, start_theme, theme, toggle_theme } from '../base/theme';

function Ribbon(): ReactNode {
  use_signal(live.signal);
  const now = use_now(250, true);
  const ms = live.age(now);
  const kind = !live.connected ? 'late' : ms > 30_000 ? 'stale' : ms > 2000 ? 'late' : 'live';
  const word = !live.connected
    ? 'Reconnecting'
    : { live: 'Live', late: 'Late', stale: 'Stale' }[kind];
  return (
    <span className={`ribbon ${live.connected ? kind : 'late'}`} title="How old what you see is">
      <svg width="18" height="16" viewBox="0 0 18 16" aria-hidden="true">
        <path d="M2 1v14" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
        <path
          d={
            kind === 'live'
              ? 'M4 2.5c4-2 6 2 11 0l-1.5 3 1.5 3c-5 2-7-2-11 0z'
              : 'M4 2.5c2 1 3 4 3 10-2-1-3-2-3-4z'
          }
          fill="currentColor"
        />
      </svg>
      <b>{word}</b> <span className="number">data {age(ms)} old</span>
    </span>
  );
}

function App(): ReactNode {
  const path = use_path();
  const shade = use_cell(theme);
  useEffect(() => on_key('t', toggle_theme), []);
  const key = /^\/runs\/([a-z2-7]+)$/.exec(path)?.[1];
  return (
    <>
      <header className="top">
        <Link to="/" className="brand">
          <img src="/favicon.svg" width="20" height="20" alt="" /> Telltale
        </Link>
        <nav>
          <Link to="/" className={key ? '' : 'here'}>
            Runs
          </Link>
        </nav>
        <span className="space" />
        <Ribbon />
        <button
          onClick={toggle_theme}
          aria-label={shade === 'dark' ? 'Light theme' : 'Dark theme'}
          title="Theme (t)"
        >
          {shade === 'dark' ? '☀' : '☾'}
        </button>
      </header>
      {key ? <RunPage key={key} run_key={key} /> : <RunsPage />}
    </>
  );
}

start_theme();
live.start();
createRoot(document.getElementById('app')!).render(<App />);
