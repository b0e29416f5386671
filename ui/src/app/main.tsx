// The page: its header, the line about the connection, and which view stands below.
import { useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { access } from '../api/access';
import { live } from '../api/live';
import { start_keys, use_keys } from '../base/keys';
import { go, Link, use_path } from '../base/router';
import { start_theme, theme, toggle_theme } from '../base/theme';
import '../base/tokens.css';
import { use_cell } from '../base/use_signal';
import { FindDialog } from '../plugins/find/find_dialog';
import { KeyMap } from '../plugins/help/key_map';
import { HomePage } from '../plugins/home/home_page';
import { RunPage } from '../plugins/run/run_page';
import { Boundary } from '../widgets/boundary';
import { IconButton } from '../widgets/controls';
import { Icon } from '../widgets/icon';
import './page.css';
import { ConnectionLine, Ribbon } from './ribbon';

function NotHere(): ReactNode {
  return (
    <main className="page">
      <div className="empty">
        <h1>There is no such page.</h1>
        <p>
          <Link to="/">All runs</Link>
        </p>
      </div>
    </main>
  );
}

function App(): ReactNode {
  const path = use_path();
  const shade = use_cell(theme);
  const [finding, set_finding] = useState(false);
  const [help, set_help] = useState(false);
  const key = /^\/runs\/([a-z2-7]{26})\/?$/.exec(path)?.[1] ?? '';
  use_keys({
    '/': { does: 'Find a run or a task', act: () => set_finding(true) },
    '?': { does: 'This list of keys', act: () => set_help(true) },
    'g h': { does: 'Home', act: () => go('/') },
    t: { does: 'Light or dark', act: toggle_theme },
  });
  return (
    <div className={key ? 'frame fills' : 'frame'}>
      <a className="skip" href="#view">
        To the content
      </a>
      <header className="top">
        <Link to="/" className="brand">
          <img src="/favicon.svg" width="20" height="20" alt="" /> Telltale
        </Link>
        <nav aria-label="Pages">
          <Link to="/" current={path === '/'}>
            Runs
          </Link>
        </nav>
        <span className="space" />
        <button className="find-button" onClick={() => set_finding(true)}>
          <Icon name="search" /> <span>Find a run or a task</span> <kbd aria-hidden="true">/</kbd>
        </button>
        <Ribbon />
        <button
          className="icon-button"
          aria-label="Keys"
          title="Keys (?)"
          onClick={() => set_help(true)}
        >
          <kbd aria-hidden="true">?</kbd>
        </button>
        <IconButton
          icon={shade === 'dark' ? 'sun' : 'moon'}
          name={shade === 'dark' ? 'Light theme' : 'Dark theme'}
          cap="T"
          act={toggle_theme}
        />
      </header>
      <ConnectionLine />
      <div id="view" className="view" tabIndex={-1}>
        <Boundary key={path} name="this view">
          {key ? <RunPage key={key} run_key={key} /> : path === '/' ? <HomePage /> : <NotHere />}
        </Boundary>
      </div>
      {finding && <FindDialog open run_key={key} close={() => set_finding(false)} />}
      {help && <KeyMap open close={() => set_help(false)} />}
    </div>
  );
}

start_theme();
start_keys();
access.on_change = () => live.hurry();
access.start();
live.start();
createRoot(document.getElementById('app')!).render(<App />);
