// How the lines of a chart tell themselves apart.
import type { ChartLine } from './line_plot';

// Colours and dash patterns in the order in which series are picked.
const kDashes: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 3],
  [8, 3, 2, 3],
  [1, 3],
  [11, 3],
  [6, 2, 1, 2],
  [4, 3],
];

export function line_look(place: number): Pick<ChartLine, 'color' | 'dash' | 'faint'> {
  if (place >= kDashes.length) return { color: 'ink3', dash: [], faint: true };
  return { color: `c${place + 1}`, dash: kDashes[place]!, faint: false };
}
