import { createBatch, type GroupCycle, type Micros, type Tag } from '@omh/core';

export const testTag = (name: string, more: Partial<Tag> = {}): Tag => ({
  id: 1 as Tag['id'],
  device: 'demo',
  group: 'demo_group',
  name,
  path: `acme/${name}`,
  address: '1!40001',
  type: 'int16',
  access: 'read',
  ...more,
});

export function testCycle(tags: readonly Tag[], fill: (batch: ReturnType<typeof createBatch>) => void): GroupCycle {
  const batch = createBatch(tags.length, 1_700_000_000_123_456 as Micros, { i64: true, any: true });
  fill(batch);
  return { device: 'demo', group: 'demo_group', tags, batch };
}
