// Names with their values, as a person reads them.
import type { ReactNode } from 'react';
import { cut, kTipMost, run_path, value_text } from '../../base/format';
import { Link } from '../../base/router';

export function Values(props: {
  title: string;
  values: Readonly<Record<string, string>>; // JSON texts
  children?: ReactNode;
}): ReactNode {
  const entries = Object.entries(props.values).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return null;
  return (
    <section className="values-part">
      <h3>{props.title}</h3>
      <dl>
        {entries.map(([name, json]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={cut(json, kTipMost)}>
              {run_path(json) ? <Link to={run_path(json)}>Open the run</Link> : value_text(json)}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
