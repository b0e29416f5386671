// To a run's page in Kubeflow, where the server was told where that is.
import type { ReactNode } from 'react';

export function KfpLink(props: { url: string }): ReactNode {
  if (props.url === '') return null;
  return (
    <a
      href={props.url}
      target="_blank"
      rel="noreferrer"
      title="The page of this run in Kubeflow Pipelines"
    >
      In Kubeflow ↗
    </a>
  );
}
