// The numbers behind a chart, for who cannot see its lines or wants them exactly: the last ones of
// each series, by step.
import { useState, type ReactNode } from 'react';
import { count, metric } from '../base/format';
import { Modal } from './controls';
import type { ChartLine } from './line_plot';

const kRowsMost = 200;

function rows_of(lines: readonly ChartLine[]): [step: number, values: string[]][] {
  const by_step = new Map<number, string[]>();
  lines.forEach((line, column) => {
    line.source.xs.slice(-kRowsMost).forEach((step, at, xs) => {
      const from = line.source.ys.length - xs.length;
      const values = by_step.get(step) ?? lines.map(() => '');
      const value = line.source.ys[from + at];
      values[column] = value === null || value === undefined ? 'none' : metric(value);
      by_step.set(step, values);
    });
  });
  return [...by_step].sort(([a], [b]) => b - a).slice(0, kRowsMost);
}

export function PointsTable(props: { title: string; lines: readonly ChartLine[] }): ReactNode {
  const [open, set_open] = useState(false);
  const lines = props.lines.filter((line) => !line.faint);
  return (
    <>
      <button className="small" onClick={() => set_open(true)}>
        Table
      </button>
      <Modal name={`${props.title} as a table`} open={open} close={() => set_open(false)}>
        <h2>{props.title}</h2>
        <p className="quiet">The newest {kRowsMost} steps drawn, newest first.</p>
        <div className="table-scroll" tabIndex={0} role="region" aria-label="Values">
          <table>
            <thead>
              <tr>
                <th scope="col" className="number">
                  step
                </th>
                {lines.map((line) => (
                  <th key={line.source.id} scope="col" className="number">
                    {line.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {(open ? rows_of(lines) : []).map(([step, values]) => (
                <tr key={step}>
                  <th scope="row" className="number">
                    {count(step)}
                  </th>
                  {values.map((value, at) => (
                    <td key={lines[at]!.source.id} className="number">
                      {value}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <p className="acts">
          <button className="main" onClick={() => set_open(false)}>
            Close
          </button>
        </p>
      </Modal>
    </>
  );
}
