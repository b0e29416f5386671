// Where things are, and once before all tests: an empty folder for what a failed test leaves.
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const pipelines = `${root}tests/browser/pipelines/`;
export const results = `${root}test-results/browser/`;

export default function setup(): void {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
}
