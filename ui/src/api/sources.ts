// How the server's sources stand, for whoever shows them. Asked every few seconds and not followed
// by a stream: a browser has six connections to a server for all of its tabs.
import { useEffect } from 'react';
import type { Source } from '../base/cluster';
import { Signal } from '../base/signal';
import { use_signal } from '../base/use_signal';
import { access } from './access';
import { live } from './live';

const kAskMs = 3000;

class Sources {
  readonly signal = new Signal();
  all: readonly Source[] = [];
  loaded = false; // an answer came, whatever it was
  private users = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private told = '';

  open(): () => void {
    this.users += 1;
    if (this.users === 1) void this.ask();
    return () => {
      this.users -= 1;
      if (this.users === 0) clearTimeout(this.timer);
    };
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    // Without a connection there is another line that says so.
    if (live.connected && !document.hidden) await this.read().catch(() => undefined);
    clearTimeout(this.timer);
    if (this.users > 0) this.timer = setTimeout(() => void this.ask(), this.loaded ? kAskMs : 100);
  }

  private async read(): Promise<void> {
    const answer = await fetch('/api/v1/sources', { headers: access.headers() });
    const text = answer.ok ? await answer.text() : '{}';
    if (this.loaded && text === this.told) return;
    this.told = text;
    this.all = (JSON.parse(text) as { sources?: Source[] }).sources ?? [];
    this.loaded = true;
    this.signal.changed();
  }
}

export const sources = new Sources();

export function use_sources(): readonly Source[] {
  useEffect(() => {
    return sources.open();
  }, []);
  use_signal(sources.signal);
  return sources.all;
}
