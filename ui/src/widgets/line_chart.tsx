// One series as a line that grows. The value above it and the line change in the same frame.
import { useEffect, useRef, type ReactNode } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { metric } from '../base/format';
import type { SeriesSource } from '../base/sources';

const kHeight = 130;

export function Chart(props: { source: SeriesSource; name: string; theme: string }): ReactNode {
  const { source, theme } = props;
  const box = useRef<HTMLDivElement>(null);
  const value = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = box.current!;
    const css = getComputedStyle(document.documentElement);
    const token = (name: string): string => css.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: token('ink3'), font: '11px sans-serif', ticks: { show: false } };
    const grid = { stroke: token('line'), width: 1 };
    const data = (): uPlot.AlignedData => [source.xs as number[], source.ys as (number | null)[]];
    const size = () => ({ width: Math.max(200, element.clientWidth), height: kHeight });
    const plot = new uPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, size: 24, grid: { show: false } },
          {
            ...axis,
            grid,
            size: 52,
            space: 34,
            values: (_plot, ticks) => ticks.map((tick) => metric(tick)),
          },
        ],
        series: [{}, { stroke: token('c1'), width: 1.8 }],
      },
      data(),
      element,
    );
    const draw = (): void => {
      plot.setData(data());
      value.current!.textContent = metric(source.last);
    };
    draw();
    const stop = source.signal.listen(draw);
    const resize = new ResizeObserver(() => plot.setSize(size()));
    resize.observe(element);
    return () => {
      stop();
      resize.disconnect();
      plot.destroy();
    };
  }, [source, theme]);
  return (
    <figure className="chart">
      <figcaption>
        <b>{props.name}</b> <b className="value" ref={value} />
      </figcaption>
      <div ref={box} data-series={source.id} className="plot" />
    </figure>
  );
}
