import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesBelow } from '../../scripts/workspace.mjs';
import { importsOf, lineAt, scan } from './source.mjs';

// Read against code with strings blanked, so a quote right after the bracket is a string argument.
const forbidden = [
  { what: 'eval', at: /(?<![\w$.])eval\s*\(|(?:globalThis|window|self)\s*\.\s*eval\b|\(\s*0\s*,\s*eval\s*\)/g },
  {
    what: 'the Function constructor',
    at: /(?<![\w$.])(?:new\s+)?Function\s*\(|(?:globalThis|window|self)\s*\.\s*Function\b|\.constructor\s*\(\s*['"`]/g,
  },
  { what: 'a timer with code in a string', at: /(?<![\w$])set(?:Timeout|Interval|Immediate)\s*\(\s*['"`]/g },
];

/** Places in the sources of packages and apps that make code from strings, one sentence each. */
export function evalFaults(root) {
  const files = ['packages', 'apps'].flatMap((kind) => filesBelow(join(root, kind), (path) => /\.(?:ts|tsx|mts|js|mjs|cjs)$/.test(path)));
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const { code } = scan(text);
    const where = (index) => `${relative(root, file)}:${lineAt(text, index)}`;
    return [
      ...forbidden.flatMap(({ what, at }) => [...code.matchAll(at)].map(({ index }) => `${where(index)} uses ${what}`)),
      ...importsOf(text)
        .filter(({ from }) => from === 'node:vm' || from === 'vm')
        .map(({ line }) => `${relative(root, file)}:${line} imports node:vm`),
    ];
  });
}
