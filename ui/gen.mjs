// TypeScript from ../schema/*.proto into src/api/gen (not kept by git), by protoc and protobuf-es; and
// the number of the schema, which server and page compare.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const schema = join(here, '..', 'schema');
const out = join(here, 'src', 'api', 'gen');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
// What is on the wire only; snapshots are the server's own.
const files = readdirSync(schema).filter((name) => ['event.proto', 'view.proto'].includes(name));
execFileSync(
  process.env.PROTOC ?? 'protoc',
  [
    `--plugin=protoc-gen-es=${join(here, 'node_modules', '.bin', 'protoc-gen-es')}`,
    `--es_out=${out}`,
    '--es_opt=target=ts',
    `-I${schema}`,
    ...files,
  ],
  { stdio: 'inherit', cwd: schema },
);

const version = join(here, '..', 'server', 'base', 'version.h');
const number = /kSchemaVersion = (\d+);/.exec(readFileSync(version, 'utf8'))?.[1];
if (!number) throw new Error(`${version} has no kSchemaVersion`);
writeFileSync(join(out, 'version.ts'), `export const kSchemaVersion = ${number};\n`);
