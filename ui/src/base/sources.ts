// What drawings read: filled by api, drawn by widgets, known to neither of each other.
import type { LogLines } from './log_lines';
import type { Signal } from './signal';

// One series. x ascends; null is a gap. The arrays are the source's own: read, never changed.
export interface SeriesSource {
  readonly id: string;
  readonly signal: Signal;
  readonly xs: readonly number[];
  readonly ys: readonly (number | null)[];
  readonly total: number; // points kept over the whole series
  readonly last: number;
  readonly last_step: number;
  // Columns the drawing has; more of them asks for finer points.
  set_columns(columns: number): void;
}

export interface LogSource {
  readonly signal: Signal;
  readonly lines: LogLines;
  readonly size: number; // bytes of the whole log
  readonly start: number; // offset of the first line that is here
  readonly lost: number; // bytes that never came
  readonly loading: boolean; // earlier lines are on their way
  readonly problem: string;
  load_earlier(): void;
}
