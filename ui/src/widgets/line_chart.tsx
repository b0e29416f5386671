// LineChart: series as lines that grow. Lines change in the same frame as the data, and not by
// React. Values stand above, in a fixed place: those at the cursor, else the last ones. A
// drag looks closer (the source answers with finer points), a double click looks at all again.
import { useEffect, useRef, type ReactNode } from 'react';
import { metric } from '../base/format';
import { Signal } from '../base/signal';
import type { StepRange } from '../base/sources';
import { Plot, type ChartLine, type ChartLook } from './line_plot';
import './line_chart.css';

interface Props {
  title: string;
  lines: readonly ChartLine[];
  look: ChartLook;
  range?: StepRange | undefined;
  set_range?: (range: StepRange | undefined) => void;
  children?: ReactNode; // stands right of the title
}

function Swatch(props: { line: ChartLine }): ReactNode {
  const { color, dash } = props.line;
  return (
    <svg className="swatch" width="18" height="8" aria-hidden="true">
      <path
        d="M0 4h18"
        stroke={`var(--${color})`}
        strokeWidth="2"
        strokeDasharray={dash.join(' ')}
      />
    </svg>
  );
}

const kNumbersMs = 100;

// A text that is there is changed, not replaced: that is half the work for the browser.
function write_text(element: Element, text: string): void {
  const node = element.firstChild;
  if (node instanceof Text) node.data = text;
  else element.textContent = text;
}

export default function LineChart(props: Props): ReactNode {
  const { lines, look, range } = props;
  const box = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLSpanElement>(null);
  const note = useRef<HTMLParagraphElement>(null);
  const asked = useRef(props.set_range);
  asked.current = props.set_range;
  const ids = lines.map((line) => `${line.source.id} ${line.color} ${line.growing}`).join('|');
  const kind = JSON.stringify(look);
  useEffect(() => {
    const plot = new Plot(box.current!, lines, look, range, (wanted) => asked.current?.(wanted));
    const values = [...legend.current!.querySelectorAll<HTMLElement>('[data-series]')];
    const by_id = new Map(values.map((element) => [element.dataset.series, element]));
    // A line grows with each point; a number that changes faster than it is read is written rarely.
    let value_at = (line: ChartLine): number => line.source.last;
    const numbers = new Signal(kNumbersMs);
    const stop_writing = numbers.listen(() => {
      for (const line of lines) {
        const element = by_id.get(line.source.id)?.querySelector('b');
        if (element) write_text(element, line.source.total > 0 ? metric(value_at(line)) : '');
      }
    });
    plot.on_drawn = () => {
      write_text(note.current!, plot.nothing);
      box.current!.dataset.y = plot.y_limits.join(' ');
      for (const line of lines) {
        const element = by_id.get(line.source.id);
        if (!element) continue;
        element.dataset.points = String(line.source.total);
        element.dataset.last = String(line.source.last);
      }
    };
    plot.on_values = (at, pointed) => {
      value_at = at;
      if (pointed) numbers.hurry();
      numbers.changed();
    };
    plot.draw();
    const stops = lines.map((line) => line.source.signal.listen(plot.draw_soon));
    return () => {
      stops.forEach((stop) => stop());
      stop_writing();
      plot.close();
    };
  }, [ids, kind, range?.from, range?.to]);
  const named = lines.filter((line) => !line.faint);
  const single = lines.length === 1;
  return (
    <figure className="chart" aria-label={props.title}>
      <figcaption>
        <span className="title">{props.title}</span>
        <span className="values" ref={legend}>
          {lines.map((line) => (
            <span
              key={line.source.id}
              data-series={line.source.id}
              hidden={line.faint}
              title={single ? undefined : line.name}
            >
              {!single && <Swatch line={line} />}
              {!single && <span className="name">{line.name}</span>}{' '}
              <b className="number" style={{ color: `var(--${line.color})` }} />
            </span>
          ))}
          {named.length < lines.length && (
            <span className="quiet">{lines.length - named.length} more in grey</span>
          )}
        </span>
        <span className="space" />
        {props.children}
      </figcaption>
      <div ref={box} className="plot" style={{ height: look.height }}>
        <p ref={note} className="nothing" />
      </div>
    </figure>
  );
}
