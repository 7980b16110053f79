import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { builtPackages, catalogs, generatedPages } from '../scripts/docs.mjs';
import { at, filesBelow, shown } from '../scripts/workspace.mjs';

const generated = ['docs/errors.md', 'docs/metrics.md', 'docs/rule-functions.md', 'docs/config.md'];
const pages = await generatedPages();
const packages = await builtPackages();

for (const path of generated) {
  test(`${path} is what the code says`, () => {
    assert.ok(pages[path], `the packages behind ${path} do not export what it is made from`);
    const written = existsSync(at(path)) ? readFileSync(at(path), 'utf8') : '';
    assert.equal(written, pages[path], `${path} is out of date: run node scripts/docs.mjs`);
  });
}

test('every package is built and exports its catalogs, and no code is declared twice', () => {
  assert.deepEqual(
    packages.filter(({ module }) => module === undefined).map(({ folder }) => folder),
    [],
  );
  assert.deepEqual(catalogs(packages).faults, []);
});

test('errors and metrics are named as the style says', () => {
  const { errors, metrics } = catalogs(packages);
  assert.ok(errors.length > 0 && metrics.length > 0);
  const oddErrors = errors.filter(
    ({ name, row }) =>
      !/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(name) ||
      !/(?:[.?]|\})$/.test(row.text) ||
      row.next.trim() === '' ||
      /please|oops|success|ECONN/i.test(row.text + row.next),
  );
  assert.deepEqual(
    oddErrors.map(({ package: folder, name, row }) => `${folder} ${name}: ${row.text} / ${row.next}`),
    [],
  );
  const oddMetrics = metrics.filter(
    ({ name, row }) => !/^omh_[a-z0-9_]+$/.test(name) || (row.type === 'counter') !== name.endsWith('_total'),
  );
  assert.deepEqual(
    oddMetrics.map(({ package: folder, name }) => `${folder} ${name}`),
    [],
  );
});

test('a code that two packages declare is found', async () => {
  const { defineErrors, catalogRows } = await import('@omh/core');
  const one = (folder) => ({
    folder,
    dir: '/nowhere',
    module: { catalogRows, errors: defineErrors({ SAME_CODE: { blame: 'us', text: 'It fails.', next: 'Look.' } }) },
  });
  assert.deepEqual(catalogs([one('a'), one('b')]).faults, ['the error SAME_CODE is declared by a and by b']);
  const metric = (folder) => ({ folder, dir: '/nowhere', module: { metrics: { omh_x_total: { type: 'counter', help: 'X.' } } } });
  assert.deepEqual(catalogs([metric('a'), metric('b')]).faults, ['the metric omh_x_total is declared by a and by b']);
});

/** Links of a page that lead nowhere: to a missing file, or to a heading that does not exist. */
function deadLinks(path, text) {
  const anchors = (content) =>
    new Set(
      [...content.matchAll(/^#+\s+(.*)$/gm)].map(([, heading]) =>
        heading
          .toLowerCase()
          .replace(/[^\w\- ]/g, '')
          .replace(/ /g, '-'),
      ),
    );
  return [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)|(?:src|href)="(?!https?:|#)([^"]+)"/g)]
    .map(([, a, b]) => a ?? b)
    .filter((link) => {
      const [file, anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchors(readFileSync(target, 'utf8')).has(anchor);
    });
}

test('links between the pages lead somewhere', () => {
  const all = [
    ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].map((path) => at(path)),
    ...filesBelow(at('docs'), (path) => path.endsWith('.md')),
  ];
  assert.deepEqual(
    all.flatMap((path) => deadLinks(path, readFileSync(path, 'utf8')).map((link) => `${shown(path)}: ${link}`)),
    [],
  );
  assert.deepEqual(deadLinks(at('README.md'), 'see [x](docs/gone.md) and [y](#nowhere)'), ['docs/gone.md', '#nowhere']);
});
