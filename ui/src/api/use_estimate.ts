// How long runs of this pipeline took before.
import { useMemo } from 'react';
import { estimate, type Estimate } from '../base/estimate';
import { ms_of } from '../base/format';
import { kSucceeded } from '../base/state';
import type { RunSummary } from './gen/view_pb';
import { RunsStore } from './stores';
import { use_store } from './use_store';

const kEarlierRuns = 50;

export function duration_ms(run: RunSummary): number {
  if (run.finishedAtUs === 0n) return 0;
  return ms_of(run.finishedAtUs - (run.startedAtUs || run.createdAtUs));
}

// The same pipeline's runs that succeeded, but for the run itself.
export function alike(run: RunSummary, runs: readonly RunSummary[]): RunSummary[] {
  return runs.filter(
    (other) =>
      other.runKey !== run.runKey &&
      other.pipeline === run.pipeline &&
      other.source === run.source &&
      other.state === kSucceeded,
  );
}

export function estimate_of(run: RunSummary, runs: readonly RunSummary[]): Estimate | undefined {
  return estimate(alike(run, runs).map(duration_ms));
}

export function use_estimate(run: RunSummary): Estimate | undefined {
  const query = new URLSearchParams({
    text: run.pipeline,
    state: 'succeeded',
    limit: String(kEarlierRuns),
  });
  const path = `/api/v1/runs?${query}`;
  const store = use_store(path, () => new RunsStore(path));
  return useMemo(() => estimate_of(run, store.runs), [run.runKey, run.pipeline, store.runs]);
}
