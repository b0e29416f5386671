// Where the page is: path and query, kept in the address, so that a link shows what its sender saw.
import { useSyncExternalStore, type MouseEvent, type ReactNode } from 'react';

const listeners = new Set<() => void>();
const tell = (): void => listeners.forEach((listener) => listener());
window.addEventListener('popstate', tell);

export function go(to: string): void {
  history.pushState(null, '', to);
  window.scrollTo(0, 0);
  tell();
}

const listen = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function use_path(): string {
  return useSyncExternalStore(listen, () => location.pathname);
}

// One value of the query, '' = not there, and how to change it.
export function use_query(name: string): [string, (value: string) => void] {
  const value = useSyncExternalStore(
    listen,
    () => new URLSearchParams(location.search).get(name) ?? '',
  );
  return [value, (next) => set_query({ [name]: next })];
}

// Changes values of the query ('' leaves one out). A step back undoes it.
export function set_query(values: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  const to = location.pathname + (text ? `?${text}` : '');
  if (to === location.pathname + location.search) return;
  history.pushState(null, '', to);
  tell();
}

// What a plain click on a link does; others (a new tab, a download) stay the browser's.
export function follow(event: MouseEvent, to: string): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(to);
}

export function Link(props: {
  to: string;
  className?: string;
  title?: string;
  current?: boolean;
  children: ReactNode;
}): ReactNode {
  return (
    <a
      href={props.to}
      className={props.className}
      title={props.title}
      aria-current={props.current ? 'page' : undefined}
      onClick={(event) => follow(event, props.to)}
    >
      {props.children}
    </a>
  );
}
