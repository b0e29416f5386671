// Commands that the page prints: each works as it stands, whatever the server's address.

// Where the commands look for a server when they are told of none.
const kUsual = 'http://127.0.0.1:8080';

export function command(words: string, origin = location.origin): string {
  return origin === kUsual ? `build/telltale ${words}` : `build/telltale ${words} --url ${origin}`;
}
