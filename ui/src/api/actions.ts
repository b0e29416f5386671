// What the page asks the server to do.

// The answer's body; fails with a sentence for the person who asked.
export async function post(path: string, body?: object): Promise<{ run_key?: string }> {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
  const said = (await answer.json().catch(() => ({}))) as { run_key?: string; detail?: string };
  if (!answer.ok) throw new Error(said.detail ?? `The server answered ${answer.status}.`);
  return said;
}
