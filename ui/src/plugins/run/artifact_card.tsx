// One artifact: its values as a table, a ROC curve or a confusion matrix where it holds one, and
// where it is kept. Numbers that are too many to read are drawn.
import type { ReactNode } from 'react';
import type { ArtifactView } from '../../api/gen/view_pb';
import { cut, kTipMost, plain } from '../../base/format';
import { CopyButton } from '../../widgets/controls';
import { classification_of } from './classification';
import { ConfusionMatrix, RocCurve } from './classification_view';

function shown(value: unknown): string {
  return typeof value === 'number' ? plain(value) : cut(whole(value));
}

function whole(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function metadata_of(artifact: ArtifactView): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(artifact.metadata || '{}');
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    return { metadata: value };
  } catch {
    return { metadata: artifact.metadata };
  }
}

export function ArtifactValues(props: { artifact: ArtifactView }): ReactNode {
  const metadata = metadata_of(props.artifact);
  const { roc, confusion, rest } = classification_of(metadata);
  const entries = Object.entries(rest);
  return (
    <>
      {(roc || confusion) && (
        <div className="drawn">
          {roc && <RocCurve points={roc} />}
          {confusion && <ConfusionMatrix {...confusion} />}
        </div>
      )}
      {entries.length > 0 && (
        <dl>
          {entries.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd title={cut(whole(value), kTipMost)}>{shown(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

export function ArtifactCard(props: { artifact: ArtifactView }): ReactNode {
  const { artifact } = props;
  return (
    <section className="values-part">
      <h3>
        {artifact.name} <span className="quiet">{artifact.type.replace(/^system\./, '')}</span>
      </h3>
      <ArtifactValues artifact={artifact} />
      {artifact.uri && (
        <p className="uri">
          <code title={cut(artifact.uri, kTipMost)}>{cut(artifact.uri)}</code>
          <CopyButton text={artifact.uri} name="Copy path" />
        </p>
      )}
    </section>
  );
}
