// ask_for_frame: a frame of the browser that is shown with the next tick of the screen. One that
// begins late between two ticks is drawn across the next and shown with the one after it; and so is
// each frame behind it, until a tick has none. So what comes late is drawn in the next frame, and
// after a frame that was drawn across a tick the next one stays empty.

// Of the time between two ticks: what begins after it would hardly be ready by the next one.
const kLate = 0.75;
const kAcross = 0.9; // what is done by then is shown in time

let period_ms = 1000 / 60;
let tick = -Infinity; // of the last frame that was drawn
let across = false; // whether it was drawn across the next one

function note_tick(at: number): void {
  const since = at - tick;
  // Two frames that follow each other tell of a faster screen.
  if (since > 2 && since < 0.75 * period_ms) period_ms = 1000 / Math.round(1000 / since);
  tick = at;
}

function should_stay_empty(at: number): boolean {
  const follows = at - tick < 1.5 * period_ms;
  return (across && follows) || performance.now() - at > kLate * period_ms;
}

// Calls `draw` in a frame, once; the answer takes that back.
export function ask_for_frame(draw: () => void): () => void {
  const draw_in = (at: number): void => {
    note_tick(at);
    // When it is on its way to the screen, and before what `draw` leaves for then.
    setTimeout(() => (across = performance.now() - at > kAcross * period_ms));
    draw();
  };
  let frame = requestAnimationFrame((at) => {
    if (should_stay_empty(at)) frame = requestAnimationFrame(draw_in);
    else draw_in(at);
  });
  return () => cancelAnimationFrame(frame);
}
