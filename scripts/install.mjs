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

/** What npm has to do: nothing, a clean install from the lock, or an install that also writes the lock. */
export function installNeeded() {
  if (!existsSync(at('package-lock.json'))) return 'install';
  const { packages } = readJson(at('package-lock.json'));
  // In CI a lock that does not fit is a mistake to report, and `npm ci` reports it.
  if (!lockFitsManifests(packages) && !process.env.CI) return 'install';
  return modulesFitLock(packages) ? undefined : 'ci';
}

/** Installs npm packages when they are missing or out of step; resolves to the milliseconds it took, 0 when there was nothing to do. */
export async function install() {
  const command = installNeeded();
  if (command === undefined) return 0;
  const began = performance.now();
  console.error('Installing npm packages; this happens once and takes about a minute.');
  const code = await runNpm([command, '--no-audit', '--no-fund']);
  if (code !== 0)
    throw new Error(`npm ${command} ends with exit code ${code}: its own message is above. Is the npm registry reachable from here?`);
  const ms = performance.now() - began;
  console.error(`Installed in ${seconds(ms)}.`);
  return ms;
}
