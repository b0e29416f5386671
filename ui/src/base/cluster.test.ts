import { expect, test } from 'vitest';
import { kfp_page, unread, type Source } from './cluster';

const kAway = 'The API server does not answer.';
const sources: Source[] = [
  {
    name: 'kubernetes:',
    cluster: 'prod',
    kfp_url: 'https://kf.example/pipeline',
    troubles: [
      { part: 'workflows/a', message: 'forbidden', since_us: '9000' },
      { part: 'pods/a', message: 'pods too', since_us: '8000' },
      { part: 'workflows/c', message: 'busy', since_us: '9000' },
      { part: 'workflows/d', message: 'busy', since_us: '9000' },
      { part: 'pods', message: kAway, since_us: '7000' },
      { part: 'workflows', message: kAway, since_us: '5000' },
    ],
  },
  { name: 'kubernetes:lab?namespace=x', cluster: 'lab', namespaces: ['x'] },
  { name: 'file:/events', troubles: [{ message: 'is no regular file', since_us: '1000' }] },
];

test('what cannot be read is told once for each place, with its reasons, since it began', () => {
  expect(unread(sources)).toEqual([
    { place: 'prod / a', messages: ['forbidden', 'pods too'], since_ms: 8 },
    { place: 'prod / c, d', messages: ['busy'], since_ms: 9 },
    { place: 'prod', messages: [kAway], since_ms: 5 },
    { place: 'file:/events', messages: ['is no regular file'], since_ms: 1 },
  ]);
});

test('a run is told what keeps its own namespace from being read', () => {
  const of = (cluster: string, namespace: string): string[] =>
    unread(sources, { cluster, namespace }).flatMap((one) => one.messages);
  expect(of('prod', 'a')).toEqual(['forbidden', 'pods too', kAway]);
  expect(of('prod', 'b')).toEqual([kAway]);
  expect(of('lab', 'x')).toEqual([]);
  expect(of('elsewhere', 'a')).toEqual([]);
});

test('the page of a run in Kubeflow is where its source says', () => {
  const prod = { cluster: 'prod', namespace: 'a' };
  expect(kfp_page(sources, prod, 'r/1')).toBe('https://kf.example/pipeline/#/runs/details/r%2F1');
  expect(kfp_page(sources, prod, '')).toBe('');
  expect(kfp_page(sources, { cluster: 'lab', namespace: 'x' }, 'r')).toBe('');
  const spaces: Source[] = [
    { name: 'k', cluster: 'prod', kfp_url: 'https://kf/_/pipeline/?ns={namespace}' },
  ];
  expect(kfp_page(spaces, { cluster: 'prod', namespace: 'a&b' }, 'r')).toBe(
    'https://kf/_/pipeline/?ns=a%26b#/runs/details/r',
  );
});
