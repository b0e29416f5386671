// Mosaic: every item of a folded loop as one cell, in item order, in rows. A cell leads to its task.
// Where they are too many a cell stands for a block of items and shows its worst state.
import { useLayoutEffect, useRef, type ReactNode } from 'react';
import { kPending, look, more_urgent } from '../base/state';
import { draw_mark } from './state_dot';

const kCellMax = 14; // px
const kCellMin = 5;
const kColumnsMax = 50;

export interface Grid {
  cell: number; // px
  columns: number;
  each: number; // items a cell
}

// The largest cells that fit; blocks of items where even the smallest don't.
export function grid_for(count: number, width: number, height: number): Grid {
  for (let cell = kCellMax; cell >= kCellMin; cell -= 0.5) {
    const columns = Math.max(1, Math.min(kColumnsMax, Math.floor(width / cell)));
    if (Math.ceil(count / columns) * cell <= height) return { cell, columns, each: 1 };
  }
  const columns = Math.max(1, Math.floor(width / kCellMin));
  const rows = Math.max(1, Math.floor(height / kCellMin));
  return { cell: kCellMin, columns, each: Math.ceil(count / (columns * rows)) };
}

interface Props {
  states: readonly number[];
  width: number; // px on screen
  height: number;
  theme: string;
  pick?: (at: number) => void;
}

export function Mosaic(props: Props): ReactNode {
  const { states, width, height } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const grid = grid_for(states.length, width, height);
  useLayoutEffect(() => {
    const element = canvas.current!;
    const ratio = window.devicePixelRatio;
    element.width = Math.max(1, Math.round(width * ratio));
    element.height = Math.max(1, Math.round(height * ratio));
    const pen = element.getContext('2d')!;
    pen.scale(ratio, ratio);
    const css = getComputedStyle(document.documentElement);
    for (let from = 0, at = 0; from < states.length; from += grid.each, at += 1) {
      let state = states[from] || kPending;
      for (let i = from + 1; i < Math.min(states.length, from + grid.each); i += 1) {
        state = more_urgent(state, states[i] || kPending);
      }
      draw_mark(
        pen,
        state,
        css.getPropertyValue(`--${look(state).token}`).trim(),
        (at % grid.columns) * grid.cell,
        Math.floor(at / grid.columns) * grid.cell,
        grid.cell,
      );
    }
  });
  return (
    <canvas
      ref={canvas}
      className="mosaic"
      style={{ width, height }}
      aria-hidden="true"
      onClick={(event) => {
        if (!props.pick) return;
        const box = event.currentTarget.getBoundingClientRect();
        const column = Math.floor((event.clientX - box.left) / grid.cell);
        const row = Math.floor((event.clientY - box.top) / grid.cell);
        const at = (row * grid.columns + column) * grid.each;
        if (column >= grid.columns || at >= states.length) return;
        event.stopPropagation();
        props.pick(at);
      }}
    />
  );
}
