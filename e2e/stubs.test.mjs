import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { startDemo } from '../test/support/demo.mjs';
import { checkPipeline } from '../test/support/pipeline.mjs';

const loader = `--import=${new URL('../test/support/stub-loader.mjs', import.meta.url).href}`;
const withStub = (name) => startDemo({ env: { OMH_TEST_STUB: name, NODE_OPTIONS: loader } });

test('with the loader but no stub the pipeline is whole', { timeout: 30_000 }, async () => {
  const demo = await withStub('nothing');
  try {
    await checkPipeline(demo);
  } finally {
    await demo.stop();
  }
});

for (const name of readdirSync(at('test/support/stubs')).map((file) => file.replace('.mjs', ''))) {
  test(`the pipeline breaks when ${name} is a stub`, { timeout: 30_000 }, async () => {
    const demo = await withStub(name);
    try {
      await assert.rejects(checkPipeline(demo, 2500));
    } finally {
      await demo.stop();
    }
  });
}
