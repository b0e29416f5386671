import { expect, test } from 'vitest';
import {
  children_of,
  drawn_in,
  groups_of,
  in_order,
  neighbour,
  tasks_below,
  type WalkTask,
} from './task_walk';

function task(id: string, parentId = '', more: Partial<WalkTask> = {}): WalkTask {
  return { id, parentId, dependsOn: [], kind: 0, index: 0, ...more };
}

function map(tasks: WalkTask[]): Map<string, WalkTask> {
  return new Map(tasks.map((one) => [one.id, one]));
}

test('the tasks of a loop come in item order, however they became known', () => {
  const tasks = map([
    task('loop', '', { kind: 1 }),
    task('second', 'loop', { kind: 2, index: 1 }),
    task('b', 'second'),
    task('first', 'loop', { kind: 2, index: 0 }),
    task('a', 'first'),
  ]);
  const below = tasks_below(children_of(tasks), 'loop');
  expect(below.map((one) => one.id)).toEqual(['a', 'b']);
  const boxes = new Map([['loop', { taskId: 'loop', x: 0, y: 0, width: 1, height: 1 }]]);
  expect(drawn_in(tasks, boxes, 'b')).toBe('loop');
});

test('each task stands after what it waits for, also in a chain of twenty thousand', () => {
  const chain = Array.from({ length: 20_000 }, (_, at) =>
    task(`t${at}`, '', { dependsOn: at > 0 ? [`t${at - 1}`] : [] }),
  );
  const order = in_order([...chain].reverse());
  expect(order.map((one) => one.id)).toEqual(chain.map((one) => one.id));
});

test('a circle ends', () => {
  const a = task('a', '', { dependsOn: ['b'] });
  const b = task('b', '', { dependsOn: ['a'] });
  expect(in_order([a, b])).toHaveLength(2);
});

test('down follows an edge even where another box is nearer', () => {
  const box = (taskId: string, x: number, y: number) => ({ taskId, x, y, width: 100, height: 40 });
  const boxes = [box('top', 0, 0), box('near', 0, 80), box('far', 400, 80), box('right', 120, 0)];
  const edges = [{ from: 'top', to: 'far' }];
  expect(neighbour(boxes, edges, 'top', 'down')).toBe('far');
  expect(neighbour(boxes, edges, 'far', 'up')).toBe('top');
  expect(neighbour(boxes, edges, 'top', 'right')).toBe('right');
  expect(neighbour(boxes, edges, 'top', 'up')).toBe('');
});

test('groups that stand in each other are walked once', () => {
  const tasks = map([
    task('a', 'b', { kind: 1 }),
    task('b', 'a', { kind: 1 }),
    task('own', 'own', { kind: 1 }),
    task('leaf', 'a'),
  ]);
  const ids = (id: string) => [...groups_of(tasks, tasks.get(id)!)].map((one) => one.id);
  expect(ids('leaf')).toEqual(['a', 'b']);
  expect(ids('a')).toEqual(['b']);
  expect(ids('own')).toEqual([]);
  expect(drawn_in(tasks, new Map(), 'leaf')).toBe('');
  expect(tasks_below(children_of(tasks), 'a').map((one) => one.id)).toEqual(['leaf']);
});
