// What the keys do, on this page, now; and the switch that turns single keys off.
import { useState, type ReactNode } from 'react';
import { all_keys, keys_changed, keys_on, turn_keys } from '../../base/keys';
import { use_cell, use_signal } from '../../base/use_signal';
import { Modal } from '../../widgets/controls';

const kCaps: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  shift: '⇧',
};

function Cap(props: { name: string }): ReactNode {
  const text =
    kCaps[props.name] ?? (props.name.length === 1 ? props.name.toUpperCase() : props.name);
  return <kbd>{text}</kbd>;
}

// Several keys may do the same.
function by_act(keys: [string, string][]): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const [name, does] of keys) found.set(does, [...(found.get(does) ?? []), name]);
  return [...found];
}

export function KeyMap(props: { open: boolean; close: () => void }): ReactNode {
  use_signal(keys_changed);
  const on = use_cell(keys_on);
  // Kept as it was when it opened: a dialog's own keys are no part of the page's.
  const [keys, set_keys] = useState<[string, string[]][]>([]);
  if (props.open && keys.length === 0) set_keys(by_act(all_keys()));
  if (!props.open && keys.length > 0) set_keys([]);
  return (
    <Modal name="Keys" open={props.open} close={props.close}>
      <h2>Keys</h2>
      <dl className="key-map">
        {keys.map(([does, names]) => (
          <div key={does}>
            <dt>{does}</dt>
            <dd>
              {names.map((name) => (
                <span key={name}>
                  {name.split(/[ +](?=.)/).map((part) => (
                    <Cap key={part} name={part} />
                  ))}{' '}
                </span>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <label className="together">
        <input type="checkbox" checked={on} onChange={() => turn_keys(!on)} /> Single keys act
      </label>
      <p className="acts">
        <button className="main" onClick={props.close}>
          Close
        </button>
      </p>
    </Modal>
  );
}
