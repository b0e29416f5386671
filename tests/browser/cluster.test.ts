// Runs of a cluster: a recorded stream is played while the page looks on, and nothing is loaded
// again: what is to come, why a pod waits, attempts, every node; then the list by namespace.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Chromium, keep_watch, type Tab } from './support/browser';
import { root } from './support/folders';
import { axe_breaches, card, sideways } from './support/page';
import { Server } from './support/server';

const kWait = { timeout: 60_000, interval: 50 };
const kProgram = process.env.TELLTALE_BINARY ?? `${root}build/telltale`;
const recording = (name: string): string => `${root}tests/fixtures/argo/${name}.jsonl.gz`;

const folders = mkdtempSync(`${tmpdir()}/telltale-recordings-`);
let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await Server.start('cluster');
  chromium = await Chromium.start();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folders, { recursive: true, force: true });
});
keep_watch(() => chromium);

async function played(file: string): Promise<void> {
  const words = ['import', 'argo-watch', '--to', server.url, '--speed', 'max', file];
  const [code] = (await once(spawn(kProgram, words, { stdio: 'ignore' }), 'exit')) as [number];
  expect(code).toBe(0);
}

interface ClusterRun {
  run_key: string;
  cluster_object: { name: string; namespace: string };
}
async function run_of(workflow: string): Promise<ClusterRun> {
  let found: ClusterRun | undefined;
  await expect
    .poll(async () => {
      const answer = await fetch(`${server.url}/api/v1/runs?limit=200`);
      const { runs } = (await answer.json()) as { runs?: ClusterRun[] };
      found = runs?.find((run) => run.cluster_object.name.startsWith(workflow));
      return found !== undefined;
    }, kWait)
    .toBe(true);
  return found!;
}

// What was recorded of it up to a version, as if the cluster had told no more yet.
function until_version(name: string, version: number): string {
  const folder = mkdtempSync(`${folders}/`);
  for (const kind of ['', '.pods']) {
    const file = recording(name).replace('.jsonl', `${kind}.jsonl`);
    const told = gunzipSync(readFileSync(file))
      .toString()
      .split('\n')
      .filter((line) => line !== '' && version_of(line) <= version);
    writeFileSync(`${folder}/${name}${kind}.jsonl`, told.map((line) => `${line}\n`).join(''));
  }
  return `${folder}/${name}.jsonl`;
}
function version_of(line: string): number {
  const event = JSON.parse(line) as { object: { metadata: { resourceVersion: string } } };
  return Number(event.object.metadata.resourceVersion);
}

function first_version(name: string): number {
  return version_of(
    gunzipSync(readFileSync(recording(name)))
      .toString()
      .split('\n')[0]!,
  );
}

test('tasks are there before they begin, and each attempt is shown, without reload', async () => {
  await played(until_version('retry-on-error', 797)); // its first pod waits
  const { run_key } = await run_of('retry-on-error');
  const tab: Tab = await chromium.open(`${server.url}/runs/${run_key}`);
  const task = tab.page.locator('[data-task]').first();
  await expect.poll(() => task.getAttribute('data-state'), kWait).toBe('queued');
  await task.click();
  const panel = tab.page.getByRole('complementary');
  await played(until_version('retry-on-error', 843)); // the first one failed, the second one runs
  await panel.getByText('attempt 2 of 3').waitFor();
  await expect.poll(() => task.getAttribute('data-state'), kWait).toBe('running');
  await played(recording('retry-on-error'));
  await panel.getByText('attempt 3 of 3').waitFor();
  await expect.poll(() => task.getAttribute('data-state'), kWait).toBe('succeeded');
  expect(tab.loads).toBe(1);
});

test('a graph is there whole before anything runs', async () => {
  await played(until_version('real-dag-diamond', first_version('real-dag-diamond')));
  const { run_key } = await run_of('dag-diamond');
  const tab: Tab = await chromium.open(`${server.url}/runs/${run_key}`);
  for (const path of 'ABCD') await card(tab.page, path).waitFor();
  await played(recording('real-dag-diamond'));
  for (const path of 'ABCD') {
    const state = (): Promise<string | null> => card(tab.page, path).getAttribute('data-state');
    await expect.poll(state, kWait).toBe('succeeded');
  }
  expect(tab.loads).toBe(1);
});

test('the view Nodes has every node in the words of the cluster', async () => {
  await played(recording('kfp-d_fail_v2'));
  const { run_key } = await run_of('fail');
  const answer = await fetch(`${server.url}/api/v1/runs/${run_key}?machinery=1`);
  const { nodes } = (await answer.json()) as {
    nodes: { source_id: string; source_phase: string; role: string }[];
  };
  const { page } = await chromium.open(`${server.url}/runs/${run_key}`);
  await page.getByRole('button', { name: 'Nodes', exact: true }).click();
  const rows = page.locator('[data-node]');
  await expect.poll(() => rows.count(), kWait).toBe(nodes.length);
  const shown = await rows.evaluateAll((all) =>
    all.map((row) => [row.getAttribute('data-node'), row.getAttribute('data-phase')]),
  );
  expect(new Map(shown as [string, string][])).toEqual(
    new Map(nodes.map((node) => [node.source_id, node.source_phase])),
  );
  await page.getByRole('button', { name: 'Machinery', exact: true }).click();
  const tasks = ['task', 'importer', 'group', 'loop', 'iteration'];
  const machinery = nodes.filter((node) => !tasks.includes(node.role)).length;
  await expect.poll(() => rows.count(), kWait).toBe(machinery);
  expect(await axe_breaches(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await sideways(page)).toBe(0);
});

test('a run says its cluster and namespace, and they list what else is there', async () => {
  await played(recording('x_deleted'));
  const { run_key, cluster_object } = await run_of('loops-del');
  await server.tell({
    run_key: 'elsewhereelsewhereelsewh23',
    run_state: { state: 'RUNNING' },
  });
  const { page } = await chromium.open(`${server.url}/runs/${run_key}`);
  await page.getByText('deleted in the cluster', { exact: true }).waitFor();
  await page.getByRole('link', { name: new RegExp(`/ ${cluster_object.namespace}$`) }).click();
  await page.locator(`[data-run="${run_key}"]`).waitFor();
  const other = page.locator('tr[data-run="elsewhereelsewhereelsewh23"]');
  await expect.poll(() => other.count(), kWait).toBe(0);
  await page.getByTitle('Runs of all clusters and namespaces').click();
  await other.waitFor();
  expect(await axe_breaches(page)).toEqual([]);
});
