// Live: the one WebSocket of the page. Owns the connection and where each subscription stands;
// after a break it connects again and asks for what is newer than that. From a server of another
// schema it takes nothing. Lives for as long as the page; it never interprets what a subscription
// carries.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { apart } from '../base/apart';
import { Signal } from '../base/signal';
import { access } from './access';
import {
  ClientFrameSchema,
  ServerMessageSchema,
  type Hello,
  type ServerFrame,
} from './gen/view_pb';
import { may_reload, speaks_our_schema } from './upgrade';

export interface Socket {
  binaryType: string;
  readyState: number;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null;
  send(data: Uint8Array): void;
  close(): void;
}

const kOpen = 1;
const kBackoffMinMs = 250;
const kBackoffMaxMs = 5000;
// The server pulses every second: a line that is silent for this long is a dead one.
const kSilenceMs = 10_000;

// After so long without news, what is shown is not what is.
export const kStaleMs = 30_000;

interface Subscription {
  id: number;
  path: string;
  since: string;
  take: (frame: ServerFrame) => void;
  age_ms: number;
  age_at: number;
}

export interface Handle {
  readonly id: number;
  move(path: string): void; // another view of the same thing, from a snapshot
  close(): void;
}

export class Live {
  readonly signal = new Signal();
  connected = false;
  heard_at = Date.now();
  lost_at = 0; // when the connection broke; 0 while it stands, or never stood
  tries_at = 0; // when it is tried again
  // The version of a server that speaks another schema, '' = none: this page is over.
  other_server = '';
  reloads = false; // which a new one will show
  // The subscription whose source's age the ribbon tells; undefined = the line itself.
  watched: Handle | undefined;
  private readonly subscriptions = new Map<number, Subscription>();
  private next_id = 1;
  private socket: Socket | null = null;
  private backoff = kBackoffMinMs;
  private timer: ReturnType<typeof setTimeout> | undefined;

  // `reload` loads the page again, unless it did just now; false then.
  constructor(
    private readonly connect_socket: () => Socket,
    private readonly reload: () => boolean = () => false,
  ) {}

  start(): void {
    this.connect();
    if (typeof window === 'undefined') return;
    const now = (): void => {
      if (!document.hidden) this.hurry();
    };
    window.addEventListener('online', now);
    document.addEventListener('visibilitychange', now);
    setInterval(() => {
      if (this.connected && Date.now() - this.heard_at > kSilenceMs) this.socket?.close();
    }, 1000);
  }

  hurry(): void {
    if (this.socket || this.other_server !== '') return;
    this.backoff = kBackoffMinMs;
    this.connect();
  }

  subscribe(path: string, take: (frame: ServerFrame) => void): Handle {
    const id = this.next_id++;
    const subscription: Subscription = { id, path, since: '', take, age_ms: 0, age_at: 0 };
    this.subscriptions.set(id, subscription);
    this.ask(subscription);
    return {
      id,
      move: (to: string) => {
        subscription.path = to;
        subscription.since = '';
        this.ask(subscription);
      },
      close: () => {
        if (!this.subscriptions.delete(id)) return;
        this.send({ case: 'unsubscribe', value: { id } });
      },
    };
  }

  // How old what the page shows is, in ms.
  age(now: number): number {
    const line = Math.max(0, now - this.heard_at);
    const watched = this.watched && this.subscriptions.get(this.watched.id);
    if (!watched || watched.age_at === 0) return line;
    return Math.max(line, watched.age_ms + Math.max(0, now - watched.age_at));
  }

  private connect(): void {
    clearTimeout(this.timer);
    const socket = this.connect_socket();
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.connected = true;
      this.lost_at = 0;
      this.heard_at = Date.now();
      for (const subscription of this.subscriptions.values()) this.ask(subscription);
      this.signal.changed();
    };
    socket.onmessage = (event) => {
      const message = fromBinary(ServerMessageSchema, new Uint8Array(event.data));
      for (const frame of message.frames) {
        if (this.socket !== socket) return;
        apart(() => this.take(frame));
      }
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.connected = false;
      if (this.lost_at === 0) this.lost_at = Date.now();
      this.tries_at = Date.now() + this.backoff;
      this.signal.changed();
      this.timer = setTimeout(() => this.connect(), this.backoff);
      this.backoff = Math.min(kBackoffMaxMs, this.backoff * 2);
    };
  }

  private take(frame: ServerFrame): void {
    const now = Date.now();
    this.heard_at = now;
    if (frame.body.case === 'hello') {
      this.backoff = kBackoffMinMs;
      if (!speaks_our_schema(frame.body.value.schemaVersion)) this.leave(frame.body.value);
    }
    if (frame.body.case === 'pulse') {
      for (const entry of frame.body.value.ages) {
        this.set_age(entry.subscription, entry.ageUs, now);
      }
    }
    const subscription = this.subscriptions.get(frame.subscription);
    if (!subscription) return;
    if (frame.position !== '') subscription.since = frame.position;
    this.set_age(frame.subscription, frame.ageUs, now);
    subscription.take(frame);
  }

  private leave(hello: Hello): void {
    const socket = this.socket;
    this.socket = null; // nothing of it is heard any more
    socket?.close();
    this.connected = false;
    this.other_server = hello.serverVersion || String(hello.schemaVersion);
    this.reloads = this.reload();
    this.signal.changed();
  }

  private set_age(id: number, age_us: bigint, now: number): void {
    const subscription = this.subscriptions.get(id);
    if (!subscription) return;
    subscription.age_ms = Number(age_us) / 1000;
    subscription.age_at = now;
  }

  private ask({ id, path, since }: Subscription): void {
    this.send({ case: 'subscribe', value: { id, path, since } });
  }

  private send(
    kind:
      | { case: 'subscribe'; value: { id: number; path: string; since: string } }
      | { case: 'unsubscribe'; value: { id: number } },
  ): void {
    if (this.socket?.readyState !== kOpen) return;
    const frame =
      kind.case === 'subscribe'
        ? create(ClientFrameSchema, {
            kind: {
              case: 'subscribe',
              value: { $typeName: 'telltale.schema.Subscribe', ...kind.value },
            },
          })
        : create(ClientFrameSchema, {
            kind: {
              case: 'unsubscribe',
              value: { $typeName: 'telltale.schema.Unsubscribe', ...kind.value },
            },
          });
    this.socket.send(toBinary(ClientFrameSchema, frame));
  }
}

function reload(): boolean {
  if (!may_reload(sessionStorage, Date.now())) return false;
  location.reload();
  return true;
}

export const live = new Live(() => {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const address = `${scheme}//${location.host}/api/v1/live`;
  const socket = new WebSocket(address, access.protocols());
  socket.addEventListener('error', () => void access.look());
  return socket as unknown as Socket;
}, reload);
