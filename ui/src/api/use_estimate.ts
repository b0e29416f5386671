// How long runs of a pipeline usually take: the server says it of each run in a list.
import { useEffect, useState } from 'react';
import type { Estimate } from '../base/estimate';
import { ms_of } from '../base/format';
import { has_ended } from '../base/state';
import type { RunSummary, Usual } from './gen/view_pb';

export function duration_ms(run: RunSummary): number {
  if (run.finishedAtUs === 0n) return 0;
  return ms_of(run.finishedAtUs - (run.startedAtUs || run.createdAtUs));
}

type Told = Pick<Usual, 'lowUs' | 'medianUs' | 'highUs' | 'runs'>;

export function estimate_of(usual: Told | undefined): Estimate | undefined {
  if (!usual) return undefined;
  const [low, typical, high] = [usual.lowUs, usual.medianUs, usual.highUs].map(ms_of);
  return { low: low!, typical: typical!, high: high!, count: usual.runs };
}

// As JSON has it; zeros are left out.
interface UsualJson {
  low_us?: string;
  median_us?: string;
  high_us?: string;
  runs?: number;
}

async function ask(run_key: string, signal: AbortSignal): Promise<Estimate | undefined> {
  const answer = await fetch(`/api/v1/runs?keys=${run_key}`, { signal });
  if (!answer.ok) return undefined;
  const { runs } = (await answer.json()) as { runs?: { usual?: UsualJson }[] };
  const usual = runs?.[0]?.usual;
  if (!usual) return undefined;
  return estimate_of({
    lowUs: BigInt(usual.low_us ?? 0),
    medianUs: BigInt(usual.median_us ?? 0),
    highUs: BigInt(usual.high_us ?? 0),
    runs: usual.runs ?? 0,
  });
}

// Asked once, and again when the run ends: it does not change while one looks. A run's own view
// knows of no other run.
export function use_estimate(run: RunSummary): Estimate | undefined {
  const [estimate, set_estimate] = useState<Estimate | undefined>();
  const ended = has_ended(run.state);
  useEffect(() => {
    const stop = new AbortController();
    // Without an answer there is no estimate; the connection's own line says that it is away.
    ask(run.runKey, stop.signal).then(set_estimate, () => undefined);
    return () => stop.abort();
  }, [run.runKey, ended]);
  return estimate;
}
