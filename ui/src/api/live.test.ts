import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  ClientFrameSchema,
  RunViewSchema,
  ServerFrameSchema,
  ServerMessageSchema,
  TaskViewSchema,
  type ClientFrame,
  type ServerFrame,
} from './gen/view_pb';
import { kSchemaVersion } from './gen/version';
import { Live, type Socket } from './live';
import { RunStore } from './run_store';

class FakeSocket implements Socket {
  binaryType = '';
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  readonly sent: ClientFrame[] = [];
  send(data: Uint8Array): void {
    this.sent.push(fromBinary(ClientFrameSchema, data));
  }
  closed = false;
  close(): void {
    this.closed = true;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  hear(frames: ServerFrame[]): void {
    const message = create(ServerMessageSchema, { frames });
    this.onmessage?.({ data: toBinary(ServerMessageSchema, message).slice().buffer });
  }
  say(position: string, snapshot: boolean, ids: string[], removedTasks: string[] = []): void {
    const tasks = ids.map((id) => create(TaskViewSchema, { id }));
    const value = create(RunViewSchema, { tasks, removedTasks });
    const frame = create(ServerFrameSchema, {
      subscription: 1,
      position,
      snapshot,
      body: { case: 'run', value },
    });
    this.hear([frame]);
  }
}

beforeEach(() => {
  vi.stubGlobal('requestAnimationFrame', () => 0);
  vi.stubGlobal('cancelAnimationFrame', () => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('deltas merge by id, tombstones delete, and a new connection asks for what is newer', () => {
  vi.useFakeTimers();
  const sockets: FakeSocket[] = [];
  const live = new Live(() => {
    sockets.push(new FakeSocket());
    return sockets[sockets.length - 1]!;
  });
  const store = new RunStore('/api/v1/runs/a');
  store.open(live);
  live.start();
  const first = sockets[0]!;
  first.open();
  expect(first.sent[0]?.kind.value).toMatchObject({ id: 1, path: '/api/v1/runs/a', since: '' });
  first.say('7', true, ['a', 'b']);
  first.say('9', false, ['c'], ['a']);
  expect([...store.tasks.keys()]).toEqual(['b', 'c']);

  first.onclose?.();
  expect(live.connected).toBe(false);
  vi.advanceTimersByTime(250);
  const second = sockets[1]!;
  second.open();
  expect(second.sent[0]?.kind.value).toMatchObject({ id: 1, since: '9' });
  second.say('10', true, ['d']);
  expect([...store.tasks.keys()]).toEqual(['d']);
});

test('the frames of one message are taken in their order, each by its subscription', () => {
  const socket = new FakeSocket();
  const live = new Live(() => socket);
  const heard: string[] = [];
  const first = live.subscribe('/api/v1/runs/a', ({ position }) => heard.push(`a ${position}`));
  const second = live.subscribe('/api/v1/runs/b', ({ position }) => heard.push(`b ${position}`));
  live.start();
  socket.open();
  const frame = (subscription: number, position: string): ServerFrame =>
    create(ServerFrameSchema, { subscription, position });
  const pulse = create(ServerFrameSchema, { body: { case: 'pulse', value: {} } });
  socket.hear([frame(second.id, '3'), pulse, frame(first.id, '4'), frame(second.id, '5')]);
  expect(heard).toEqual(['b 3', 'a 4', 'b 5']);
});

function hello(schemaVersion: number): ServerFrame {
  const value = { schemaVersion, serverVersion: '9.0.0' };
  return create(ServerFrameSchema, { body: { case: 'hello', value } });
}

for (const reloads of [true, false]) {
  test(`of a server of another schema nothing is taken, reload ${reloads}`, () => {
    vi.useFakeTimers();
    const sockets: FakeSocket[] = [];
    let asked = 0;
    const live = new Live(
      () => {
        sockets.push(new FakeSocket());
        return sockets[sockets.length - 1]!;
      },
      () => {
        asked += 1;
        return reloads;
      },
    );
    let heard = 0;
    const { id } = live.subscribe('/api/v1/runs/a', () => (heard += 1));
    live.start();
    const socket = sockets[0]!;
    socket.open();
    const news = create(ServerFrameSchema, { subscription: id, position: '3' });
    socket.hear([hello(kSchemaVersion), news]);
    expect([heard, live.other_server]).toEqual([1, '']);

    socket.hear([hello(kSchemaVersion + 1), news]);
    socket.hear([news]);
    socket.onclose?.();
    live.hurry();
    vi.advanceTimersByTime(60_000);
    expect(heard).toBe(1);
    expect(live.other_server).toBe('9.0.0');
    expect(live.reloads).toBe(reloads);
    expect([asked, socket.closed, sockets.length]).toEqual([1, true, 1]);
  });
}
