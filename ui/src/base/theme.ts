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
