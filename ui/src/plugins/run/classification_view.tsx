// A ROC curve and a confusion matrix, small enough to stand beside each other.
import type { CSSProperties, ReactNode } from 'react';
import { count, metric } from '../../base/format';
import { area_under, type Confusion, type RocPoint } from './classification';

const kSide = 150;
const kLeft = 28;
const kBottom = 30;

export function RocCurve(props: { points: readonly RocPoint[] }): ReactNode {
  const place = (x: number, y: number): string => `${kLeft + x * kSide} ${6 + (1 - y) * kSide}`;
  const line = props.points.map((one) => place(one.false_positive_rate, one.recall)).join('L');
  const area = metric(area_under(props.points));
  return (
    <figure className="roc">
      <figcaption>
        ROC curve <b className="number">AUC {area}</b>
      </figcaption>
      <svg
        width={kLeft + kSide + 8}
        height={kSide + kBottom + 8}
        role="img"
        aria-label={`ROC curve of ${props.points.length} points, area ${area}`}
      >
        <path className="frame" d={`M${place(0, 1)}L${place(0, 0)}L${place(1, 0)}`} />
        <path className="chance" d={`M${place(0, 0)}L${place(1, 1)}`} />
        <path className="curve" d={`M${place(0, 0)}L${line}L${place(1, 1)}`} />
        <text x={kLeft - 6} y={14} textAnchor="end">
          1
        </text>
        <text x={kLeft - 6} y={kSide + 8} textAnchor="end">
          0
        </text>
        <text x={kLeft + kSide} y={kSide + 20} textAnchor="end">
          1
        </text>
        <text x={kLeft + kSide / 2} y={kSide + 34} textAnchor="middle">
          false positive rate
        </text>
        <text transform={`translate(12 ${kSide / 2 + 6}) rotate(-90)`} textAnchor="middle">
          recall
        </text>
      </svg>
    </figure>
  );
}

export function ConfusionMatrix(props: Confusion): ReactNode {
  const { labels, rows } = props;
  const most = Math.max(1, ...rows.flat());
  return (
    <figure className="confusion">
      <figcaption>Confusion matrix</figcaption>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="quiet">true ↓ predicted →</span>
            </th>
            {labels.map((label) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={labels[at]}>
              <th scope="row">{labels[at]}</th>
              {row.map((cell, column) => (
                <td
                  key={labels[column]}
                  className={at === column ? 'number right' : 'number wrong'}
                  style={{ '--share': cell / most } as CSSProperties}
                >
                  {count(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
