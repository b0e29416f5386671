import { expect, test } from 'vitest';
// @ts-expect-error a script without types
import { bare_effects } from '../check_effects.mjs';

test('an effect that answers what its expression does is found', () => {
  const planted = [
    "useEffect(() => opened.current?.scrollIntoView({ block: 'nearest' }), [selected]);",
    'React.useLayoutEffect(() => void draw());',
    'useEffect(start, []);',
    'useEffect(() => {\n  draw();\n}, []);',
    'useEffect(() => {\n  return store.open(live);\n}, [store]);',
    'useMemo(() => draw(), []);',
  ].join('\n');
  expect(bare_effects('planted.tsx', planted)).toEqual([
    'planted.tsx:1',
    'planted.tsx:2',
    'planted.tsx:3',
  ]);
});
