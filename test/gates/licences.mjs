import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../../scripts/workspace.mjs';

const allowed = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'UPL-1.0',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
  'Python-2.0',
]);

/** True for an SPDX expression whose every AND has, among its ORs, a licence on the list. */
export function allows(expression) {
  return expression.split(/\s+AND\s+/).every((part) =>
    part
      .replace(/[()]/g, '')
      .split(/\s+OR\s+/)
      .some((id) => allowed.has(id.trim())),
  );
}

/** What a `package.json` says, old spellings included: a string, `{ type }` or a list of them. */
function licenceOf(manifest) {
  const one = (value) => (typeof value === 'string' ? value : value?.type);
  if (manifest.license !== undefined) return one(manifest.license);
  return manifest.licenses?.map(one).join(' OR ');
}

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The lock's entries a started hub can load: reachable from `start` over dependencies and optional ones, resolved as Node does. */
export function runtimePaths(packages, start) {
  const reached = new Set();
  const walk = (path) => {
    const entry = packages[path];
    if (entry?.link) {
      walk(entry.resolved);
      return;
    }
    if (entry === undefined || reached.has(path)) return;
    reached.add(path);
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies, ...entry.peerDependencies })) {
      let from = path;
      for (;;) {
        const candidate = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
        if (packages[candidate] !== undefined) {
          walk(candidate);
          break;
        }
        if (from === '') break;
        from = from.includes('/node_modules/') ? from.slice(0, from.lastIndexOf('/node_modules/')) : '';
      }
    }
  };
  walk(start);
  return reached;
}

const prebuiltFor = ['linux-x64', 'linux-arm64', 'win32-x64'];
/**
 * Its binaries lie in the package; the script would only look whether they fit, and compile where there are none. The project's `.npmrc`
 * lets no script run, so nothing is ever compiled.
 */
const isPrebuilt = (root, path, manifest) =>
  manifest?.scripts?.install === 'node-gyp-build' && prebuiltFor.every((platform) => existsSync(join(root, path, 'prebuilds', platform)));

/**
 * Everything in a checkout's npm packages that may not be there: a licence that is not on the list (unless `exceptions` names the package
 * with that licence and why it may be used for development), a runtime dependency with an install script, a lock file tied to one registry. One sentence each.
 */
export function licenceFaults(root, exceptions) {
  const { packages } = readJson(join(root, 'package-lock.json'));
  const faults = [];
  const usedExceptions = new Set();
  const runtime = runtimePaths(packages, 'packages/cli');
  for (const [path, entry] of Object.entries(packages)) {
    if (!path.includes('node_modules/') || entry.link) continue;
    const name = nameOf(path);
    const manifest = existsSync(join(root, path, 'package.json')) ? readJson(join(root, path, 'package.json')) : undefined;
    const licence = (manifest && licenceOf(manifest)) ?? entry.license ?? 'no licence';
    if (!allows(licence)) {
      const exception = exceptions.find((row) => row.name.test(name) && row.licence === licence);
      if (exception !== undefined) usedExceptions.add(exception);
      if (exception === undefined) faults.push(`${path}: ${licence} is not on the list of licences`);
      else if (runtime.has(path)) faults.push(`${path}: ${licence} is excepted for development only, but the hub loads it`);
    }
    if (entry.hasInstallScript === true && runtime.has(path) && !isPrebuilt(root, path, manifest))
      faults.push(`${path}: a runtime dependency has an install script`);
    if (/^(?:https?|git\+|git:|ssh:)/.test(entry.resolved ?? '')) faults.push(`${path}: the lock file names a host: ${entry.resolved}`);
  }
  for (const row of exceptions) if (!usedExceptions.has(row)) faults.push(`the exception for ${row.name} is not needed`);
  return faults;
}
