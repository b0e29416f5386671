// Where the page is: two kinds of place, kept in the address.
import { useSyncExternalStore, type ReactNode } from 'react';

const listeners = new Set<() => void>();
const tell = (): void => listeners.forEach((listener) => listener());
window.addEventListener('popstate', tell);

export function go(path: string): void {
  history.pushState(null, '', path);
  window.scrollTo(0, 0);
  tell();
}

export function use_path(): string {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => location.pathname,
  );
}

export function Link(props: { to: string; className?: string; children: ReactNode }): ReactNode {
  return (
    <a
      href={props.to}
      className={props.className}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(props.to);
      }}
    >
      {props.children}
    </a>
  );
}
