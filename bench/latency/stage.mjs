// What the measurement needs around it: the real server on a disk, the example running, the
// emitter, and a browser with both pages. `stop` ends all of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { probe_of } from './frames.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
// The packages are the page's own.
const { chromium } = createRequire(`${root}ui/package.json`)('playwright-core');
const kPython = process.env.TELLTALE_PYTHON ?? `${root}.venv/bin/python`;
const kBinary = process.env.TELLTALE_BINARY ?? `${root}build/telltale`;
const kChromium = process.env.TELLTALE_CHROMIUM ?? '/usr/bin/chromium';
const kExample = `${root}examples/breast_cancer/pipeline.py`;
const kMemoryFile = 0x01021994; // statfs type of tmpfs
const kPatienceMs = 180_000;

async function until(what, holds) {
  const deadline = Date.now() + kPatienceMs;
  while (Date.now() < deadline) {
    const found = await Promise.resolve(holds()).catch(() => undefined);
    if (found) return found;
    await sleep(50);
  }
  throw new Error(`waited in vain until ${what}`);
}

async function free_port() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Stage {
  #ends = [];

  // epochs: so many that the example outlasts the measurement.
  async set(epochs) {
    await this.#start_server();
    await this.#start_example(epochs);
    await this.#start_emitter();
    await this.#open_pages();
  }

  async #start_server() {
    const data = mkdtempSync(`${root}build/latency-`);
    this.#ends.push(() => rmSync(data, { recursive: true, force: true }));
    this.memory_file = statfsSync(data).type === kMemoryFile;
    this.url = `http://127.0.0.1:${await free_port()}`;
    const log = openSync(`${root}test-results/logs/latency_server.log`, 'w');
    const listen = new URL(this.url).host;
    const options = ['serve', '--listen', listen, '--data', data, '--python', kPython];
    const server = spawn(kBinary, options, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#ends.push(async () => {
      if (server.exitCode !== null) return;
      server.kill('SIGTERM');
      await once(server, 'exit');
    });
    await until('the server is ready', async () => (await fetch(`${this.url}/readyz`)).ok);
    this.token = readFileSync(`${data}/token`, 'utf8').trim();
  }

  async get(path) {
    const answer = await fetch(`${this.url}/api/v1/runs/${this.run}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }

  async #post(path, body) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.token}` };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await fetch(`${this.url}/api/v1/runs${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 202 ? answer.text() : '';
  }

  async #start_example(epochs) {
    const body = { pipeline_file: kExample, parameters: { epochs: String(epochs) } };
    this.run = JSON.parse(await this.#post('', body)).run_key;
    this.#ends.push(async () => {
      await this.#post(`/${this.run}/cancel`, {});
      await until('the example has ended', async () => !(await this.runs()));
    });
    this.task = await until('the example trains', async () =>
      (await this.get('')).tasks.find(
        (task) => /\/0\/train$/.test(task.path) && task.state === 'RUNNING' && task.progress,
      ),
    );
  }

  // Whether the example is still on its way.
  async runs() {
    return (await this.get('')).run.state === 'RUNNING';
  }

  async #start_emitter() {
    const emitter = spawn(kPython, [fileURLToPath(new URL('emit.py', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
      env: {
        ...process.env,
        PYTHONPATH: `${root}python`,
        TELLTALE_URL: this.url,
        TELLTALE_RUN_KEY: this.run,
        TELLTALE_TASK_PATH: this.task.path,
      },
    });
    this.#ends.push(() => emitter.stdin.end());
    const lines = createInterface({ input: emitter.stdout })[Symbol.asyncIterator]();
    const answer = async () => JSON.parse((await lines.next()).value);
    this.floor_url = `http://127.0.0.1:${(await answer()).floor}/`;
    this.emit = (order) => {
      emitter.stdin.write(`${JSON.stringify(order)}\n`);
      return answer();
    };
  }

  async #open_pages() {
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    this.browser = await chromium.launch({ executablePath: kChromium, args });
    this.#ends.push(() => this.browser.close());
    this.floor = await this.#open(this.floor_url, 'floor');
    await this.floor.locator('[data-open]').waitFor({ state: 'attached' });
    // The first point makes the series, and so its id.
    await this.emit({ to: 'telltale', first: 0, count: 1, gap_ms: [0, 0], seed: 0 });
    const series = await until('the first point is there', async () =>
      (await this.get('')).series.find(
        (one) => one.name === 'latency' && one.task_id === this.task.id,
      ),
    );
    this.series = series.id;
    const address = `${this.url}/runs/${this.run}?task=${this.task.id}`;
    this.telltale = await this.#open(address, series.id);
    const chart = this.telltale.locator(`[data-series="${series.id}"]`);
    await chart.waitFor();
    await chart.scrollIntoViewIfNeeded();
  }

  async #open(address, id) {
    const page = await (await this.browser.newContext()).newPage();
    await page.addInitScript(...probe_of(id));
    await page.goto(address);
    return page;
  }

  async stop() {
    for (const end of this.#ends.reverse()) {
      await Promise.resolve(end()).catch((error) => console.error(String(error)));
    }
    this.#ends = [];
  }
}
