// In place of what only the owner of the server may do, where this browser does not act for him.
import type { ReactNode } from 'react';
import { access } from '../../api/access';
import { use_signal } from '../../base/use_signal';
import { HowToLink } from '../../widgets/how_to_link';

export function use_is_owner(): boolean {
  use_signal(access.signal);
  return access.token !== '';
}

export function OwnerOnly(): ReactNode {
  return (
    <p>
      That runs code, or ends it: it takes a link from who started the server. <HowToLink />
    </p>
  );
}
