// The time as far as it is known of what is watched: after half a minute without news it stands
// still at the last ones, and with it every clock that counts along.
import { use_now } from '../base/use_signal';
import { kStaleMs, live } from './live';

export function use_heard_now(ended: boolean): { now: number; stale: boolean } {
  const now = use_now(1000, !ended);
  const age = ended ? 0 : live.age(now);
  return age > kStaleMs ? { now: now - age, stale: true } : { now, stale: false };
}
