// LogRows: the lines of a log that are in view, at their places; wrapped ones in a column.
import { memo, useEffect, useState, type ReactNode, type RefObject } from 'react';
import { spans_of, type Line, type LogLines } from '../base/log_lines';

export const kLine = 17; // px
export const kWrappedMost = 3000;
const kMargin = 12; // lines drawn above and below the view

interface Props {
  log: LogLines;
  wrap: boolean;
  numbered: boolean;
  box: RefObject<HTMLDivElement | null>; // what scrolls
  needle: string; // lower case, '' = none
  current: number; // the line a search stands at
}

// A line that is there stays as it is: only new ones, and the one being written, are drawn again.
const Row = memo(function Row(props: {
  line: Line;
  at: number;
  number: string;
  hit: string;
  top?: number;
}): ReactNode {
  const { line } = props;
  return (
    <div
      data-line={props.at}
      className={['line', line.level, line.overwritten ? 'over' : '', props.hit].join(' ')}
      style={props.top === undefined ? undefined : { top: props.top }}
    >
      <span className="line-number" aria-hidden="true">
        {props.number}
      </span>
      <span className="text">
        {spans_of(line).map((span, part) =>
          span.style === '' ? (
            span.text
          ) : (
            <span key={part} className={span.style}>
              {span.text}
            </span>
          ),
        )}
      </span>
    </div>
  );
});

export function LogRows(props: Props): ReactNode {
  const { log, wrap, box, needle } = props;
  const [view, set_view] = useState({ top: 0, height: 400 });
  useEffect(() => {
    const element = box.current!;
    const look = (): void =>
      set_view((old) =>
        old.top === element.scrollTop && old.height === element.clientHeight
          ? old
          : { top: element.scrollTop, height: element.clientHeight },
      );
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [box]);
  const total = log.lines.length;
  const first = wrap
    ? Math.max(0, total - kWrappedMost)
    : Math.max(0, Math.min(total, Math.floor(view.top / kLine)) - kMargin);
  const last = wrap ? total : Math.min(total, first + Math.ceil(view.height / kLine) + 2 * kMargin);
  const rows: ReactNode[] = [];
  for (let at = first; at < last; at += 1) {
    const line = log.lines[at]!;
    const is_hit = needle !== '' && line.text.toLowerCase().includes(needle);
    rows.push(
      <Row
        key={at + log.dropped}
        line={line}
        at={at}
        number={props.numbered ? String(at + 1 + log.dropped) : ''}
        hit={at === props.current ? 'hit current' : is_hit ? 'hit' : ''}
        {...(wrap ? {} : { top: at * kLine })}
      />,
    );
  }
  if (wrap) return <div className="rows">{rows}</div>;
  return (
    <div className="rows" style={{ height: total * kLine }}>
      {rows}
    </div>
  );
}
