// LogView: a log that follows its end. Only the lines in view are drawn; scrolling up stops
// following, the end starts it again. Every key and button works without the others.
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { bytes, count, plural } from '../base/format';
import { use_keys } from '../base/keys';
import type { LogSource } from '../base/sources';
import { use_signal } from '../base/use_signal';
import { IconButton, SearchField } from './controls';
import { Icon } from './icon';
import { kLine, LogRows, kWrappedMost } from './log_rows';
import './log_view.css';

interface Props {
  source: LogSource;
  live: boolean; // more may come
  at_error: boolean; // opens at its first error rather than at its end
  children?: ReactNode; // stands after the title: which attempt
}

function download(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = '';
  link.click();
}

function Download({ source }: { source: LogSource }): ReactNode {
  return (
    <a
      className="icon-link"
      href={source.download}
      download
      onClick={(event) => {
        const signed = source.signed_download?.();
        if (!signed) return;
        event.preventDefault();
        void signed.then(download);
      }}
      aria-label="Download the whole log"
      title="Download the whole log"
    >
      <Icon name="download" />
    </a>
  );
}

export function LogView(props: Props): ReactNode {
  const { source } = props;
  const { lines: log } = source;
  const version = use_signal(source.signal);
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [follow, set_follow] = useState(!props.at_error);
  const [seen, set_seen] = useState(0);
  const [wrap, set_wrap] = useState(false);
  const [query, set_query] = useState('');
  const [hit, set_hit] = useState(-1); // of hits
  const total = log.lines.length + log.dropped;
  const appended = total - log.prepended;

  const hits = useMemo(() => {
    const needle = query.toLowerCase();
    if (needle === '') return [];
    const found: number[] = [];
    log.lines.forEach((line, at) => line.text.toLowerCase().includes(needle) && found.push(at));
    return found;
  }, [query, version]);
  const first_error = useMemo(
    () => log.lines.findIndex((line) => line.level === 'error'),
    [version, log],
  );

  const show_line = (at: number): void => {
    set_follow(false);
    set_seen(appended);
    const element = box.current!;
    const row = element.querySelector<HTMLElement>(`[data-line="${at}"]`);
    if (wrap && row) row.scrollIntoView({ block: 'center' });
    else element.scrollTop = Math.max(0, at * kLine - element.clientHeight / 2);
  };
  const go_to_end = (): void => {
    set_follow(true);
    box.current!.scrollTop = box.current!.scrollHeight;
  };
  const next_hit = (back: boolean): void => {
    if (hits.length === 0) return;
    const next = (hit + (back ? hits.length - 1 : 1)) % hits.length;
    set_hit(next);
    show_line(hits[next]!);
  };

  // Once, when there are lines.
  const placed = useRef(false);
  useLayoutEffect(() => {
    if (!props.at_error || placed.current || total === 0) return;
    placed.current = true;
    if (first_error < 0) go_to_end();
    else show_line(first_error);
  });
  // A line that is written over keeps the height, unless it wraps; asking for it costs a layout.
  useLayoutEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, wrap, wrap ? version : total]);
  useEffect(() => {
    const watch = new ResizeObserver(() => {
      if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
    });
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, [follow]);
  // Lines that came in front push the ones being read down by as much.
  const start = useRef({ offset: source.start, count: log.lines.length });
  useLayoutEffect(() => {
    const before = start.current;
    start.current = { offset: source.start, count: log.lines.length };
    if (source.start < before.offset && before.count > 0 && box.current && !follow) {
      box.current.scrollTop += (log.lines.length - before.count) * kLine;
    }
  }, [version]);

  use_keys({
    End: { does: 'Follow the log', act: go_to_end },
    s: { does: 'Search the log', act: () => field.current?.focus() },
  });
  const fresh = Math.max(0, appended - seen);
  return (
    <section className="log" aria-label="Log">
      <header>
        <h3>Log</h3>
        {props.children}
        <span className="quiet number">
          {source.start > 0 || !source.loaded ? '' : `${plural(total, 'line')}, `}
          {source.loaded && bytes(source.size)}
        </span>
        <span className="space" />
        {first_error >= 0 && (
          <button className="small" onClick={() => show_line(first_error)}>
            First error
          </button>
        )}
        <SearchField
          name="Search"
          cap="S"
          value={query}
          change={(text) => {
            set_query(text);
            set_hit(-1);
          }}
          enter={next_hit}
          field={field}
        />
        {query !== '' && (
          <span className="quiet number" role="status">
            {hits.length === 0 ? 'none' : `${hit + 1} of ${count(hits.length)}`}
          </span>
        )}
        <IconButton icon="wrap" name="Wrap long lines" pressed={wrap} act={() => set_wrap(!wrap)} />
        <Download source={source} />
        <button
          className={follow ? 'follow on' : 'follow'}
          aria-pressed={follow}
          title="Follow the end (End)"
          onClick={() => {
            if (follow) {
              set_seen(appended);
              set_follow(false);
            } else go_to_end();
          }}
        >
          <Icon name="end" /> {follow || fresh === 0 ? 'Follow' : `${count(fresh)} new`}
        </button>
      </header>
      <div
        className={wrap ? 'lines wrap' : 'lines'}
        ref={box}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Lines of the log"
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          const at_end = scrollTop + clientHeight >= scrollHeight - kLine;
          if (!at_end && follow) set_seen(appended);
          if (at_end !== follow) set_follow(at_end);
        }}
      >
        {source.start > 0 && (
          <p className="earlier">
            <button
              className="small"
              disabled={source.loading}
              onClick={() => source.load_earlier()}
            >
              {source.loading ? 'Loading earlier lines' : 'Load earlier lines'}
            </button>
            <span className="quiet">{bytes(source.start)} before this</span>
          </p>
        )}
        {source.problem && <p className="cause">{source.problem}</p>}
        {source.lost > 0 && (
          <p className="quiet">{bytes(source.lost)} of this log never reached Telltale.</p>
        )}
        {total === 0 && source.loaded && (
          <p className="quiet">{props.live ? 'Nothing written yet.' : 'Nothing was written.'}</p>
        )}
        {wrap && log.lines.length > kWrappedMost && (
          <p className="quiet">Wrapped are the last {plural(kWrappedMost, 'line')}.</p>
        )}
        <LogRows
          log={log}
          wrap={wrap}
          numbered={source.start === 0 || log.dropped > 0}
          box={box}
          needle={query.toLowerCase()}
          current={hit >= 0 ? (hits[hit] ?? -1) : -1}
        />
      </div>
    </section>
  );
}
