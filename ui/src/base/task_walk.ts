// Walking a run's tasks: who stands in what, who leads where, and the neighbour an arrow key means.
// Pure; knows of a task only what it needs.

export interface WalkTask {
  id: string;
  parentId: string;
  dependsOn: readonly string[];
  kind: number; // GraphTask.Kind: 0 is a task, 1 a loop
  index: number;
}

export interface Box {
  taskId: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Tasks<T extends WalkTask> = ReadonlyMap<string, T>;

// Of each group its children, in item order, else as they became known.
export function children_of<T extends WalkTask>(tasks: Tasks<T>): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const task of tasks.values()) {
    const parent = tasks.has(task.parentId) ? task.parentId : '';
    const siblings = found.get(parent);
    if (siblings) siblings.push(task);
    else found.set(parent, [task]);
  }
  for (const siblings of found.values()) {
    if (siblings.some((task) => task.index > 0)) siblings.sort((a, b) => a.index - b.index);
  }
  return found;
}

// The tasks that stand anywhere below `id`, in item order.
export function tasks_below<T extends WalkTask>(
  children: ReadonlyMap<string, readonly T[]>,
  id: string,
): T[] {
  const found: T[] = [];
  const seen = new Set([id]);
  const stack = [...(children.get(id) ?? [])].reverse();
  for (let task = stack.pop(); task; task = stack.pop()) {
    if (seen.has(task.id)) continue;
    seen.add(task.id);
    if (task.kind === 0) found.push(task);
    else stack.push(...[...(children.get(task.id) ?? [])].reverse());
  }
  return found;
}

// The groups a task stands in, the innermost first. Events may tell of groups that stand in each
// other: each is met once.
export function* groups_of<T extends WalkTask>(
  tasks: Tasks<T>,
  task: Pick<WalkTask, 'id' | 'parentId'>,
): Generator<T> {
  const seen = new Set([task.id]);
  for (let at = tasks.get(task.parentId); at && !seen.has(at.id); at = tasks.get(at.parentId)) {
    seen.add(at.id);
    yield at;
  }
}

// The box a task is drawn in: its own, or that of the loop it is folded into.
export function drawn_in<T extends WalkTask>(
  tasks: Tasks<T>,
  boxes: ReadonlyMap<string, Box>,
  id: string,
): string {
  const task = tasks.get(id);
  if (!task || boxes.has(id)) return task ? id : '';
  for (const group of groups_of(tasks, task)) if (boxes.has(group.id)) return group.id;
  return '';
}

export type Direction = 'up' | 'down' | 'left' | 'right';

// Along an edge for up and down, where there is one; else the nearest box that way.
export function neighbour(
  boxes: readonly Box[],
  edges: readonly { from: string; to: string }[],
  from: string,
  direction: Direction,
): string {
  const start = boxes.find((box) => box.taskId === from);
  if (!start) return boxes[0]?.taskId ?? '';
  const middle = (box: Box): [number, number] => [box.x + box.width / 2, box.y + box.height / 2];
  const [x, y] = middle(start);
  const vertical = direction === 'up' || direction === 'down';
  const sign = direction === 'down' || direction === 'right' ? 1 : -1;
  const linked = new Set(
    edges.flatMap((edge) =>
      direction === 'down' && edge.from === from
        ? [edge.to]
        : direction === 'up' && edge.to === from
          ? [edge.from]
          : [],
    ),
  );
  let best = '';
  let best_cost = Infinity;
  for (const box of boxes) {
    if (box.taskId === from) continue;
    const [bx, by] = middle(box);
    const along = (vertical ? by - y : bx - x) * sign;
    const aside = Math.abs(vertical ? bx - x : by - y);
    if (along <= 0 && !linked.has(box.taskId)) continue;
    // What an edge leads to comes first; sideways stays within the row.
    const cost = along + aside * (vertical ? 1 : 6) - (linked.has(box.taskId) ? 1e6 : 0);
    if (cost < best_cost) {
      best_cost = cost;
      best = box.taskId;
    }
  }
  return best;
}

// Each task after all it waits for; in a circle, as they became known.
export function in_order<T extends WalkTask>(tasks: readonly T[]): T[] {
  const known = new Map(tasks.map((task) => [task.id, task]));
  const done = new Set<string>();
  const order: T[] = [];
  // By hand, not by recursion: a chain of thousands is no deeper than a short one.
  const stack: { task: T; next: number }[] = [];
  for (const first of tasks) {
    if (done.has(first.id)) continue;
    done.add(first.id);
    stack.push({ task: first, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const id = top.task.dependsOn[top.next++];
      const other = id === undefined ? undefined : known.get(id);
      if (id === undefined) {
        order.push(top.task);
        stack.pop();
      } else if (other && !done.has(id)) {
        done.add(id);
        stack.push({ task: other, next: 0 });
      }
    }
  }
  return order;
}
