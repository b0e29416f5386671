import { expect, test } from 'vitest';
import type { TaskView } from '../api/gen/view_pb';
import { grid_for } from './mosaic';

const items = (count: number, tasks: number) =>
  Array.from({ length: count }, () => Array.from({ length: tasks }, () => ({}) as TaskView));

test('few items get large cells, many get rows of fifty', () => {
  expect(grid_for(items(12, 1), 180, 14)).toEqual({ cell: 14, columns: 12, rows: 1, each: 1 });
  const grid = grid_for(items(300, 1), 400, 48);
  expect(grid).toEqual({ cell: 8, columns: 50, rows: 1, each: 1 });
});

test('an item of several tasks is a column', () => {
  const grid = grid_for(items(3, 4), 160, 56);
  expect(grid).toEqual({ cell: 14, columns: 3, rows: 4, each: 1 });
});

test('too many items share cells, and all have one', () => {
  const grid = grid_for(items(10_000, 1), 200, 40);
  const cells = grid.columns * Math.floor(40 / grid.cell);
  expect(cells * grid.each).toBeGreaterThanOrEqual(10_000);
});
