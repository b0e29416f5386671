// Which rows of a long list are in sight, whatever scrolls: those are drawn, the others are room
// before and after them. A row's height is a guess until it was drawn once.
import { useCallback, useEffect, useReducer, useRef, useState, type RefObject } from 'react';

export interface RowPlace {
  key: string;
  height: number; // px, the guess
}

export interface RowWindow {
  first: number;
  end: number;
  before: number; // px of room
  after: number;
  top_of: (key: string) => number; // px below the list's top
  drawn: (row: HTMLElement | null) => void; // ref of each drawn row, which has data-row
}

const kMarginPx = 600; // drawn above and below the window
const kStepPx = 150; // of scrolling that nothing is drawn anew for

function use_sight(list: RefObject<HTMLElement | null>): number {
  const [top, set_top] = useState(0);
  useEffect(() => {
    const look = (): void =>
      set_top(Math.floor(-list.current!.getBoundingClientRect().top / kStepPx) * kStepPx);
    look();
    const watch = new ResizeObserver(look);
    watch.observe(document.body);
    window.addEventListener('scroll', look, { capture: true, passive: true });
    return () => {
      watch.disconnect();
      window.removeEventListener('scroll', look, { capture: true });
    };
  }, [list]);
  return top;
}

// What drawn rows really measure, by key; draws again when one of them changes.
function use_heights(): [ReadonlyMap<string, number>, (row: HTMLElement | null) => void] {
  const heights = useRef(new Map<string, number>());
  const [, draw_again] = useReducer((count: number) => count + 1, 0);
  const watch = useRef<ResizeObserver | undefined>(undefined);
  watch.current ??= new ResizeObserver((entries) => {
    let changed = false;
    for (const { target } of entries) {
      const { offsetHeight, isConnected, dataset } = target as HTMLElement;
      if (!isConnected || heights.current.get(dataset.row!) === offsetHeight) continue;
      heights.current.set(dataset.row!, offsetHeight);
      changed = true;
    }
    if (changed) draw_again();
  });
  useEffect(() => {
    return () => watch.current?.disconnect();
  }, []);
  const drawn = useCallback((row: HTMLElement | null) => {
    if (!row) return undefined;
    watch.current!.observe(row);
    return () => watch.current!.unobserve(row);
  }, []);
  return [heights.current, drawn];
}

export function use_row_window(
  list: RefObject<HTMLElement | null>,
  rows: readonly RowPlace[],
): RowWindow {
  const top = use_sight(list);
  const [heights, drawn] = use_heights();
  const height_of = (row: RowPlace): number => heights.get(row.key) ?? row.height;
  const bottom = top + window.innerHeight + kStepPx + kMarginPx;
  let first = 0;
  let before = 0;
  while (first < rows.length && before + height_of(rows[first]!) < top - kMarginPx) {
    before += height_of(rows[first]!);
    first += 1;
  }
  let end = first;
  let at = before;
  while (end < rows.length && at < bottom) {
    at += height_of(rows[end]!);
    end += 1;
  }
  const after = rows.slice(end).reduce((sum, row) => sum + height_of(row), 0);
  const top_of = (key: string): number => {
    let sum = 0;
    for (const row of rows) {
      if (row.key === key) break;
      sum += height_of(row);
    }
    return sum;
  };
  return { first, end, before, after, top_of, drawn };
}
