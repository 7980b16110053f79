import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutQos0 } from './qos0-cut.ts';
import { hex } from './test-support.ts';

test('only QoS 0 PUBLISH packets are cut; all else stays whole and in order', () => {
  const big = Buffer.concat([hex("30 cb 01 0001't'"), Buffer.alloc(200)]);
  const stay = ["32 06 0001't' 0001 'x'", 'd000', "3d 06 0001't' 0002 'x'", '40020001'].map(hex);
  const go = ["30 04 0001't' 'x'", "31 03 0001't'"].map(hex);
  const all = Buffer.concat([go[0]!, stay[0]!, big, stay[1]!, stay[2]!, go[1]!, big, stay[3]!, go[0]!]);
  const { length, cut } = cutQos0(all, all.length);
  assert.deepEqual([all.subarray(0, length), cut], [Buffer.concat(stay), 5]);
  assert.deepEqual(cutQos0(Buffer.alloc(10), 0), { length: 0, cut: 0 });
});
