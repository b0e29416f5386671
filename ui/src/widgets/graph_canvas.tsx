// GraphCanvas: what lies behind the cards: edges, and below a certain size the tasks themselves as
// dots. Draws only what is in view, and only when that changes.
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
import { show_still } from './still';

type Edge = GraphLayout['edges'][number];
type Box = GraphLayout['boxes'][number];

interface Props {
  layout: GraphLayout;
  tasks: ReadonlyMap<string, TaskView>;
  version: number; // of the tasks' states
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

function trace(pen: OffscreenCanvasRenderingContext2D, p: readonly number[]): void {
  pen.moveTo(p[0]!, p[1]!);
  for (let at = 2; at + 5 < p.length; at += 6) {
    pen.bezierCurveTo(p[at]!, p[at + 1]!, p[at + 2]!, p[at + 3]!, p[at + 4]!, p[at + 5]!);
  }
}

function trace_tip(pen: OffscreenCanvasRenderingContext2D, p: readonly number[], k: number): void {
  const [x, y] = [p[p.length - 2]!, p[p.length - 1]!];
  const size = Math.max(6, 4 / k);
  pen.moveTo(x, y);
  pen.lineTo(x - size * 0.55, y - size);
  pen.lineTo(x + size * 0.55, y - size);
  pen.closePath();
}

type Color = (name: string) => string;

// One stroke for all edges that look alike: thousands cost little more than one. What runs lies
// over what does not.
function draw_edges(
  pen: OffscreenCanvasRenderingContext2D,
  edges: readonly Edge[],
  props: Props,
  color: Color,
): void {
  const { tasks, view } = props;
  const alike = new Map<string, { look: Look; edges: Edge[] }>();
  for (const edge of edges) {
    const look = look_of(tasks.get(edge.to)?.state ?? kPending);
    const key = `${look.color} ${look.dashed}`;
    const known = alike.get(key);
    if (known) known.edges.push(edge);
    else alike.set(key, { look, edges: [edge] });
  }
  const groups = [...alike.values()].sort((a, b) => a.look.width - b.look.width);
  const hair = 1 / Math.max(view.k, 0.5);
  for (const { look, edges: group } of groups) {
    pen.strokeStyle = pen.fillStyle = color(look.color);
    pen.lineWidth = look.width * hair;
    pen.setLineDash(look.dashed && view.level !== 'dot' ? [4 * hair, 3 * hair] : []);
    pen.beginPath();
    for (const edge of group) trace(pen, edge.points);
    pen.stroke();
    if (view.level === 'dot') continue;
    pen.beginPath();
    for (const edge of group) trace_tip(pen, edge.points, view.k);
    pen.fill();
  }
}

function draw_dots(
  pen: OffscreenCanvasRenderingContext2D,
  boxes: readonly Box[],
  props: Props,
  color: Color,
) {
  for (const box of boxes) {
    const state = props.tasks.get(box.taskId)?.state || kPending;
    const { token } = look(state);
    pen.fillStyle = color(`${token}-bg`);
    pen.fillRect(box.x, box.y, box.width, box.height);
    const size = Math.min(box.height, 36);
    const [x, y] = [box.x + (box.width - size) / 2, box.y + (box.height - size) / 2];
    draw_mark(pen, state, color(token), x, y, size);
  }
}

// What stands on the canvas: drawn from a wider part than is seen, so that a small move only moves
// it, and a zoom scales it until the next quiet moment.
interface Drawn {
  x: number;
  y: number;
  k: number;
  inputs: unknown[];
}

const kMargin = 320; // px around the window
const kQuietMs = 120;

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}

function draw(element: HTMLCanvasElement, props: Props): void {
  const { layout, view } = props;
  const ratio = window.devicePixelRatio;
  const width = Math.round((view.width + 2 * kMargin) * ratio);
  const height = Math.round((view.height + 2 * kMargin) * ratio);
  const sheet = new OffscreenCanvas(width, height);
  const pen = sheet.getContext('2d')!;
  const css = getComputedStyle(document.documentElement);
  const colors = new Map<string, string>();
  const color = (name: string): string => {
    let found = colors.get(name);
    if (!found) colors.set(name, (found = css.getPropertyValue(`--${name}`).trim()));
    return found;
  };
  const [x, y] = [view.x + kMargin, view.y + kMargin];
  pen.setTransform(ratio * view.k, 0, 0, ratio * view.k, ratio * x, ratio * y);
  const [left, top] = [-x / view.k, -y / view.k];
  const [right, bottom] = [left + width / ratio / view.k, top + height / ratio / view.k];
  const edges = layout.edges.filter((edge) => {
    const [x0, y0, x1, y1] = bounds(edge);
    return x1 >= left && x0 <= right && y1 >= top && y0 <= bottom;
  });
  draw_edges(pen, edges, props, color);
  if (view.level === 'dot') {
    const boxes = layout.boxes.filter((box) => view.sees(box, kMargin));
    draw_dots(pen, boxes, props, color);
  }
  show_still(element, sheet);
}

export function GraphCanvas(props: Props): ReactNode {
  const { view } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef<Drawn | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const place = (): void => {
    const at = drawn.current!;
    const scale = view.k / at.k;
    const x = view.x - (at.x + kMargin) * scale;
    const y = view.y - (at.y + kMargin) * scale;
    canvas.current!.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  };
  const draw_now = (inputs: unknown[]): void => {
    draw(canvas.current!, latest.current);
    drawn.current = { x: view.x, y: view.y, k: view.k, inputs };
    place();
  };
  useLayoutEffect(() => {
    const { layout, version, theme } = props;
    const inputs = [layout, version, theme, view.width, view.height, view.level];
    const at = drawn.current;
    const far = at && Math.max(Math.abs(view.x - at.x), Math.abs(view.y - at.y)) > kMargin;
    if (!at || !same(at.inputs, inputs) || (far && at.k === view.k)) {
      draw_now(inputs);
      return undefined;
    }
    place();
    if (at.k === view.k) return undefined;
    const timer = setTimeout(() => draw_now(inputs), kQuietMs);
    return () => clearTimeout(timer);
  });
  const size = { width: view.width + 2 * kMargin, height: view.height + 2 * kMargin };
  return <canvas ref={canvas} className="edges" style={size} aria-hidden="true" />;
}
