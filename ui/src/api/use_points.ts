// The points of several series for one chart: opened and closed as the list changes, each once.
import { useEffect, useMemo, useRef } from 'react';
import type { StepRange } from '../base/sources';
import { live } from './live';
import { PointsStore } from './points_store';

export function use_points(
  base: string, // path of the run
  ids: readonly string[], // of series
  columns: number,
  range: StepRange | undefined, // of all of them
): readonly PointsStore[] {
  const open = useRef(new Map<string, { store: PointsStore; close?: () => void }>());
  const list = ids.join(' ');
  const stores = useMemo(
    () =>
      ids.map((id) => {
        let entry = open.current.get(id);
        if (!entry) {
          entry = { store: new PointsStore(`${base}/metrics/${id}`, id, columns) };
          open.current.set(id, entry);
        }
        return entry.store;
      }),
    [base, list, columns],
  );
  useEffect(() => {
    const wanted = new Set(ids);
    for (const { store } of open.current.values()) store.look_at(range);
    for (const [id, entry] of open.current) {
      if (!wanted.has(id)) {
        entry.close?.();
        open.current.delete(id);
      } else entry.close ??= entry.store.open(live);
    }
  }, [base, list, columns, range]);
  useEffect(() => {
    const entries = open.current;
    return () => {
      for (const entry of entries.values()) entry.close?.();
      entries.clear();
    };
  }, []);
  return stores;
}
