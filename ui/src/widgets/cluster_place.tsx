// Which cluster and namespace a run is of; a click lists what else is there.
import type { ReactNode } from 'react';
import type { ClusterObject } from '../api/gen/view_pb';
import { Link } from '../base/router';

export function ClusterPlace(props: { origin: ClusterObject; source: string }): ReactNode {
  const { cluster, namespace, name } = props.origin;
  const query = new URLSearchParams({ cluster, namespace });
  return (
    <Link to={`/?${query}`} className="quiet" title={`${props.source}: ${name}`}>
      {[cluster, namespace].filter(Boolean).join(' / ')}
    </Link>
  );
}
