// What drawings read: filled by api, drawn by widgets, known to neither of each other.
import type { LogLines } from './log_lines';
import type { Signal } from './signal';

export interface StepRange {
  from: number;
  to: number;
}

// One series. x ascends; null is a gap. The arrays are the source's own: read, never changed.
export interface SeriesSource {
  readonly id: string;
  readonly signal: Signal;
  readonly xs: readonly number[]; // steps
  readonly ys: readonly (number | null)[];
  readonly times: readonly number[]; // ms since the epoch
  readonly total: number; // points kept over the whole series
  readonly last: number;
  readonly last_step: number;
  // Points of this range only, as fine as the drawing is wide; undefined = the whole.
  look_at(range: StepRange | undefined): void;
}

export interface LogSource {
  readonly signal: Signal;
  readonly lines: LogLines;
  readonly size: number; // bytes of the whole log
  readonly start: number; // offset of the first line that is here
  readonly lost: number; // bytes that never came
  readonly loaded: boolean; // what is here is what there is
  readonly loading: boolean; // earlier lines are on their way
  readonly problem: string;
  readonly download: string; // path of the whole log
  // The same for who shows a token: the browser fetches it by itself, without.
  signed_download?(): Promise<string> | undefined;
  load_earlier(): void;
}
