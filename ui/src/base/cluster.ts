// What the page knows of the clusters it shows: which of them cannot be read and since when, and
// where the pages of Kubeflow Pipelines are.
export interface SourceTrouble {
  part?: string; // "workflows", "pods/NAMESPACE"; none: all of the source
  message: string;
  since_us: string;
}
export interface Source {
  name: string;
  cluster?: string;
  namespaces?: string[];
  kfp_url?: string;
  troubles?: SourceTrouble[];
}
export interface Place {
  cluster: string;
  namespace: string;
}

// What of one place cannot be read, and why.
export interface Unread {
  place: string;
  messages: string[];
  since_ms: number;
}

function namespace_of(trouble: SourceTrouble): string {
  return trouble.part?.split('/')[1] ?? '';
}

function watches(source: Source, place: Place): boolean {
  const namespaces = source.namespaces ?? [];
  return (
    source.cluster === place.cluster &&
    (namespaces.length === 0 || namespaces.includes(place.namespace))
  );
}

// Of all sources, or of those that tell of what is in one place. Namespaces that have one reason
// are one place, and one place has all of its reasons.
export function unread(sources: readonly Source[], of?: Place): Unread[] {
  const found = new Map<string, Unread>();
  for (const source of sources) {
    if (of && !watches(source, of)) continue;
    const troubles = (source.troubles ?? []).filter(
      (one) => !of || ['', of.namespace].includes(namespace_of(one)),
    );
    for (const message of new Set(troubles.map((one) => one.message))) {
      const same = troubles.filter((one) => one.message === message);
      const namespaces = [...new Set(same.map(namespace_of))];
      const all = namespaces.includes('') ? '' : namespaces.join(', ');
      const place = [source.cluster || source.name, all].filter(Boolean).join(' / ');
      const since_ms = Math.min(...same.map((one) => Number(one.since_us) / 1000));
      const known = found.get(place);
      found.set(place, {
        place,
        messages: [...(known?.messages ?? []), message],
        since_ms: Math.min(since_ms, known?.since_ms ?? since_ms),
      });
    }
  }
  return [...found.values()];
}

// The run's page in Kubeflow; '' where nobody said where that is. Its own page has no address for a
// single task.
export function kfp_page(sources: readonly Source[], of: Place, run_id: string): string {
  const url = sources.find((source) => source.kfp_url && watches(source, of))?.kfp_url ?? '';
  if (url === '' || run_id === '') return '';
  const base = url.replaceAll('{namespace}', encodeURIComponent(of.namespace));
  const slash = base.includes('?') || base.endsWith('/') ? '' : '/';
  return `${base}${slash}#/runs/details/${encodeURIComponent(run_id)}`;
}
