// Small drawings of the page's controls, on a 16 px grid. Their words stand beside them or in
// their button's name.
import type { ReactNode } from 'react';

const kPaths = {
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.8 10.8L14 14',
  wrap: 'M2 4h12M2 8h9a2.5 2.5 0 0 1 0 5H8m2-2-2 2 2 2M2 13h3',
  download: 'M8 2v8m-3.4-3L8 10.4 11.4 7M3 13.5h10',
  end: 'M8 2.5v9m-3.6-3.4L8 11.7l3.6-3.6',
  moon: 'M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z',
  sun: 'M8 5a3 3 0 1 0 .01 0zM8 1v2m0 10v2M1 8h2m10 0h2M3 3l1 1m8 8 1 1m0-10-1 1m-8 8-1 1',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  check: 'M3 8.5l3.2 3.2L13 4.6',
  up: 'M8 13V3.5m-4 4 4-4 4 4',
  open: 'm6 3.5 4.5 4.5L6 12.5',
} as const;

export type IconName = keyof typeof kPaths;

export function Icon(props: { name: IconName }): ReactNode {
  return (
    <svg
      className="icon"
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={kPaths[props.name]} />
    </svg>
  );
}
