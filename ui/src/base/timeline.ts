// When tasks ran, as rows of a timeline: lanes for what ran side by side, the path that decided how
// long the whole took, and round places for the ticks of its axis. Pure; times in ms.
export interface Span {
  id: string;
  start: number;
  end: number;
}

// Of each span the lane it lies in, so that no two of a lane overlap; as few lanes as there were
// spans at once.
export function lanes_of(spans: readonly Span[]): { lane: Map<string, number>; count: number } {
  const lane = new Map<string, number>();
  const free_at: number[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || a.end - b.end)) {
    let at = free_at.findIndex((end) => end <= span.start);
    if (at < 0) at = free_at.length;
    free_at[at] = Math.max(span.end, span.start + 1);
    lane.set(span.id, at);
  }
  return { lane, count: free_at.length };
}

// From what ended last back along what each waited for the longest: shortening anything else would
// not have ended it sooner.
export function critical_path(
  spans: ReadonlyMap<string, Span>,
  waits_for: (id: string) => readonly string[],
): Set<string> {
  let at: Span | undefined;
  for (const span of spans.values()) if (!at || span.end > at.end) at = span;
  const path = new Set<string>();
  while (at && !path.has(at.id)) {
    path.add(at.id);
    let next: Span | undefined;
    for (const id of waits_for(at.id)) {
      const span = spans.get(id);
      if (span && (!next || span.end > next.end)) next = span;
    }
    at = next;
  }
  return path;
}

const kSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400,
].map((seconds) => seconds * 1000);

const kDay = 86_400_000;
const kTickApartPx = 8;

// Whole multiples of a round step, for an axis `width` px wide whose labels take up to `label` px:
// none touches another, nor reaches over an end.
export function ticks_that_fit(span: Omit<Span, 'id'>, width: number, label: number): number[] {
  const { start, end } = span;
  const each = ((label + kTickApartPx) / width) * (end - start);
  const half = (label / 2 / width) * (end - start);
  if (!(each > 0) || label > width) return [];
  const step = kSteps.find((one) => one >= each) ?? Math.ceil(each / kDay) * kDay;
  // Along the wall clock of who looks, so that ticks stand at full minutes and hours.
  const shift = (new Date(start).getTimezoneOffset() || 0) * 60_000;
  const found: number[] = [];
  for (let at = Math.ceil((start + half - shift) / step) * step + shift; at <= end - half;) {
    found.push(at);
    at += step;
  }
  return found;
}
