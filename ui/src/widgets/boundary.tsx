// Boundary: a view that fails says so in its place, and the others go on. The error itself stands
// in the browser's console. With another `key` it tries again.
import { Component, type ReactNode } from 'react';
import './boundary.css';

interface Props {
  name: string; // of the view, as a sentence has it: "the timeline"
  children: ReactNode;
}

export class Boundary extends Component<Props, { cause: string | undefined }> {
  override state: { cause: string | undefined } = { cause: undefined };

  static getDerivedStateFromError(error: unknown): { cause: string } {
    return { cause: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    const { cause } = this.state;
    if (cause === undefined) return this.props.children;
    return (
      <div className="broken" role="alert">
        <p>
          <b>The page cannot draw {this.props.name}.</b> The run goes on, nothing of it is lost.
        </p>
        <p className="quiet">{cause}</p>
        <button onClick={() => location.reload()}>Reload the page</button>
      </div>
    );
  }
}
