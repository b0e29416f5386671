import { expect, test } from 'vitest';
import { command } from './commands';

test('a command names the server where it is not the one that is looked for', () => {
  const run = (origin: string): string => command('run your_pipeline.py', origin);
  expect(run('http://127.0.0.1:8080')).toBe('build/telltale run your_pipeline.py');
  for (const origin of ['http://127.0.0.1:9000', 'http://localhost:8080', 'https://host'])
    expect(run(origin)).toBe(`build/telltale run your_pipeline.py --url ${origin}`);
});
