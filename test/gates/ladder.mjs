import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { filesBelow, readJson } from '../../scripts/workspace.mjs';
import { importsOf } from './source.mjs';

/** The ladder of the architecture: a package imports only from lower levels. `pure` packages run in a browser too. */
const levels = [
  ['core'],
  ['wire', 'expr', 'config', 'dashboards', 'storage', 'access'],
  ['drivers', 'simulators', 'acquisition', 'broker', 'namespace', 'rules', 'alarms', 'connectors', 'historian'],
  ['hub'],
  ['api'],
  ['cli'],
];
const pure = new Set(['core', 'wire', 'expr', 'config', 'dashboards']);
const levelOf = (folder) => levels.findIndex((names) => names.includes(folder));

const builtin = (name) => name.startsWith('node:') || builtinModules.includes(name);
const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
/** Tests, their helpers, and the benchmarks, which measure beside peers that nobody needs to run a hub. */
const isTest = (file) =>
  /\.test\.tsx?$/.test(file) || ['testing', 'bench'].some((folder) => file.includes(`${sep}src${sep}${folder}${sep}`));
const names = (object) => Object.keys(object ?? {});

/** Reads every workspace of a checkout with all imports of its sources. */
function readWorkspaces(root) {
  const found = [];
  for (const kind of ['packages', 'apps']) {
    if (!existsSync(join(root, kind))) continue;
    for (const folder of readdirSync(join(root, kind)).sort()) {
      const dir = join(root, kind, folder);
      if (!existsSync(join(dir, 'package.json'))) continue;
      const files = filesBelow(join(dir, 'src'), (path) => /\.tsx?$/.test(path)).map((path) => ({
        path,
        test: isTest(path),
        imports: importsOf(readFileSync(path, 'utf8')),
      }));
      found.push({ kind, folder, dir, files, manifest: readJson(join(dir, 'package.json')) });
    }
  }
  return found;
}

/** Everything in a checkout that breaks the ladder, one sentence each; empty when the house stands. */
export function ladderFaults(root) {
  const all = readWorkspaces(root);
  const byName = new Map(all.map((workspace) => [workspace.manifest.name, workspace]));
  const rootManifest = existsSync(join(root, 'package.json')) ? readJson(join(root, 'package.json')) : {};
  const faults = [];
  for (const workspace of all) {
    if (workspace.kind === 'packages' && levelOf(workspace.folder) < 0)
      faults.push(`packages/${workspace.folder} has no level in the ladder`);
    for (const file of workspace.files) {
      for (const found of file.imports) {
        const fault = importFault(workspace, file, found, byName);
        if (fault) faults.push(`${relative(root, file.path)}:${found.line} ${fault}`);
      }
    }
    faults.push(...dependencyFaults(workspace, rootManifest), ...referenceFaults(workspace), ...cycleFaults(root, workspace));
  }
  faults.push(...solutionFaults(root, all));
  return faults;
}

function importFault(workspace, file, { from, typeOnly }, byName) {
  if (from.startsWith('.')) {
    const inside = `${join(workspace.dir, 'src')}${sep}`;
    return resolve(dirname(file.path), from).startsWith(inside) ? undefined : `reaches out of its package: ${from}`;
  }
  if (builtin(from)) {
    const exempt = workspace.kind === 'packages' && (!pure.has(workspace.folder) || file.test);
    return exempt ? undefined : `imports ${from}, but ${workspace.folder} runs in browsers too`;
  }
  const name = packageOf(from);
  if (!name.startsWith('@omh/') || name === workspace.manifest.name) {
    return name === workspace.manifest.name ? `imports its own package by name: ${from}` : undefined;
  }
  const target = byName.get(name);
  if (target === undefined) return `imports ${from}, which is no package here`;
  const entry = from === name ? '.' : `.${from.slice(name.length)}`;
  if (target.manifest.exports?.[entry] === undefined) return `imports ${from} past the exports of ${name}`;
  if (workspace.kind === 'apps') {
    if (target.kind === 'packages' && pure.has(target.folder)) return undefined;
    return target.folder === 'api' && typeOnly
      ? undefined
      : `imports ${from}: the console imports pure packages, and only types from @omh/api`;
  }
  const [own, other] = [levelOf(workspace.folder), levelOf(target.folder)];
  if (target.kind !== 'packages' || other > own)
    return `imports upwards: ${workspace.folder} (level ${own}) from ${target.folder} (level ${other})`;
  if (other === own) return `imports sideways: ${workspace.folder} and ${target.folder} are both on level ${own}`;
  return undefined;
}

/** `dependencies` are what the sources import, no more and no less; tests may also use the checkout's development tools. */
function dependencyFaults({ kind, folder, files, manifest }, rootManifest) {
  const faults = [];
  const where = `${kind}/${folder}/package.json`;
  // Types alone may come from a development package: nothing of it is left when the hub runs.
  const typesAtHand = ({ from, typeOnly }) =>
    typeOnly && (rootManifest.devDependencies?.[packageOf(from)] ?? rootManifest.devDependencies?.[`@types/${packageOf(from)}`]);
  const imported = (chosen) =>
    new Set(
      chosen
        .flatMap((file) => file.imports.filter((found) => !typesAtHand(found)).map(({ from }) => from))
        .filter((from) => !from.startsWith('.') && !builtin(from))
        .map(packageOf)
        .filter((name) => name !== manifest.name),
    );
  const used = imported(files.filter((file) => !file.test));
  const usedInTests = imported(files.filter((file) => file.test));
  // The console is bundled: whatever it uses is needed to build it, not to run.
  const declared = new Set([...names(manifest.dependencies), ...(kind === 'apps' ? names(manifest.devDependencies) : [])]);
  for (const name of used) if (!declared.has(name)) faults.push(`${where}: ${name} is imported but not a dependency`);
  for (const name of usedInTests) {
    if (!declared.has(name) && !names(manifest.devDependencies).includes(name) && !names(rootManifest.devDependencies).includes(name)) {
      faults.push(`${where}: ${name} is imported by tests but declared nowhere`);
    }
  }
  for (const name of names(manifest.dependencies))
    if (!used.has(name)) faults.push(`${where}: ${name} is a dependency but nothing imports it`);
  return faults;
}

/** TypeScript's references are the workspace's dependencies in this repository. */
function referenceFaults({ kind, folder, dir, manifest }) {
  if (kind !== 'packages') return [];
  const where = `${kind}/${folder}/tsconfig.json`;
  if (!existsSync(join(dir, 'tsconfig.json'))) return [`${where} is missing`];
  const referenced = new Set(
    (readJson(join(dir, 'tsconfig.json')).references ?? []).map(({ path }) => `@omh/${resolve(dir, path).split(sep).at(-1)}`),
  );
  const wanted = new Set([...names(manifest.dependencies), ...names(manifest.devDependencies)].filter((name) => name.startsWith('@omh/')));
  return [
    ...[...wanted].filter((name) => !referenced.has(name)).map((name) => `${where} lacks a reference to ${name}`),
    ...[...referenced].filter((name) => !wanted.has(name)).map((name) => `${where} references ${name}, which is no dependency`),
  ];
}

/** Files that import each other for their values; types may go in circles. */
function cycleFaults(root, { files }) {
  const graph = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter(({ from, typeOnly }) => from.startsWith('.') && !typeOnly).map(({ from }) => resolve(dirname(path), from)),
    ]),
  );
  const faults = [];
  const done = new Set();
  const walk = (path, trail) => {
    if (trail.includes(path)) {
      faults.push(`imports in a circle: ${[...trail.slice(trail.indexOf(path)), path].map((file) => relative(root, file)).join(' → ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return faults;
}

/** The checkout's own tsconfig.json builds every package; the console is bundled and checked by itself. */
function solutionFaults(root, all) {
  if (!existsSync(join(root, 'tsconfig.json'))) return ['tsconfig.json is missing'];
  const referenced = new Set(
    (readJson(join(root, 'tsconfig.json')).references ?? []).map(({ path }) => path.replace(/^\.\//, '').replace(/\/$/, '')),
  );
  const wanted = new Set(all.filter(({ kind }) => kind === 'packages').map(({ folder }) => `packages/${folder}`));
  return [
    ...[...wanted].filter((path) => !referenced.has(path)).map((path) => `tsconfig.json lacks a reference to ${path}`),
    ...[...referenced].filter((path) => !wanted.has(path)).map((path) => `tsconfig.json references ${path}, which does not exist`),
  ];
}
