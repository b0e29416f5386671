// latency.mjs [--runs 3] [--samples 5000]: how long after a pipeline's log_metric a reader can see
// the point, and the same for the barest page there can be, on this machine, now. See README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { kCategories, latencies } from './frames.mjs';
import { Stage } from './stage.mjs';

const results = fileURLToPath(new URL('../../test-results/', import.meta.url));
const kBlock = 500; // points before the other page has its turn
const kGapMs = [16, 48]; // between two points; a mean of 32 ms: two frames of a screen
const kQuantiles = [0.5, 0.9, 0.99];

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    samples: { type: 'string', default: '5000' },
  },
});
const kSamples = Number(options.samples);

function quantiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return [...kQuantiles.map(at), sorted.at(-1)];
}

async function block(stage, to, first, count, seed) {
  const page = stage[to];
  await stage.browser.startTracing(page, { categories: kCategories });
  const { called_us } = await stage.emit({ to, first, count, gap_ms: kGapMs, seed });
  const last = String(first + count - 1);
  const shown = `[data-series="${to === 'floor' ? 'floor' : stage.series}"][data-last="${last}"]`;
  await page.locator(shown).waitFor({ state: 'attached' });
  await page.waitForTimeout(200); // until that frame's report is in the trace, too
  const trace = await stage.browser.stopTracing();
  return { called_us, samples: latencies(trace.toString(), first, called_us) };
}

// The SDK's own timestamps, as the server keeps them, against the clock of the measurement: the
// call is timed just before it is made, so the SDK's is later by the time the call takes.
async function check_clocks(stage, called_us) {
  const { time_us, step } = await stage.get(`/metrics/${stage.series}?points=4096`);
  const offsets = (step ?? []).flatMap((text, index) => {
    const called = called_us[Number(text) - 1];
    return called === undefined ? [] : [Number(time_us[index]) - called];
  });
  const least = Math.min(...offsets);
  const [half, , most] = quantiles(offsets.map((offset) => (offset - least) / 1000));
  return { points: offsets.length, p50_ms: half, p99_ms: most };
}

async function measure(number) {
  const stage = new Stage();
  try {
    const seconds = (2 * kSamples * (kGapMs[0] + kGapMs[1])) / 2 / 1000;
    await stage.set(Math.ceil(seconds * 2.5) + 60);
    if (stage.memory_file) console.log('fsync costs nothing here: the data is on a tmpfs');
    const samples = { floor: [], telltale: [] };
    const called_us = [];
    for (let first = 1; first <= kSamples; first += kBlock) {
      const count = Math.min(kBlock, kSamples - first + 1);
      for (const to of (first / kBlock) % 2 < 1 ? ['floor', 'telltale'] : ['telltale', 'floor']) {
        const done = await block(stage, to, first, count, number * kSamples + first);
        samples[to].push(...done.samples);
        if (to === 'telltale') called_us.push(...done.called_us);
      }
    }
    if (!(await stage.runs())) throw new Error('the example ended before the measurement did');
    return { samples, clocks: await check_clocks(stage, called_us), load: loadavg()[0] };
  } finally {
    await stage.stop();
  }
}

const cell = (value) => value.toFixed(1).padStart(8);
function table({ samples, clocks, load }) {
  const rows = ['floor', 'telltale'].flatMap((page) =>
    ['presented_ms', 'drawn_ms'].map((what) => ({
      name: `${page}, until ${what === 'drawn_ms' ? 'drawn' : 'presented'}`,
      numbers: quantiles(samples[page].map((sample) => sample[what])),
    })),
  );
  const ratio = rows[2].numbers.map((value, index) => value / rows[0].numbers[index]);
  const lines = rows.map(({ name, numbers }) => `${name.padEnd(26)}${numbers.map(cell).join('')}`);
  return [
    `${'ms'.padEnd(26)}${['p50', 'p90', 'p99', 'most'].map((name) => name.padStart(8)).join('')}`,
    ...lines,
    `${'telltale / floor'.padEnd(26)}${ratio.map((value) => value.toFixed(2).padStart(8)).join('')}`,
    `${samples.telltale.length} points each; load ${load.toFixed(1)}; the SDK's timestamps stand ` +
      `${clocks.p50_ms.toFixed(2)} ms (p99 ${clocks.p99_ms.toFixed(2)}) behind the call's, ` +
      `of ${clocks.points} points`,
  ].join('\n');
}

mkdirSync(`${results}logs`, { recursive: true });
const runs = [];
for (let number = 1; number <= Number(options.runs); number += 1) {
  const run = await measure(number);
  runs.push(run);
  console.log(`\nrun ${number} of ${options.runs}\n${table(run)}`);
}
const p99 = ({ samples }) => quantiles(samples.telltale.map((one) => one.presented_ms))[2];
const worst = runs.reduce((a, b) => (p99(a) >= p99(b) ? a : b));
console.log(`\nthe worst, which is what counts: run ${runs.indexOf(worst) + 1}\n${table(worst)}`);
writeFileSync(`${results}latency.json`, JSON.stringify(runs));
