// Access: what this browser may do beyond reading. A link carries a code behind the '#', where no
// server and no log sees it; the page changes it for a token once, takes it out of the address, and
// keeps the token in its origin's storage. No cookie: other servers of this host would get that.
import { Signal } from '../base/signal';

const kKept = 'telltale.token';

function kept(): string {
  try {
    return localStorage.getItem(kKept) ?? '';
  } catch {
    return ''; // a browser that keeps nothing: until the page is left
  }
}

export class Access {
  readonly signal = new Signal();
  token = kept();
  problem = ''; // with the link that was opened
  closed = false; // the server shows nothing without a token
  on_change: () => void = () => {};

  start(): void {
    void this.take_code();
    window.addEventListener('hashchange', () => void this.take_code());
    window.addEventListener('storage', ({ key }) => {
      if (key === kKept) this.set(kept());
    });
  }

  // A token that the server does not know (any more) is as good as none.
  drop(token: string): void {
    if (token !== '' && token === this.token) this.keep('');
  }

  forget_problem(): void {
    this.problem = '';
    this.signal.changed();
  }

  // Whether the server refuses to show anything: asked when the live line can't be had.
  async look(): Promise<void> {
    const token = this.token;
    const answer = await fetch('/api/v1/runs?limit=1', { headers: this.headers() }).catch(
      () => null,
    );
    if (!answer) return;
    if (answer.status === 401) this.drop(token);
    this.closed = answer.status === 401;
    this.signal.changed();
  }

  headers(): Record<string, string> {
    return this.token === '' ? {} : { authorization: `Bearer ${this.token}` };
  }

  // For a WebSocket, which takes no headers.
  protocols(): string[] {
    return this.token === '' ? [] : ['telltale', `token.${this.token}`];
  }

  private async take_code(): Promise<void> {
    const told = new URLSearchParams(location.hash.slice(1));
    const code = told.get('code');
    const token = told.get('token'); // one that somebody was given as it is
    if (code === null && token === null) return;
    history.replaceState(history.state, '', location.pathname + location.search);
    if (token !== null) this.keep(token);
    else await this.exchange(code ?? '');
  }

  private async exchange(code: string): Promise<void> {
    const answer = await fetch('/api/v1/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    }).catch(() => null);
    const said = (await answer?.json().catch(() => ({}))) as { token?: string; detail?: string };
    if (answer?.ok && said.token) {
      this.problem = '';
      this.keep(said.token);
    } else {
      this.problem = said?.detail ?? 'The server did not answer to the link. Open it once more.';
      this.signal.changed();
    }
  }

  private keep(token: string): void {
    try {
      if (token === '') localStorage.removeItem(kKept);
      else localStorage.setItem(kKept, token);
    } catch {
      // see kept()
    }
    this.set(token);
  }

  private set(token: string): void {
    if (token === this.token) return;
    this.token = token;
    if (token !== '') this.closed = false;
    this.signal.changed();
    this.on_change();
  }
}

export const access = new Access();
