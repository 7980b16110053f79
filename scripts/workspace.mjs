import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout, without a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

/** Absolute path of something in the checkout. */
export const at = (...parts) => join(root, ...parts);

/** Path as people and `package-lock.json` write it: from the checkout, with forward slashes. */
export const shown = (path) => relative(root, path).split(sep).join('/');

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Files below `dir`, absolute, sorted; `node_modules` and `dist` are not entered unless `dir` is one. Empty when there is no such folder. */
export function filesBelow(dir, matches = () => true) {
  if (!existsSync(dir)) return [];
  const found = [];
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'dist') found.push(...filesBelow(path, matches));
    } else if (entry.isFile() && matches(path)) found.push(path);
  }
  return found.sort();
}

/** Workspaces as `{ name, dir, manifest }`, packages first, each kind by name. */
export function workspaces() {
  return ['packages', 'apps'].flatMap((kind) =>
    existsSync(at(kind))
      ? readdirSync(at(kind))
          .sort()
          .filter((folder) => existsSync(at(kind, folder, 'package.json')))
          .map((folder) => {
            const dir = at(kind, folder);
            const manifest = readJson(join(dir, 'package.json'));
            return { kind, folder, name: manifest.name, dir, manifest };
          })
      : [],
  );
}

/** One hash over the names and contents of files: equal when nothing a build reads has changed. */
export function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(shown(file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

export const seconds = (ms) => (ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`);
