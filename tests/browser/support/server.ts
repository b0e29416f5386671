// The real server on a port and a data folder of its own, as tools/run.sh starts it. What it says
// goes to test-results/browser/NAME.server.log.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { results, root } from './folders';

const kBinary = process.env.TELLTALE_BINARY ?? `${root}build/telltale`;
const kPython = `${root}.venv/bin/python`;
const kPollMs = 50;
const kPatienceMs = 120_000;
const kFinal = ['SUCCEEDED', 'FAILED', 'CANCELLED', 'SKIPPED'];

// Numbers of 64 bits are texts in proto3's JSON; fields with their default are left out.
export interface Task {
  id: string;
  path: string;
  name: string;
  kind?: string;
  state: string;
  message?: string;
}
export interface Series {
  id: string;
  task_id?: string;
  name: string;
  points?: string;
  last_value?: number | string;
}
export interface Run {
  run: {
    run_key: string;
    name: string;
    state: string;
    message?: string;
    failure?: string;
    last_event_at_us?: string; // heartbeats too
  };
  tasks: Task[];
  series: Series[];
}

export async function free_port(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

export class Server {
  readonly url: string;
  readonly data = mkdtempSync(`${tmpdir()}/telltale-`);
  private process: ChildProcess | undefined;
  private told = 0;

  private constructor(
    readonly name: string,
    readonly port: number,
    private readonly options: readonly string[],
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(name: string, ...options: string[]): Promise<Server> {
    const server = new Server(name, await free_port(), options);
    await server.start();
    return server;
  }

  // Again on the same port and data, after kill().
  async start(): Promise<void> {
    const log = openSync(`${results}${this.name}.server.log`, 'a');
    const listen = `127.0.0.1:${this.port}`;
    const options = ['serve', '--listen', listen, '--data', this.data, '--python', kPython];
    options.push(...this.options);
    const env = { ...process.env, XDG_STATE_HOME: `${this.data}-state` };
    this.process = spawn(kBinary, options, { stdio: ['ignore', log, log], env });
    closeSync(log);
    await this.until('the server is ready', async () => (await fetch(`${this.url}/readyz`)).ok);
  }

  // As the machine's power going would: kill -9.
  async kill(): Promise<void> {
    const gone = once(this.process!, 'exit');
    this.process!.kill('SIGKILL');
    await gone;
  }

  // Ends what it started: runners are processes that outlive the server.
  async stop(): Promise<void> {
    for (let round = 0; round < 200; ++round) {
      const runners = this.runners();
      if (runners.length === 0) break;
      // Asked twice they do not wait for their tasks.
      if (round % 10 < 2) for (const pid of runners) signal(pid, 'SIGTERM');
      await sleep(kPollMs);
    }
    for (const pid of this.runners()) signal(pid, 'SIGKILL');
    if (this.lives()) {
      const gone = once(this.process!, 'exit');
      this.process!.kill('SIGTERM');
      await gone;
    }
    rmSync(this.data, { recursive: true, force: true });
    rmSync(`${this.data}-state`, { recursive: true, force: true });
  }

  private lives(): boolean {
    return this.process?.exitCode === null && this.process.signalCode === null;
  }

  private runners(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        const words = command_line(pid);
        return words.includes('local_target') && words.includes(this.url);
      })
      .map(Number);
  }

  // As who owns the server.
  private post(path: string, body: object): Promise<Response> {
    return this.send('POST', path, JSON.stringify(body));
  }

  async send(
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    type = 'application/json',
  ): Promise<Response> {
    const token = readFileSync(`${this.data}/token`, 'utf8').trim();
    const headers = { 'content-type': type, authorization: `Bearer ${token}` };
    return fetch(`${this.url}${path}`, { method, headers, body });
  }

  // An address of the page with a code that lets one browser act for the owner.
  async link(path = '/'): Promise<string> {
    const { code } = (await (await this.post('/api/v1/link', {})).json()) as { code: string };
    return `${this.url}${path}#code=${code}`;
  }

  // The key of a run that is started as `make run` starts the example.
  async run(pipeline: string, parameters: Record<string, string> = {}): Promise<string> {
    const answer = await this.post('/api/v1/runs', { pipeline_file: pipeline, parameters });
    const body = (await answer.json()) as { run_key?: string };
    if (!body.run_key) throw new Error(`the run did not start: ${JSON.stringify(body)}`);
    return body.run_key;
  }

  // Events as a source sends them, each with an id of its own; on disk when this returns.
  async tell(...events: object[]): Promise<void> {
    const id = (): string => `fact-${(this.told += 1)}`;
    const lines = events.map((event) => JSON.stringify({ id: id(), ...event }));
    const answer = await fetch(`${this.url}/api/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    const said = (await answer.json()) as { accepted?: number };
    if (said.accepted !== events.length) throw new Error(`not taken: ${JSON.stringify(said)}`);
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(this.url + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  view(key: string): Promise<Run> {
    return this.get<Run>(`/api/v1/runs/${key}`);
  }

  // Waits for a run's end; its last view.
  async ended(key: string): Promise<Run> {
    let last: Run | undefined;
    let heard: string | undefined;
    const has_ended = (): boolean => last !== undefined && kFinal.includes(last.run.state);
    // However long it takes, as long as it gives signs of life.
    while (!has_ended()) {
      await this.until(`run ${key} has ended or goes on`, async () => {
        last = await this.view(key);
        return has_ended() || last.run.last_event_at_us !== heard;
      });
      heard = last!.run.last_event_at_us;
    }
    return last!;
  }

  // A task that the run has, once it has it.
  async task(key: string, path: RegExp): Promise<Task> {
    let found: Task | undefined;
    await this.until(`run ${key} has a task ${path}`, async () => {
      found = (await this.view(key)).tasks?.find((task) => path.test(task.path));
      return found !== undefined;
    });
    return found!;
  }

  // The id of a task's series, once it has a point.
  async series(key: string, task: string, name: string): Promise<string> {
    let found: Series | undefined;
    await this.until(`task ${task} has a series ${name}`, async () => {
      const all = (await this.view(key)).series ?? [];
      found = all.find((one) => one.task_id === task && one.name === name);
      return found !== undefined;
    });
    return found!.id;
  }

  // A task's log as a terminal would leave it: what `\r` drew over is gone.
  async log_lines(key: string, task: string): Promise<string[]> {
    const answer = await fetch(`${this.url}/api/v1/runs/${key}/tasks/${task}/log`);
    const text = (await answer.text()).replace(/\n$/, '');
    return text.split('\n').map((line) => line.replace(/\r+$/, '').replace(/^.*\r/s, ''));
  }

  private async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + kPatienceMs;
    let last: unknown = 'not yet';
    while (Date.now() < deadline) {
      try {
        if (await holds()) return;
      } catch (error) {
        last = error;
        if (!this.lives()) throw new Error('the server has ended; see its log', { cause: error });
      }
      await sleep(kPollMs);
    }
    throw new Error(`waited in vain until ${what}`, { cause: last });
  }
}

function command_line(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it has just ended
  }
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has just ended
  }
}
