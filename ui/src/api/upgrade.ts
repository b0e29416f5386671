// What the page does where the server speaks another schema, as after an upgrade: it loads itself
// again, from that server. Not twice within minutes: behind one address there may be servers of two
// versions, and a page that goes on loading is none.
import { kSchemaVersion } from './gen/version';

const kReloadedAt = 'telltale.reloaded_at';
const kToTell = 'telltale.reloaded_to_tell';
const kNotWithinMs = 600_000;

type Memory = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export function speaks_our_schema(version: number): boolean {
  return version === kSchemaVersion;
}

// Whether the page may load itself again, which is then remembered.
export function may_reload(memory: Memory, now: number): boolean {
  const before = Number(memory.getItem(kReloadedAt) ?? Number.NaN);
  if (Math.abs(now - before) < kNotWithinMs) return false;
  memory.setItem(kReloadedAt, String(now));
  memory.setItem(kToTell, 'yes');
  return true;
}

// Whether that is why the page was loaded; true once.
export function was_reloaded(memory: Memory): boolean {
  const told = memory.getItem(kToTell) !== null;
  memory.removeItem(kToTell);
  return told;
}
