// GraphView: which part of a graph is seen, and how large. Fits itself until somebody moves it.
// Lives as long as its graph is on the page.
import { Signal } from '../base/signal';
import type { Box } from '../base/task_walk';

export type Level = 'card' | 'pill' | 'dot';

const kMargin = 20;
const kSlack = 80; // how far past its ends a graph can be moved
const kScaleMin = 0.04;
const kScaleMax = 2;
export const kLevels: Record<Level, number> = { card: 1, pill: 0.55, dot: 0.25 };

export class GraphView {
  readonly signal = new Signal();
  x = kMargin;
  y = kMargin;
  k = 1;
  width = 0; // of the window on the graph
  height = 0;
  moved = false;
  private graph = { width: 0, height: 0 };

  get level(): Level {
    return this.k >= 0.75 ? 'card' : this.k >= 0.35 ? 'pill' : 'dot';
  }

  set_window(width: number, height: number): void {
    this.width = width;
    this.height = height;
    if (!this.moved) this.fit();
    this.signal.changed();
  }

  set_graph(width: number, height: number): void {
    if (width === this.graph.width && height === this.graph.height) return;
    this.graph = { width, height };
    if (!this.moved) this.fit();
  }

  fit(): void {
    this.moved = false;
    const { width, height } = this.graph;
    if (this.width === 0) return;
    const across = (this.width - 2 * kMargin) / Math.max(1, width);
    const down = (this.height - 2 * kMargin) / Math.max(1, height);
    this.k = Math.max(kScaleMin, Math.min(1, across, down));
    this.x = Math.max(kMargin, (this.width - width * this.k) / 2);
    this.y = kMargin;
    this.signal.changed();
  }

  pan(dx: number, dy: number): void {
    this.moved = true;
    this.x = within(this.x + dx, this.graph.width * this.k, this.width);
    this.y = within(this.y + dy, this.graph.height * this.k, this.height);
    this.signal.changed();
  }

  // By a factor, around a point of the window (its middle).
  zoom(by: number, cx = this.width / 2, cy = this.height / 2): void {
    const k = bounded(this.k * by, kScaleMin, kScaleMax);
    this.x = cx - ((cx - this.x) * k) / this.k;
    this.y = cy - ((cy - this.y) * k) / this.k;
    this.k = k;
    this.moved = true;
    this.signal.changed();
  }

  set_level(level: Level, around: Box | undefined): void {
    if (around) this.center(around);
    this.zoom(kLevels[level] / this.k);
    this.pan(0, 0); // not past the graph's end
  }

  center(box: Box): void {
    this.moved = true;
    this.x = this.width / 2 - (box.x + box.width / 2) * this.k;
    this.y = this.height / 2 - (box.y + box.height / 2) * this.k;
    this.signal.changed();
  }

  // Moves as little as it takes to see all of the box.
  reveal(box: Box): void {
    if (this.width === 0) return; // not measured yet: it will fit all
    const left = box.x * this.k + this.x;
    const top = box.y * this.k + this.y;
    const right = left + box.width * this.k;
    const bottom = top + box.height * this.k;
    const dx = left < kMargin ? kMargin - left : Math.min(0, this.width - kMargin - right);
    const dy = top < kMargin ? kMargin - top : Math.min(0, this.height - kMargin - bottom);
    if (dx !== 0 || dy !== 0) this.pan(dx, dy);
  }

  sees(box: Box, margin = 60): boolean {
    const { x, y, k } = this;
    return (
      (box.x + box.width) * k + x > -margin &&
      box.x * k + x < this.width + margin &&
      (box.y + box.height) * k + y > -margin &&
      box.y * k + y < this.height + margin
    );
  }

  // The box at a point of the window.
  at<T extends Box>(boxes: readonly T[], px: number, py: number): T | undefined {
    const gx = (px - this.x) / this.k;
    const gy = (py - this.y) / this.k;
    return boxes.find(
      (box) => gx >= box.x && gx <= box.x + box.width && gy >= box.y && gy <= box.y + box.height,
    );
  }
}

// A graph larger than its window fills it, but for a margin; a smaller one stays inside.
function within(at: number, size: number, window: number): number {
  const other_end = window - size - kSlack;
  return bounded(at, Math.min(kSlack, other_end), Math.max(kSlack, other_end));
}

function bounded(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}
