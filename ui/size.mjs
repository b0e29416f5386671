// What the page weighs, gzipped, against its budget of 150 kB of script and style.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const kBudget = 150_000;
const assets = join(dirname(fileURLToPath(import.meta.url)), 'dist', 'assets');
let sum = 0;
for (const name of readdirSync(assets).sort()) {
  if (!/\.(js|css)$/.test(name)) continue;
  const bytes = gzipSync(readFileSync(join(assets, name)), { level: 9 }).length;
  sum += bytes;
  console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${name}`);
}
console.log(`${(sum / 1000).toFixed(1).padStart(7)} kB  script and style, gzipped; at most 150`);
if (sum > kBudget) process.exit(1);
