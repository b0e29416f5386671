// The visualizations of a run, as the server's stream tells them: all of them, whenever one has
// changed. Read with fetch, since an EventSource can bring no token.
import { Signal } from '../base/signal';
import { access } from './access';

// proto3's JSON: fields with their default are left out, numbers of 64 bits are texts.
export interface Part {
  index?: number;
  name?: string;
  content_type: string;
  bytes?: string;
  url: string; // another one whenever the bytes are others
}
export interface Visualization {
  id: string;
  type: string;
  state: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
  position?: number;
  attempt?: number;
  message?: string;
  progress?: { done?: number; total?: number; note?: string };
  parts?: Part[];
  task_id?: string;
}
export interface Argument {
  name: string;
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'json' | 'text';
  default?: unknown;
  required?: boolean;
  description?: string;
}
export interface VisualizationType {
  name: string;
  title?: string;
  description?: string;
  arguments?: Argument[];
  source?: 'none' | 'optional' | 'required';
}

const kRoot = '/api/v1/visualizations';
const kRetryMs = 1000;

export class Visualizations {
  readonly signal = new Signal();
  all: readonly Visualization[] = []; // newest first

  constructor(private readonly run_key: string) {}

  open(): () => void {
    const closed = new AbortController();
    void this.follow(closed.signal);
    return () => closed.abort();
  }

  private async follow(closed: AbortSignal): Promise<void> {
    while (!closed.aborted) {
      await this.read(closed).catch(() => undefined); // it was away; it is asked again
      await new Promise((resolve) => setTimeout(resolve, kRetryMs));
    }
  }

  private async read(closed: AbortSignal): Promise<void> {
    const headers = { accept: 'text/event-stream', ...access.headers() };
    const answer = await fetch(`${kRoot}?run=${this.run_key}`, { headers, signal: closed });
    if (!answer.ok || !answer.body) return;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (text + value).split('\n\n');
      text = events.pop()!;
      const last = events.at(-1);
      if (!last?.startsWith('data: ')) continue;
      const list = JSON.parse(last.slice(6)) as { visualizations?: Visualization[] };
      this.all = list.visualizations ?? [];
      this.signal.changed();
    }
  }
}

export async function visualization_types(): Promise<readonly VisualizationType[]> {
  const answer = await fetch(`${kRoot}/types`, { headers: access.headers() });
  const said = (await answer.json()) as { types?: VisualizationType[] };
  return said.types ?? [];
}

// The first bytes of what was drawn, as text.
export async function text_of(part: Part, most: number): Promise<string> {
  const headers = { range: `bytes=0-${most - 1}`, ...access.headers() };
  const answer = await fetch(part.url, { headers });
  return answer.ok ? answer.text() : '';
}
