// How a browser comes to act for the owner of the server.
import type { ReactNode } from 'react';
import { Command } from './controls';

export function HowToLink(): ReactNode {
  return (
    <>
      On the server's machine <Command text={`build/telltale open --url ${location.origin}`} />{' '}
      prints one; open it in this browser.
    </>
  );
}
