// What a worker drew, as it comes. Pictures and texts are shown by the page; all else is shown in a
// frame that can run scripts and reach nothing, neither this page nor the network.
import { useEffect, useState, type ReactNode } from 'react';
import { signed } from '../../api/actions';
import { text_of, type Part } from '../../api/visualizations';
import { kPlain, parse_ansi } from '../../base/ansi';
import { bytes } from '../../base/format';

const kTextBytes = 65_536; // what a person may read here; all of it is one click away

// The address under which the browser fetches it by itself; the last one until the next is known.
function use_address(url: string): string | undefined {
  const [address, set_address] = useState<string>();
  useEffect(() => {
    let wanted = true;
    signed(url).then(
      (found) => wanted && set_address(found),
      () => undefined, // what was shown stays
    );
    return () => {
      wanted = false;
    };
  }, [url]);
  return address;
}

function TextPart(props: { part: Part }): ReactNode {
  const { part } = props;
  const [text, set_text] = useState('');
  useEffect(() => {
    let wanted = true;
    text_of(part, kTextBytes).then(
      (found) => wanted && set_text(found),
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [part.url]);
  // Tracebacks come with the colours of a terminal.
  return (
    <pre>
      {parse_ansi(text, kPlain).spans.map((span, index) => (
        <span key={index} className={span.style}>
          {span.text}
        </span>
      ))}
    </pre>
  );
}

function shown(part: Part, name: string, address: string | undefined): ReactNode {
  const type = part.content_type.split(';')[0]!.trim();
  if (/^(text\/(plain|markdown)|application\/json)$/.test(type)) return <TextPart part={part} />;
  if (!address) return null;
  if (type.startsWith('image/')) return <img src={address} alt={name} />;
  if (type === 'text/html') return <iframe src={address} title={name} sandbox="allow-scripts" />;
  return null;
}

export function PartView(props: { part: Part; of: string }): ReactNode {
  const { part } = props;
  const address = use_address(part.url);
  const name = part.name || `${props.of}, part ${(part.index ?? 0) + 1}`;
  return (
    <figure className="part" data-part={part.index ?? 0} data-url={part.url}>
      {shown(part, name, address)}
      <figcaption>
        {part.name && <b>{part.name}</b>}
        {address && (
          <a href={address} target="_blank" rel="noreferrer">
            Open alone ({bytes(Number(part.bytes ?? 0))})
          </a>
        )}
      </figcaption>
    </figure>
  );
}
