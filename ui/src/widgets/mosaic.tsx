// Mosaic: every item of a folded loop as one cell, in item order, in rows; where an item holds a
// few tasks, as a column of cells. A cell leads to its task. Where they are too many a cell stands
// for a block of items and shows its worst state. The server sizes a loop's box for these cells
// (GraphLayout.Box in schema/view.proto).
import { useLayoutEffect, useRef, type ReactNode } from 'react';
import type { TaskView } from '../api/gen/view_pb';
import { kPending, look, urgency } from '../base/state';
import { draw_mark } from './state_dot';
import { show_still } from './still';

const kCellMax = 14; // px from one cell to the next
const kCellMin = 4; // below 8 px only where the whole graph is drawn small
const kColumnsMax = 50;
const kRowsMax = 6; // tasks of an item that get a cell each

type Items = readonly (readonly TaskView[])[];

export interface Grid {
  cell: number; // px
  columns: number;
  rows: number; // of one item: 1, or its number of tasks
  each: number; // items a cell
}

// The largest cells that fit; blocks of items where even the smallest don't.
export function grid_for(items: Items, width: number, height: number): Grid {
  const most = Math.max(1, ...items.map((tasks) => tasks.length));
  if (items.length <= kColumnsMax && most > 1 && most <= kRowsMax) {
    const cell = Math.min(kCellMax, width / items.length, height / most);
    return { cell: Math.max(2, cell), columns: items.length, rows: most, each: 1 };
  }
  for (let cell = kCellMax; cell >= kCellMin; cell -= 0.5) {
    const columns = Math.max(1, Math.min(kColumnsMax, Math.floor(width / cell)));
    if (Math.ceil(items.length / columns) * cell <= height + 0.5) {
      return { cell, columns, rows: 1, each: 1 };
    }
  }
  const columns = Math.max(1, Math.floor(width / kCellMin));
  const rows = Math.max(1, Math.floor(height / kCellMin));
  return { cell: kCellMin, columns, rows: 1, each: Math.ceil(items.length / (columns * rows)) };
}

// The task of a cell that needs a look first.
function worst(tasks: readonly TaskView[]): TaskView | undefined {
  let found: TaskView | undefined;
  for (const task of tasks) {
    if (!found || urgency(task.state || kPending) < urgency(found.state || kPending)) found = task;
  }
  return found;
}

function cell_at(items: Items, grid: Grid, column: number, row: number): TaskView | undefined {
  if (column < 0 || row < 0 || column >= grid.columns) return undefined;
  if (grid.rows > 1) return items[column]?.[row];
  const from = (row * grid.columns + column) * grid.each;
  return worst(items.slice(from, from + grid.each).flat());
}

interface Props {
  items: Items;
  width: number; // px on screen
  height: number;
  theme: string;
  pick?: (task: TaskView) => void;
}

export function Mosaic(props: Props): ReactNode {
  const { items, width, height } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const grid = grid_for(items, width, height);
  const states = items.map((tasks) => tasks.map((task) => task.state).join('')).join();
  useLayoutEffect(() => {
    const ratio = window.devicePixelRatio;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    const sheet = new OffscreenCanvas(Math.max(1, across), Math.max(1, down));
    const pen = sheet.getContext('2d')!;
    pen.scale(ratio, ratio);
    const css = getComputedStyle(document.documentElement);
    const rows = grid.rows > 1 ? grid.rows : Math.ceil(items.length / grid.each / grid.columns);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < grid.columns; column += 1) {
        const task = cell_at(items, grid, column, row);
        if (!task) continue;
        const state = task.state || kPending;
        const color = css.getPropertyValue(`--${look(state).token}`).trim();
        draw_mark(pen, state, color, column * grid.cell, row * grid.cell, grid.cell);
      }
    }
    show_still(canvas.current!, sheet);
  }, [states, width, height, props.theme]);
  return (
    <canvas
      ref={canvas}
      className="mosaic"
      style={{ width, height }}
      aria-hidden="true"
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const column = Math.floor((event.clientX - box.left) / grid.cell);
        const row = Math.floor((event.clientY - box.top) / grid.cell);
        const task = cell_at(items, grid, column, row);
        if (!props.pick || !task) return;
        event.stopPropagation();
        props.pick(task);
      }}
    />
  );
}
