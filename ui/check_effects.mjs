// An effect's answer is what React calls to undo it. An arrow without braces answers whatever its
// expression does, and a method that answers nothing today may answer a Promise tomorrow (as
// scrollIntoView does): calling that would take the page down. So each effect is a function with
// braces, and says what it returns. Ends with 1 if one is not.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const kEffects = ['useEffect', 'useLayoutEffect', 'useInsertionEffect'];

// Of a source, where an effect has no braces: `name:line`.
export function bare_effects(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const look = (node) => {
    if (ts.isCallExpression(node)) {
      const called = ts.isPropertyAccessExpression(node.expression)
        ? node.expression.name.text
        : node.expression.getText(source);
      const effect = node.arguments[0];
      const braces =
        effect !== undefined &&
        (ts.isFunctionExpression(effect) ||
          (ts.isArrowFunction(effect) && ts.isBlock(effect.body)));
      if (kEffects.includes(called) && !braces) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        found.push(`${name}:${line + 1}`);
      }
    }
    ts.forEachChild(node, look);
  };
  look(source);
  return found;
}

const here = dirname(fileURLToPath(import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = readdirSync(join(here, 'src'), { recursive: true })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith(join('api', 'gen')))
    .map((name) => join(here, 'src', name));
  const found = files.flatMap((name) =>
    bare_effects(relative(join(here, '..'), name), readFileSync(name, 'utf8')),
  );
  for (const place of found) console.error(`${place}: an effect without braces`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
