// What the page asks the server to do.
import { access } from './access';

interface Said {
  id?: string;
  run_key?: string;
  url?: string;
  detail?: string;
}

// The address of something that the browser fetches by itself, and so without a token.
export async function signed(path: string): Promise<string> {
  const { url } = await post('/api/v1/signed', { path });
  return url ?? path;
}

export const post = (path: string, body?: object): Promise<Said> => ask('POST', path, body);

export const remove = (path: string): Promise<Said> => ask('DELETE', path);

// The answer's body; fails with a sentence for the person who asked.
async function ask(method: string, path: string, body?: object): Promise<Said> {
  const token = access.token;
  const answer = await fetch(path, {
    method,
    headers: { 'content-type': 'application/json', ...access.headers() },
    body: JSON.stringify(body ?? {}),
  });
  const said = (await answer.json().catch(() => ({}))) as Said;
  if (answer.status === 401) access.drop(token);
  if (!answer.ok) throw new Error(said.detail ?? `The server answered ${answer.status}.`);
  return said;
}
