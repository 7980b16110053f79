import { existsSync } from 'node:fs';
import { runNpm } from './child.mjs';
import { at, readJson, seconds, workspaces } from './workspace.mjs';

const wanted = (manifest) => ({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies });
const same = (a, b) => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

/** True when the lock file was made from the `package.json` files as they are now. */
function lockFitsManifests(packages) {
  const all = [
    { path: '', manifest: readJson(at('package.json')) },
    ...workspaces().map((w) => ({ path: `${w.kind}/${w.folder}`, manifest: w.manifest })),
  ];
  return all.every(({ path, manifest }) => packages[path] !== undefined && same(wanted(manifest), wanted(packages[path])));
}

/** True where npm must have installed this optional package; where a libc decides, npm knows and we do not. */
const meantForThisMachine = (entry) =>
  entry.os?.includes(process.platform) === true && entry.cpu?.includes(process.arch) === true && entry.libc === undefined;

/** True when everything the lock file names is in `node_modules` in that version. */
function modulesFitLock(packages) {
  if (!existsSync(at('node_modules/.package-lock.json'))) return false;
  const installed = readJson(at('node_modules/.package-lock.json')).packages;
  return Object.entries(packages).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true;
    if (entry.link) return existsSync(at(path));
    const have = installed[path];
    if (have === undefined) return entry.optional === true && !meantForThisMachine(entry);
    return have.version === entry.version && existsSync(at(path, 'package.json'));
  });
}

/** What npm has to do: nothing, bring `node_modules` in step with the lock, or install and write the lock anew. */
export function installNeeded() {
  if (!existsSync(at('package-lock.json'))) return 'install';
  const { packages } = readJson(at('package-lock.json'));
  if (!lockFitsManifests(packages)) {
    if (process.env.CI) throw new Error('package-lock.json does not fit the package.json files: run `npm install` and commit it.');
    return 'install';
  }
  return modulesFitLock(packages) ? undefined : 'from-lock';
}

/** Installs npm packages when they are missing or out of step; resolves to the milliseconds it took, 0 when there was nothing to do. */
export async function install() {
  const command = installNeeded();
  if (command === undefined) return 0;
  const began = performance.now();
  console.error('Installing npm packages; this happens once and takes about a minute.');
  // Not `npm ci`: it refuses a lock that was written where the registry lacks the optional packages of other platforms.
  const code = await runNpm(['install', ...(command === 'from-lock' ? ['--no-save'] : []), '--no-audit', '--no-fund']);
  if (code !== 0)
    throw new Error(`npm install ends with exit code ${code}: its own message is above. Is the npm registry reachable from here?`);
  const ms = performance.now() - began;
  console.error(`Installed in ${seconds(ms)}.`);
  return ms;
}
