// LogStore: the end of one attempt's output, as lines, and what stands before it on request.
import { LogLines } from '../base/log_lines';
import type { LogSource } from '../base/sources';
import { access } from './access';
import { signed } from './actions';
import type { ServerFrame } from './gen/view_pb';
import { Store } from './stores';

const kEarlierBytes = 256 * 1024;
// Lines that follow each other faster than this can't be read one by one.
const kGapMs = 100;

export class LogStore extends Store implements LogSource {
  readonly lines = new LogLines();
  size = 0;
  lost = 0;
  attempt = 0;
  loaded = false;
  loading = false;

  // `base`: path of the log without a query.
  constructor(
    private readonly base: string,
    attempt: number,
    tail_bytes: number,
  ) {
    const query = `tail=${tail_bytes}${attempt > 0 ? `&attempt=${attempt}` : ''}`;
    super(`${base}?${query}`, kGapMs);
  }

  get start(): number {
    return this.lines.start;
  }

  get download(): string {
    return `${this.base}?download=1${this.attempt > 0 ? `&attempt=${this.attempt}` : ''}`;
  }

  signed_download(): Promise<string> | undefined {
    return access.token === '' ? undefined : signed(this.download).catch(() => this.download);
  }

  // The lines before the first one that is here; lines stay where they are for who reads them.
  load_earlier(): void {
    const end = this.start;
    if (this.loading || end <= 0) return;
    this.loading = true;
    this.signal.changed();
    const from = Math.max(0, end - kEarlierBytes);
    const attempt = this.attempt;
    const headers = { range: `bytes=${from}-${end - 1}`, ...access.headers() };
    fetch(`${this.base}?attempt=${attempt}`, { headers })
      .then(async (answer) => {
        if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
        return new Uint8Array(await answer.arrayBuffer());
      })
      .then(
        (bytes) => {
          if (attempt === this.attempt) this.lines.prepend(from, bytes);
          this.problem = '';
        },
        (error: Error) => {
          this.problem = `Earlier lines did not come. ${error.message}`;
        },
      )
      .finally(() => {
        this.loading = false;
        this.signal.changed();
      });
  }

  apply(frame: ServerFrame): boolean {
    if (frame.body.case !== 'log') return false;
    const chunk = frame.body.value;
    if (frame.snapshot || chunk.attempt !== this.attempt) this.lines.clear(Number(chunk.offset));
    this.loaded = true;
    this.attempt = chunk.attempt;
    this.lines.append(Number(chunk.offset), chunk.data);
    this.size = Number(chunk.size);
    this.lost = Number(chunk.lost);
    return true;
  }
}
