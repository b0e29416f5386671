// A store that is open for as long as whoever uses it is on the page.
import { useEffect, useMemo } from 'react';
import { use_signal } from '../base/use_signal';
import { live } from './live';
import type { Store } from './stores';

// Renders again with every change of the store.
export function use_store<T extends Store>(key: string, make: () => T): T {
  const store = use_quiet_store(key, make);
  use_signal(store.signal);
  return store;
}

// For what draws by itself when the store says so.
export function use_quiet_store<T extends Store>(key: string, make: () => T): T {
  const store = useMemo(make, [key]);
  useEffect(() => {
    return store.open(live);
  }, [store]);
  return store;
}
