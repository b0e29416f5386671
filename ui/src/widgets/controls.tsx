// Buttons and fields that several views share.
import { memo, useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
import { Boundary } from './boundary';
import { Icon, type IconName } from './icon';
import './controls.css';

export function IconButton(props: {
  icon: IconName;
  name: string; // what it does, also its tip
  cap?: string;
  pressed?: boolean;
  act: () => void;
}): ReactNode {
  const tip = props.cap ? `${props.name} (${props.cap})` : props.name;
  return (
    <button
      className={props.pressed ? 'icon-button on' : 'icon-button'}
      aria-label={props.name}
      aria-pressed={props.pressed}
      title={tip}
      onClick={props.act}
    >
      <Icon name={props.icon} />
    </button>
  );
}

export function Choice<T extends string>(props: {
  name: string;
  options: readonly (readonly [value: T, word: string])[];
  value: T;
  choose: (value: T) => void;
}): ReactNode {
  return (
    <span className="choice" role="group" aria-label={props.name}>
      {props.options.map(([value, word]) => (
        <button
          key={value}
          aria-pressed={props.value === value}
          className={props.value === value ? 'on' : ''}
          onClick={() => props.choose(value)}
        >
          {word}
        </button>
      ))}
    </span>
  );
}

interface SearchProps {
  name: string;
  cap?: string;
  value: string;
  change: (value: string) => void;
  enter?: (back: boolean) => void;
  field?: RefObject<HTMLInputElement | null>; // for who wants to put the focus there
}

// Apart from what stands around it: React looks into an input, which costs a browser a layout,
// whenever it renders one.
const SearchInput = memo(function SearchInput(props: {
  name: string;
  value: string;
  latest: RefObject<SearchProps>;
}): ReactNode {
  const { name, value, latest } = props;
  return (
    <input
      type="search"
      ref={(element) => {
        const { field } = latest.current;
        if (field) field.current = element;
      }}
      placeholder={name}
      aria-label={name}
      value={value}
      onChange={(event) => latest.current.change(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') latest.current.enter?.(event.shiftKey);
        if (event.key !== 'Escape') return;
        if (value === '') event.currentTarget.blur();
        else latest.current.change('');
        event.preventDefault();
      }}
    />
  );
});

export function SearchField(props: SearchProps): ReactNode {
  const latest = useRef(props);
  latest.current = props;
  return (
    <label className="search">
      <Icon name="search" />
      <SearchInput name={props.name} value={props.value} latest={latest} />
      {props.cap && <kbd aria-hidden="true">{props.cap}</kbd>}
    </label>
  );
}

const kSaidMs = 1500;

export function CopyButton(props: { text: string; name?: string }): ReactNode {
  const [copied, set_copied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => set_copied(false), kSaidMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void =>
    void navigator.clipboard?.writeText(props.text).then(() => set_copied(true));
  return (
    <button className="copy" onClick={copy} aria-label={copied ? 'Copied' : (props.name ?? 'Copy')}>
      <Icon name={copied ? 'check' : 'copy'} /> {copied ? 'Copied' : (props.name ?? 'Copy')}
    </button>
  );
}

export function Command(props: { text: string }): ReactNode {
  return (
    <span className="command">
      <code>{props.text}</code> <CopyButton text={props.text} />
    </span>
  );
}

// A dialog over the page; closed by its buttons, by Escape and by a click beside it.
export function Modal(props: {
  name: string;
  open: boolean;
  close: () => void;
  children: ReactNode;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (props.open && !dialog.current?.open) dialog.current?.showModal();
    if (!props.open) dialog.current?.close();
  }, [props.open]);
  return (
    <dialog
      ref={dialog}
      aria-label={props.name}
      onClose={props.close}
      onClick={(event) => event.target === dialog.current && props.close()}
    >
      {props.open && (
        <div className="inside">
          <Boundary name="this dialog">{props.children}</Boundary>
        </div>
      )}
    </dialog>
  );
}
