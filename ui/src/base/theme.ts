// Light or dark: the system's until somebody says otherwise, then remembered.
import { Cell } from './signal';

const kKey = 'telltale.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function wanted(): string {
  return localStorage.getItem(kKey) ?? (system.matches ? 'dark' : 'light');
}

export const theme = new Cell(wanted());

function show(): void {
  document.documentElement.dataset.theme = wanted();
  theme.set(wanted());
}

export function start_theme(): void {
  show();
  system.addEventListener('change', show);
}

export function toggle_theme(): void {
  localStorage.setItem(kKey, theme.value === 'dark' ? 'light' : 'dark');
  show();
}

// A single key does something unless somebody is writing.
export function on_key(key: string, act: () => void): () => void {
  const listener = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    act();
  };
  window.addEventListener('keydown', listener);
  return () => window.removeEventListener('keydown', listener);
}
