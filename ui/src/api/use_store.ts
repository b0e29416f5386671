// A store that is open for as long as whoever uses it is on the page.
import { useEffect, useMemo } from 'react';
import { use_signal } from '../base/use_signal';
import { live } from './live';
import type { Store } from './stores';

export function use_store<T extends Store>(key: string, make: () => T): T {
  const store = useMemo(make, [key]);
  useEffect(() => store.open(live), [store]);
  use_signal(store.signal);
  return store;
}

export async function post(path: string, body?: object): Promise<{ run_key?: string }> {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
  const said = (await answer.json().catch(() => ({}))) as { run_key?: string; detail?: string };
  if (!answer.ok) throw new Error(said.detail ?? `The server answered ${answer.status}.`);
  return said;
}
