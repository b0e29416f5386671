// What is large, told to a server as sources tell it: runs of thousands of tasks, a log of many
// megabytes, hundreds of series, thousands of runs in the list.
import type { Server } from './server';

const kEventsAtOnce = 4000;
const kLogChunkBytes = 500_000; // of one event
const kMinuteUs = 60e6;

// A run's key that starts with a word: 26 letters.
export function key_of(word: string, number = 0): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  let end = '';
  for (let rest = number; end.length < 4; rest = Math.floor(rest / 26)) end += letters[rest % 26];
  return word.padEnd(22, 'x').slice(0, 22) + end;
}

export async function tell_all(server: Server, events: readonly object[]): Promise<void> {
  for (let at = 0; at < events.length; at += kEventsAtOnce) {
    await server.tell(...events.slice(at, at + kEventsAtOnce));
  }
}

const us = (ms: number): string => String(Math.round(ms * 1000));

// Layers of tasks, each task after one or two of the layer above: most have ended, some failed,
// some run, the rest waits.
export async function tasks(server: Server, key: string, count: number): Promise<void> {
  const wide = Math.ceil(Math.sqrt(count));
  const start = Date.now() - 30 * 60_000;
  const path = (at: number): string => `stage-${Math.floor(at / wide)}-part-${at % wide}`;
  const graph: object[] = [];
  const states: object[] = [];
  for (let at = 0; at < count; at += 1) {
    const above = at - wide;
    const depends_on = above < 0 ? [] : [path(above), ...(at % 7 === 0 ? [path(above + 1)] : [])];
    graph.push({ path: path(at), name: path(at), depends_on });
    const share = at / count;
    if (share > 0.9) continue;
    const began = start + share * 28 * 60_000;
    const ended = began + 20_000 + (at % 13) * 9000;
    const running = share > 0.86;
    const failed = at % 97 === 50;
    states.push({
      path: path(at),
      state: running ? 'RUNNING' : failed ? 'FAILED' : 'SUCCEEDED',
      started_at_us: us(began),
      ...(running ? {} : { finished_at_us: us(ended), outputs: { rows: String(1000 + at) } }),
      ...(failed ? { message: `ValueError: part ${at} holds no rows` } : {}),
    });
  }
  const of_run = (event: object): object => ({ run_key: key, ...event });
  const piece = 500;
  await tell_all(server, [
    of_run({
      run_state: {
        state: 'RUNNING',
        name: `census of ${count.toLocaleString('en')} parts`,
        pipeline: 'census',
        started_at_us: us(start),
        parameters: { parts: String(count), region: '"north"' },
      },
    }),
    ...Array.from({ length: Math.ceil(count / piece) }, (_, at) =>
      of_run({ graph: { tasks: graph.slice(at * piece, (at + 1) * piece) } }),
    ),
    ...states.map((task_state) => of_run({ task_state })),
  ]);
}

// Line `number` of long_log(), from 1; every one its own, one of a thousand long.
export function log_line(number: number): string {
  const head = `\x1b[32mINFO\x1b[0m train.py:${number} step=${number}`;
  if (number % 5000 === 0) return `${head} WARNING the queue is nearly empty`;
  return `${head} loss=${(1 / (1 + number / 9000)).toFixed(6)} ${'.'.repeat(number % 90)}`;
}

// Whole lines of at least `bytes`; how many lines and bytes they are.
export async function long_log(
  server: Server,
  key: string,
  path: string,
  bytes: number,
): Promise<{ lines: number; bytes: number }> {
  let lines = 0;
  let offset = 0;
  while (offset < bytes) {
    const events = [];
    for (let chunk = 0; chunk < 12 && offset < bytes; chunk += 1) {
      const text: string[] = [];
      for (let size = 0; size < kLogChunkBytes; size += text[text.length - 1]!.length) {
        lines += 1;
        text.push(`${log_line(lines)}\n`);
      }
      const data = Buffer.from(text.join(''));
      const log_bytes = { path, offset: String(offset), data: data.toString('base64') };
      events.push({ run_key: key, log_bytes });
      offset += data.length;
    }
    await server.tell(...events);
  }
  return { lines, bytes: offset };
}

// Three metrics of each of many tasks of a sweep.
export async function series(
  server: Server,
  key: string,
  names: readonly string[],
  points: number,
): Promise<void> {
  const step = Array.from({ length: points }, (_, at) => at * 10);
  const events: object[] = [];
  names.forEach((path, which) => {
    const rate = 0.2 + (which % 10) / 20;
    const noise = (at: number): number => Math.sin(at * 12.9898 + which * 78.233) * 0.04;
    const of: Record<string, (share: number, at: number) => number> = {
      'train/loss': (share, at) => 2 * Math.exp(-3 * rate * share) + noise(at),
      'val/accuracy': (share, at) => 0.95 - 0.6 * Math.exp(-4 * rate * share) + noise(at),
      lr: (share) => rate * 1e-3 * (1 - share),
    };
    for (const [name, value] of Object.entries(of)) {
      const values = step.map((_, at) => value(at / points, at));
      events.push({ run_key: key, metric_points: { path, name, step, value: values } });
    }
  });
  for (let at = 0; at < events.length; at += 30) await server.tell(...events.slice(at, at + 30));
}

// Runs that ended, of a few pipelines, a minute apart.
export async function runs(server: Server, count: number): Promise<void> {
  const pipelines = ['nightly-retrain', 'mammo-screening', 'eval-slices', 'census'];
  const now = Date.now() * 1000;
  const events: object[] = [];
  for (let at = 0; at < count; at += 1) {
    const pipeline = pipelines[at % pipelines.length]!;
    const failed = at % 23 === 7;
    const ended = now - (count - at) * kMinuteUs;
    const run_key = key_of('listed', at);
    events.push(
      {
        run_key,
        run_state: {
          state: failed ? 'FAILED' : 'SUCCEEDED',
          name: pipeline,
          pipeline,
          started_at_us: String(ended - (3 + (at % 11)) * kMinuteUs),
          finished_at_us: String(ended),
          parameters: { lr: String((1 + (at % 5)) / 1000), seed: String(at) },
          ...(failed ? { message: 'train failed: CUDA out of memory at 23.8 GiB of 24 GiB' } : {}),
        },
      },
      { run_key, task_state: { path: 'train', state: failed ? 'FAILED' : 'SUCCEEDED' } },
      { run_key, metric_points: { path: 'train', name: 'val/auc', value: [0.9 + (at % 9) / 100] } },
    );
  }
  await tell_all(server, events);
}
