// Every node of the source's own graph, drivers and other machinery included, in the source's own
// words: to hold what is shown as tasks against the cluster.
import { useState, type ReactNode } from 'react';
import { NodesStore } from '../../api/stores';
import { use_store } from '../../api/use_store';
import type { NodeView } from '../../api/gen/view_pb';
import { plural } from '../../base/format';
import { Choice } from '../../widgets/controls';
import type { TabProps } from './run_page';
import './nodes_tab.css';

const kShown = 1000; // rows; what more there is stands in the run's resource
const kKinds = [
  ['', 'All'],
  ['tasks', 'Tasks'],
  ['machinery', 'Machinery'],
] as const;
type Kind = (typeof kKinds)[number][0];
const kOfTasks: readonly string[] = ['task', 'importer', 'group', 'loop', 'iteration'];

function why(node: NodeView): string {
  return node.message || node.pods.find((pod) => pod.reason)?.reason || '';
}

export function NodesTab(props: TabProps): ReactNode {
  const path = `${props.base}?machinery=1`;
  const store = use_store(path, () => new NodesStore(path));
  const [kind, set_kind] = useState<Kind>('');
  const all = [...store.nodes.values()].filter(
    (node) => kind === '' || kOfTasks.includes(node.role) === (kind === 'tasks'),
  );
  return (
    <section className="nodes" aria-label="Nodes of the cluster">
      <div className="tools">
        <Choice<Kind> name="Nodes" options={kKinds} value={kind} choose={set_kind} />
        <span className="quiet number">{plural(all.length, 'node')}</span>
      </div>
      <div className="rows" tabIndex={0} role="region" aria-label="All nodes">
        <table>
          <thead>
            <tr>
              <th scope="col">Phase</th>
              <th scope="col">Node</th>
              <th scope="col">Role</th>
              <th scope="col" className="pod">
                Pod
              </th>
            </tr>
          </thead>
          <tbody>
            {all.slice(0, kShown).map((node) => (
              <tr key={node.sourceId} data-node={node.sourceId} data-phase={node.sourcePhase}>
                <td>{node.sourcePhase}</td>
                <td className="name">
                  {node.taskId ? (
                    <button className="small" onClick={() => props.open(node.taskId)}>
                      {node.name}
                    </button>
                  ) : (
                    node.name
                  )}
                  {why(node) && <small>{why(node)}</small>}
                </td>
                <td>{node.role.replaceAll('_', ' ')}</td>
                <td className="name pod">{node.pods.map((pod) => pod.name).join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {all.length > kShown && (
          <p className="quiet">
            The first {kShown} of {all.length}.
          </p>
        )}
      </div>
    </section>
  );
}
