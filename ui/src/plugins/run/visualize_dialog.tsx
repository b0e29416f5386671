// "Visualize": what workers can draw, each with a form made from its arguments.
import { useState, type ReactNode } from 'react';
import { post } from '../../api/actions';
import {
  visualization_types,
  type Argument,
  type VisualizationType,
} from '../../api/visualizations';
import { Modal } from '../../widgets/controls';
import { OwnerOnly, use_is_owner } from './owner_only';

type Texts = Readonly<Record<string, string>>;

interface Wish {
  type: string; // its name
  texts: Texts; // of the arguments that were changed
  source: string;
}

function typed(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

// As the type wants it; fails where a text is no number or no JSON.
function value_of(argument: Argument, text: string): unknown {
  if (argument.type === 'boolean') return text === 'true';
  const is_json =
    argument.type === 'json' || argument.type === 'integer' || argument.type === 'number';
  if (!is_json) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${argument.name} is ${argument.type === 'json' ? 'JSON' : 'a number'}.`);
  }
}

// What was left as it was is left to the type.
function arguments_of(type: VisualizationType, texts: Texts): Record<string, unknown> {
  const changed = (type.arguments ?? []).filter(({ name }) => texts[name] !== undefined);
  return Object.fromEntries(changed.map((one) => [one.name, value_of(one, texts[one.name]!)]));
}

function Field(props: {
  argument: Argument;
  text: string | undefined;
  change: (text: string) => void;
}): ReactNode {
  const { argument, change } = props;
  const text = props.text ?? typed(argument.default);
  const same = { required: argument.required, title: argument.description };
  return (
    <label>
      <span>{argument.name}</span>
      {argument.type === 'boolean' ? (
        <select value={text || 'false'} onChange={(event) => change(event.target.value)} {...same}>
          <option>false</option>
          <option>true</option>
        </select>
      ) : argument.type === 'text' ? (
        <textarea value={text} onChange={(event) => change(event.target.value)} {...same} />
      ) : (
        <input value={text} onChange={(event) => change(event.target.value)} {...same} />
      )}
    </label>
  );
}

function Fields(props: {
  types: readonly VisualizationType[];
  type: VisualizationType;
  wish: Wish;
  change: (wish: Wish) => void;
}): ReactNode {
  const { type, wish, change } = props;
  return (
    <div className="fields">
      <label>
        <span>type</span>
        <select
          value={wish.type}
          onChange={(event) => change({ ...wish, type: event.target.value, texts: {} })}
        >
          {props.types.map((one) => (
            <option key={one.name} value={one.name}>
              {one.title || one.name}
            </option>
          ))}
        </select>
      </label>
      {type.source && type.source !== 'none' && (
        <label title="Path of a file that the server may read">
          <span>source</span>
          <input
            value={wish.source}
            required={type.source === 'required'}
            onChange={(event) => change({ ...wish, source: event.target.value })}
          />
        </label>
      )}
      {(type.arguments ?? []).map((one) => (
        <Field
          key={`${wish.type} ${one.name}`}
          argument={one}
          text={wish.texts[one.name]}
          change={(text) => change({ ...wish, texts: { ...wish.texts, [one.name]: text } })}
        />
      ))}
    </div>
  );
}

function Form(props: {
  types: readonly VisualizationType[];
  run_key: string;
  close: () => void;
}): ReactNode {
  const owner = use_is_owner();
  const [wish, set_wish] = useState<Wish>({
    type: props.types[0]?.name ?? '',
    texts: {},
    source: '',
  });
  const [problem, set_problem] = useState('');
  const type = props.types.find((one) => one.name === wish.type);
  const takes_source =
    type?.source === 'required' || (type?.source === 'optional' && wish.source !== '');
  const draw = async (): Promise<void> => {
    await post('/api/v1/visualizations', {
      type: wish.type,
      run: props.run_key,
      arguments: arguments_of(type!, wish.texts),
      ...(takes_source && { source: wish.source }),
    });
    props.close();
  };
  return (
    <form
      className="wish"
      onSubmit={(event) => {
        event.preventDefault();
        draw().catch((error: Error) => set_problem(error.message));
      }}
    >
      <h2>Visualize</h2>
      {!owner && <OwnerOnly />}
      {owner && !type && <p>No worker that draws is here.</p>}
      {owner && type && <Fields types={props.types} type={type} wish={wish} change={set_wish} />}
      {type?.description && <p className="quiet">{type.description}</p>}
      {problem && <p className="cause">{problem}</p>}
      <p className="acts">
        <button type="button" onClick={props.close}>
          Not now
        </button>
        <button className="main" type="submit" disabled={!owner || !type}>
          Draw
        </button>
      </p>
    </form>
  );
}

export function Visualize(props: { run_key: string }): ReactNode {
  const [types, set_types] = useState<readonly VisualizationType[]>(); // open with those
  const open = (): void => {
    visualization_types().then(set_types, () => set_types([]));
  };
  const close = (): void => set_types(undefined);
  return (
    <>
      <button onClick={open}>Visualize…</button>
      <Modal name="Visualize" open={types !== undefined} close={close}>
        <Form types={types ?? []} run_key={props.run_key} close={close} />
      </Modal>
    </>
  );
}
