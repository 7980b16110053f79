import './node-version.mjs';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configPage } from './docs/config-page.mjs';
import { errorsPage, functionsPage, metricsPage } from './docs/catalog-pages.mjs';
import { at, shown, workspaces } from './workspace.mjs';

/**
 * Every package as `{ folder, dir, module }`; one that is not built, or builds on one that is not, has no module. A program, which has
 * no index to import, shows its catalogs only.
 */
export async function builtPackages() {
  const packages = workspaces().filter(({ kind }) => kind === 'packages');
  const absent = (problem) => {
    if (problem.code !== 'ERR_MODULE_NOT_FOUND') throw problem;
  };
  return Promise.all(
    packages.map(async ({ folder, dir }) => {
      const load = (name) => import(pathToFileURL(join(dir, 'dist', name)).href).catch(absent);
      if (existsSync(join(dir, 'src/index.ts'))) return { folder, dir, module: await load('index.js') };
      const parts = (await Promise.all(['errors.js', 'metrics.js'].map(load))).filter((part) => part !== undefined);
      return { folder, dir, module: parts.length === 0 ? undefined : Object.assign({}, ...parts) };
    }),
  );
}

const rowsSymbol = (module) =>
  module && Object.values(module).find((value) => typeof value === 'symbol' && value.description === 'omh.errors');
const isMetrics = (value) =>
  value !== null &&
  typeof value === 'object' &&
  Object.getPrototypeOf(value) === Object.prototype &&
  Object.keys(value).length > 0 &&
  Object.values(value).every((row) => (row?.type === 'counter' || row?.type === 'gauge') && typeof row.help === 'string');

/**
 * The packages' error and metric catalogs as `[{ package, name, row }]`, and the `faults`: a name declared twice, a catalog that exists
 * in the sources but is not exported. A catalog is known by what it is, not by the name it is exported under.
 */
export function catalogs(packages) {
  const symbol = packages.map(({ module }) => rowsSymbol(module)).find((found) => found !== undefined);
  const errors = [];
  const metrics = [];
  const faults = [];
  const add = (list, what, folder, rows) => {
    for (const [name, row] of Object.entries(rows)) {
      const other = list.find((entry) => entry.name === name);
      if (other === undefined) list.push({ package: folder, name, row });
      else if (other.row !== row) faults.push(`${what} ${name} is declared by ${other.package} and by ${folder}`);
    }
  };
  for (const { folder, dir, module } of packages) {
    if (module === undefined) continue;
    const values = Object.values(module);
    const errorRows = values.filter((value) => value !== null && typeof value === 'object' && symbol !== undefined && symbol in value);
    const metricRows = values.filter(isMetrics);
    for (const value of errorRows) add(errors, 'the error', folder, value[symbol]);
    for (const value of metricRows) add(metrics, 'the metric', folder, value);
    if (folder !== 'core' && existsSync(join(dir, 'src/errors.ts')) && errorRows.length === 0)
      faults.push(`packages/${folder}/src/errors.ts is not exported from its index`);
    if (folder !== 'core' && existsSync(join(dir, 'src/metrics.ts')) && metricRows.length === 0)
      faults.push(`packages/${folder}/src/metrics.ts is not exported from its index`);
  }
  return { errors, metrics, faults };
}

const moduleOf = (packages, folder) => packages.find((entry) => entry.folder === folder)?.module;

/** The generated pages as `{ path: text }`; a page whose packages are not built is left out. */
export async function generatedPages() {
  const packages = await builtPackages();
  const { errors, metrics } = catalogs(packages);
  const pages = { 'docs/errors.md': errorsPage(errors), 'docs/metrics.md': metricsPage(metrics) };
  const expr = moduleOf(packages, 'expr');
  if (expr?.functionTable) pages['docs/rule-functions.md'] = functionsPage(expr.functionTable());
  const registry = moduleOf(packages, 'hub')?.registry;
  const config = moduleOf(packages, 'config');
  if (config?.hubJsonSchema && registry) {
    const schema = config.hubJsonSchema(registry);
    pages['docs/config.md'] = configPage(schema, registry);
    // What the demo's first line names, so that editors complete in it.
    pages['examples/demo/hub.schema.json'] = `${JSON.stringify(schema, undefined, 2)}\n`;
  }
  return pages;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, text] of Object.entries(await generatedPages())) {
    const before = existsSync(at(path)) ? readFileSync(at(path), 'utf8') : undefined;
    if (before !== text) writeFileSync(at(path), text);
    console.log(`${before === text ? 'unchanged' : 'written  '}  ${shown(at(path))}`);
  }
}
