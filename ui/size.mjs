// What the page weighs, gzipped, against its budget: 150 kB of script and style until the first view
// stands, 250 kB with every view.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const kFirst = 150_000;
const kAll = 250_000;
const dist = join(dirname(fileURLToPath(import.meta.url)), 'dist');
const html = readFileSync(join(dist, 'index.html'), 'utf8');
let first = 0;
let all = 0;
for (const name of readdirSync(join(dist, 'assets')).sort()) {
  if (!/\.(js|css)$/.test(name)) continue;
  const bytes = gzipSync(readFileSync(join(dist, 'assets', name)), { level: 9 }).length;
  const at_once = html.includes(name);
  all += bytes;
  if (at_once) first += bytes;
  console.log(`${kilobytes(bytes)}  ${name}${at_once ? '' : ' (later)'}`);
}
console.log(`${kilobytes(first)}  until the first view stands, gzipped; at most ${kFirst / 1000}`);
console.log(`${kilobytes(all)}  in all; at most ${kAll / 1000}`);
if (first > kFirst || all > kAll) process.exit(1);

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(7)} kB`;
}
