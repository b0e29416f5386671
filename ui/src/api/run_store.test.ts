import { create } from '@bufbuild/protobuf';
import { beforeEach, expect, test, vi } from 'vitest';
import { RunSummarySchema, RunViewSchema, ServerFrameSchema, TaskViewSchema } from './gen/view_pb';
import { RunStore } from './run_store';

beforeEach(() => {
  vi.stubGlobal('requestAnimationFrame', () => 0);
  vi.stubGlobal('cancelAnimationFrame', () => {});
});

test('names and messages of any length are kept short', () => {
  const long = 'x'.repeat(500_000);
  const run = create(RunSummarySchema, { name: long, message: long, failure: long });
  const tasks = [create(TaskViewSchema, { id: 'a', name: long, message: long })];
  const value = create(RunViewSchema, { run, tasks });
  const store = new RunStore('/api/v1/runs/a');
  store.apply(create(ServerFrameSchema, { snapshot: true, body: { case: 'run', value } }));
  const told = [store.run!.name, store.run!.message, store.run!.failure];
  for (const text of [...told, store.tasks.get('a')!.name, store.tasks.get('a')!.message]) {
    expect(text.length).toBeLessThanOrEqual(4000);
    expect(text.endsWith('…')).toBe(true);
  }
});
