// From Chromium's trace to the moment a value could be seen. The probe in the page leaves a user
// timing mark when it has handed a value to the canvas; Chromium's frame reporter tells of each
// frame when its main thread's work was committed and when it was presented. The frame that shows
// a mark is the first whose commit began after it. All times are CLOCK_MONOTONIC in µs.

export const kCategories = ['blink.user_timing', 'disabled-by-default-devtools.timeline.frame'];
const kMark = 'shown ';
const kCommit = 'Commit';
const kPresented = 'SwapEndToPresentationCompositorFrame';

// Runs in the page before anything of its own: marks each value that chart `id` says it has drawn.
export function probe({ id, mark }) {
  new MutationObserver(() => {
    const chart = document.querySelector(`[data-series="${id}"]`);
    if (!chart || chart.dataset.last === window.last_marked) return;
    window.last_marked = chart.dataset.last;
    performance.mark(mark + chart.dataset.last);
    performance.clearMarks();
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-last'] });
}
export const probe_of = (id) => [probe, { id, mark: kMark }];

// The frames of one process in the order of their commits: {commit, presented}; those that showed
// nothing new to anybody are left out.
function frames_of(events, pid) {
  const open = new Map();
  const frames = [];
  for (const { name, ph, ts, id2, pid: of } of events) {
    if (of !== pid || id2 === undefined) continue;
    if (name === 'PipelineReporter' && ph === 'b') {
      const frame = {};
      open.set(id2.local, frame);
      frames.push(frame);
    }
    const frame = open.get(id2.local);
    if (!frame) continue;
    if (name === kCommit && ph === 'b') frame.commit = ts;
    if (name === kPresented && ph === 'e') frame.presented = ts;
  }
  return frames.filter((frame) => frame.commit).sort((a, b) => a.commit - b.commit);
}

// What a block of points became: for point first+i, called at called_us[i], how long until its
// value had been drawn (`drawn_ms`) and until a frame with it was presented (`presented_ms`).
// A value that shares its frame with later ones is seen when they are. Throws on a point that no
// frame showed.
export function latencies(trace, first, called_us) {
  const { traceEvents: events } = JSON.parse(trace);
  const marks = events
    .filter((event) => event.name.startsWith(kMark))
    .map((event) => ({ ...event, number: Number(event.name.slice(kMark.length)) }))
    .filter(({ number }) => number >= first)
    .sort((a, b) => a.ts - b.ts);
  const frames = frames_of(events, marks[0]?.pid);
  const samples = [];
  let at = 0;
  for (const { ts, number } of marks) {
    while (at < frames.length && frames[at].commit < ts) at += 1;
    // A dropped frame's content is seen with the next one that is presented.
    const presented = frames.slice(at).find((frame) => frame.presented)?.presented;
    if (presented === undefined) throw new Error(`no frame shows point ${number}`);
    while (samples.length < called_us.length && samples.length <= number - first) {
      const called = called_us[samples.length];
      samples.push({ drawn_ms: (ts - called) / 1000, presented_ms: (presented - called) / 1000 });
    }
  }
  if (samples.length !== called_us.length) {
    throw new Error(`${called_us.length - samples.length} points were never drawn`);
  }
  return samples;
}
