// GraphCanvas: what lies behind the cards: edges, and below a certain size the tasks themselves as
// dots. Draws only what is in view.
import { useLayoutEffect, useRef, type ReactNode } from 'react';
import type { GraphLayout, TaskView } from '../api/gen/view_pb';
import {
  has_started,
  kFailed,
  kPending,
  kRunning,
  kSkipped,
  look,
  type Token,
} from '../base/state';
import type { GraphView } from './graph_view';
import { draw_mark } from './state_dot';

type Edge = GraphLayout['edges'][number];

interface Props {
  layout: GraphLayout;
  tasks: ReadonlyMap<string, TaskView>;
  view: GraphView;
  theme: string;
}

interface Look {
  color: Token | 'line2';
  width: number;
  dashed: boolean;
}

function look_of(state: number): Look {
  if (state === kFailed) return { color: 'bad', width: 1.6, dashed: false };
  if (state === kRunning) return { color: 'run', width: 2, dashed: false };
  const dashed = !has_started(state) || state === kSkipped;
  return { color: 'line2', width: 1.3, dashed };
}

// The boxes of edges, computed once a layout.
const bounds_of = new WeakMap<Edge, [number, number, number, number]>();
function bounds(edge: Edge): [number, number, number, number] {
  let found = bounds_of.get(edge);
  if (!found) {
    found = [Infinity, Infinity, -Infinity, -Infinity];
    for (let at = 0; at + 1 < edge.points.length; at += 2) {
      const [x, y] = [edge.points[at]!, edge.points[at + 1]!];
      found = [
        Math.min(found[0], x),
        Math.min(found[1], y),
        Math.max(found[2], x),
        Math.max(found[3], y),
      ];
    }
    bounds_of.set(edge, found);
  }
  return found;
}

function trace(pen: CanvasRenderingContext2D, p: readonly number[]): void {
  pen.beginPath();
  pen.moveTo(p[0]!, p[1]!);
  let at = 2;
  for (; at + 5 < p.length; at += 6) {
    pen.bezierCurveTo(p[at]!, p[at + 1]!, p[at + 2]!, p[at + 3]!, p[at + 4]!, p[at + 5]!);
  }
  pen.stroke();
}

function arrow(pen: CanvasRenderingContext2D, p: readonly number[], k: number): void {
  const [x, y] = [p[p.length - 2]!, p[p.length - 1]!];
  const size = Math.max(6, 4 / k);
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x - size * 0.55, y - size);
  pen.lineTo(x + size * 0.55, y - size);
  pen.closePath();
  pen.fill();
}

export function GraphCanvas(props: Props): ReactNode {
  const { layout, tasks, view } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current!;
    const ratio = window.devicePixelRatio;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (element.width !== width || element.height !== height) {
      element.width = width;
      element.height = height;
    }
    const pen = element.getContext('2d')!;
    const css = getComputedStyle(document.documentElement);
    const colors = new Map<string, string>();
    const color = (name: string): string => {
      let found = colors.get(name);
      if (!found) colors.set(name, (found = css.getPropertyValue(`--${name}`).trim()));
      return found;
    };
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.setTransform(ratio * view.k, 0, 0, ratio * view.k, ratio * view.x, ratio * view.y);
    const [left, top] = [-view.x / view.k, -view.y / view.k];
    const [right, bottom] = [left + view.width / view.k, top + view.height / view.k];
    const hair = 1 / Math.max(view.k, 0.5);
    // What runs lies over what does not.
    const later: Edge[] = [];
    const draw = (edge: Edge): void => {
      const { color: name, width: stroke, dashed } = look_of(tasks.get(edge.to)?.state ?? kPending);
      pen.strokeStyle = pen.fillStyle = color(name);
      pen.lineWidth = stroke * hair;
      pen.setLineDash(dashed ? [4 * hair, 3 * hair] : []);
      trace(pen, edge.points);
      pen.setLineDash([]);
      if (view.level !== 'dot') arrow(pen, edge.points, view.k);
    };
    for (const edge of layout.edges) {
      const [x0, y0, x1, y1] = bounds(edge);
      if (x1 < left || x0 > right || y1 < top || y0 > bottom) continue;
      const state = tasks.get(edge.to)?.state ?? kPending;
      if (state === kRunning || state === kFailed) later.push(edge);
      else draw(edge);
    }
    later.forEach(draw);
    if (view.level !== 'dot') return;
    for (const box of layout.boxes) {
      if (!view.sees(box)) continue;
      const state = tasks.get(box.taskId)?.state || kPending;
      pen.fillStyle = color(`${look(state).token}-bg`);
      pen.strokeStyle = pen.fillStyle;
      pen.fillRect(box.x, box.y, box.width, box.height);
      const size = Math.min(box.height, 36);
      draw_mark(
        pen,
        state,
        color(look(state).token),
        box.x + (box.width - size) / 2,
        box.y + (box.height - size) / 2,
        size,
      );
    }
  });
  return <canvas ref={canvas} className="edges" aria-hidden="true" />;
}
