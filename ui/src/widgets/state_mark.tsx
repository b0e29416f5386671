// Shapes of the states on a 16 px grid (the word is always beside them or in their title).
import type { ReactNode } from 'react';
import { look } from '../base/state';

const kStrokes: Record<number, string> = {
  6: 'M2 10a6 6 0 0 1 11-2m.6-3.2v3.6h-3.6',
  7: 'M4 1.8h10.2V12',
  8: 'M12.6 4.2A6 6 0 1 0 14 8m-.9-6.2v3h-3',
  9: 'M2 2h12v12H2zM6.3 5.6v4.8m3.4-4.8v4.8',
  10: 'M8 1.8a6.2 6.2 0 1 0 .01 0M4 12l8-8',
};
const kFills: Record<number, string> = {
  2: 'M4 7h2v2H4zm3 0h2v2H7zm3 0h2v2h-2z',
  3: 'M6.4 5.2v5.6L11 8z',
  4: 'M8 1a7 7 0 1 0 .01 0z',
  5: 'M5 1h6l4 4v6l-4 4H5l-4-4V5z',
  6: 'M8 10.6a1.4 1.4 0 1 0 .01 0z',
  7: 'M1 4h11v11H1z',
  8: 'M8 6.5a1.5 1.5 0 1 0 .01 0z',
};
const kCuts: Record<number, string> = {
  4: 'm4.8 8.2 2.2 2.2 4.2-4.6',
  5: 'm5.4 5.4 5.2 5.2m0-5.2-5.2 5.2',
  7: 'm3.6 9.6 2 2 3.6-4',
};

function ring(state: number, share: number | undefined): ReactNode {
  if (state === 3) {
    return (
      <>
        <circle cx="8" cy="8" r="6.2" opacity={share === undefined ? 0.55 : 0.25} />
        {share !== undefined && (
          <circle
            cx="8"
            cy="8"
            r="6.2"
            pathLength="100"
            strokeDasharray={`${share * 100} 100`}
            transform="rotate(-90 8 8)"
          />
        )}
      </>
    );
  }
  if (state === 11) {
    return (
      <>
        <path d="m8 1.4 6.6 6.6L8 14.6 1.4 8z" strokeDasharray="2.4 1.6" />
        <path d="M6.5 6.6c0-2 3-2 3 0 0 1-1.5 1.1-1.5 2.2m0 1.6v.4" />
      </>
    );
  }
  return (
    state <= 2 && (
      <circle cx="8" cy="8" r="6.2" strokeDasharray={state < 2 ? '2.6 2.3' : undefined} />
    )
  );
}

export function StateIcon(props: {
  state: number;
  share?: number | undefined;
  x?: number;
  y?: number;
}): ReactNode {
  const { state } = props;
  return (
    <svg
      className="icon"
      width="16"
      height="16"
      x={props.x}
      y={props.y}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      aria-hidden="true"
      color={`var(--${look(state).token})`}
    >
      {ring(state, props.share)}
      <path d={kStrokes[state]} />
      <path d={kFills[state]} fill="currentColor" stroke="none" />
      <path d={kCuts[state]} stroke="var(--surface)" />
    </svg>
  );
}

export function Pill(props: { state: number; text?: string }): ReactNode {
  const { token, word } = look(props.state);
  return (
    <span className="pill" style={{ color: `var(--${token})`, background: `var(--${token}-bg)` }}>
      <StateIcon state={props.state} /> {props.text ?? word}
    </span>
  );
}
