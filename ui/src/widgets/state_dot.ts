// A state as one small mark: for tasks too many or too small for an icon. Shape tells as much as
// colour: done is a square, running one half filled, failed a cross larger than its cell, retrying
// a ring, waiting a small point.
import { has_started, kFailed, kRetrying, kRunning } from '../base/state';

export function draw_mark(
  pen: OffscreenCanvasRenderingContext2D,
  state: number,
  color: string,
  x: number,
  y: number,
  size: number,
): void {
  pen.fillStyle = color;
  pen.strokeStyle = color;
  const gap = size > 5 ? size * 0.12 : 0.5;
  const [left, top, side] = [x + gap, y + gap, size - 2 * gap];
  if (state === kFailed) {
    pen.lineWidth = Math.max(1.5, size * 0.2);
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x + size, y);
    pen.lineTo(x, y + size);
    pen.stroke();
  } else if (state === kRunning) {
    pen.lineWidth = Math.max(1, size * 0.1);
    const half = pen.lineWidth / 2;
    pen.strokeRect(left + half, top + half, side - 2 * half, side - 2 * half);
    pen.fillRect(left, top + side / 2, side, side / 2);
  } else if (state === kRetrying) {
    pen.lineWidth = Math.max(1, size * 0.16);
    pen.beginPath();
    pen.arc(x + size / 2, y + size / 2, side / 2 - pen.lineWidth / 2, 0, 7);
    pen.stroke();
  } else if (has_started(state)) {
    pen.fillRect(left, top, side, side);
  } else {
    const point = Math.max(1.2, size * 0.22);
    pen.fillRect(x + (size - point) / 2, y + (size - point) / 2, point, point);
  }
}
