import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Documents, lockDataDirectory } from '@omh/storage';
import { TagRegistry } from './tag-registry.ts';

test('an id is never given again, also after the tag went and the hub restarted', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-tags-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const open = (): { tags: TagRegistry; release: () => void } => {
    const directory = lockDataDirectory(dir);
    return { tags: new TagRegistry(new Documents(directory.sub('state'))), release: () => directory.release() };
  };
  const one = open();
  assert.deepEqual(one.tags.resolve(['d/g/a', 'd/g/b']), [1, 2]);
  one.release();
  const two = open();
  assert.deepEqual(two.tags.resolve(['d/g/b', 'd/g/c']), [2, 3]);
  assert.deepEqual(two.tags.resolve(['d/g/a']), [1]);
  two.release();
});
