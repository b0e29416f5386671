// A log that follows its end. Only the lines in view are drawn.
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { bytes, count } from '../base/format';
import { spans_of } from '../base/log_lines';
import type { LogSource } from '../base/sources';
import { use_signal } from '../base/use_signal';

const kLine = 17;

export function LogView(props: { source: LogSource; download: string }): ReactNode {
  const { lines: log, signal, size } = props.source;
  const version = use_signal(signal);
  const box = useRef<HTMLDivElement>(null);
  const [follow, set_follow] = useState(true);
  const [seen, set_seen] = useState(0);
  const [top, set_top] = useState(0);
  const [height, set_height] = useState(300);
  const [query, set_query] = useState('');
  const [at, set_at] = useState(-1);
  const total = log.lines.length + log.dropped;
  const needle = query.toLowerCase();
  const is_hit = (text: string): boolean => needle !== '' && text.toLowerCase().includes(needle);
  useLayoutEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, version, height]);
  useEffect(() => {
    const watch = new ResizeObserver(() => set_height(box.current?.clientHeight ?? 300));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const scrolled = (): void => {
    const element = box.current!;
    set_top(element.scrollTop);
    const end = element.scrollTop + element.clientHeight >= element.scrollHeight - kLine;
    if (!end && follow) set_seen(total);
    set_follow(end);
  };
  const next_hit = (): void => {
    let hit = log.lines.findIndex((line, index) => index > at && is_hit(line.text));
    if (hit < 0) hit = log.lines.findIndex((line) => is_hit(line.text));
    if (hit < 0) return;
    set_at(hit);
    set_seen(total);
    set_follow(false);
    box.current!.scrollTop = Math.max(0, hit * kLine - height / 2);
  };
  const first = Math.max(0, Math.floor(top / kLine) - 8);
  const shown = log.lines.slice(first, first + Math.ceil(height / kLine) + 16);
  return (
    <section className="log" aria-label="Log">
      <header>
        <h3>Log</h3>
        <span className="quiet">
          {count(total)} lines, {bytes(size)}
        </span>
        <input
          type="search"
          placeholder="Search"
          aria-label="Search the log"
          value={query}
          onChange={(event) => {
            set_query(event.target.value);
            set_at(-1);
          }}
          onKeyDown={(event) => event.key === 'Enter' && next_hit()}
        />
        <a href={props.download} download>
          Download
        </a>
        <button
          className={follow ? 'on' : ''}
          aria-pressed={follow}
          onClick={() => {
            set_seen(total);
            set_follow(!follow);
          }}
        >
          {follow ? 'Following' : `↓ ${count(Math.max(0, total - seen))} new`}
        </button>
      </header>
      <div className="lines" ref={box} onScroll={scrolled} tabIndex={0}>
        {total === 0 && <p className="quiet">Nothing written yet.</p>}
        <div style={{ height: log.lines.length * kLine, position: 'relative' }}>
          {shown.map((line, index) => (
            <div
              key={first + index + log.dropped}
              style={{ top: (first + index) * kLine }}
              className={[
                'line',
                line.level,
                line.overwritten ? 'over' : '',
                is_hit(line.text) ? 'hit' : '',
              ].join(' ')}
            >
              <span className="number">{first + index + 1 + log.dropped}</span>
              {spans_of(line).map((span, part) => (
                <span key={part} className={span.style}>
                  {span.text}
                </span>
              ))}
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}
