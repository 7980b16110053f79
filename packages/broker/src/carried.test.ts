import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carry } from './carried.ts';
import { encodeProperties, readProperties } from './codec/properties.ts';
import type { Properties } from './codec/properties.ts';
import { PacketType, varintSize, writeVarint } from './codec/protocol.ts';
import { ByteReader } from './codec/reader.ts';
import { Publish } from './publish.ts';

/** A block with its length, in this order. */
function block(...parts: Properties[]): Buffer {
  const body = Buffer.concat(parts.map(encodeProperties));
  const head = Buffer.alloc(varintSize(body.length));
  writeVarint(head, 0, body.length);
  return Buffer.concat([head, body]);
}
function carried(bytes: Buffer): Publish {
  const within = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('payload')]);
  const reader = new ByteReader(within, 6, within.length);
  const properties = readProperties(reader, PacketType.publish);
  const p = new Publish();
  carry(p, properties, within, 6, reader.pos);
  return p;
}
const shown = (p: Publish): string => p.props.subarray(p.propsStart, p.propsEnd).toString('hex');

const expiry: Properties = { messageExpiryInterval: 3600 };
const alias: Properties = { topicAlias: 7 };
const others: Properties[] = [
  { payloadFormatIndicator: 1 },
  { contentType: 'a'.repeat(300) },
  { userProperties: [['unit', 'bar']] },
  { responseTopic: 'back/here' },
  { correlationData: Buffer.from([2, 35, 38]) },
  { userProperties: [['unit', '']] },
];
const rest = Buffer.concat(others.map(encodeProperties)).toString('hex');

test('a block without alias and expiry goes on as it is', () => {
  const p = carried(block(...others));
  assert.equal(shown(p), rest);
  assert.equal(p.expiry, -1);
});

test('alias and expiry are cut wherever they stand, and the others keep their order', () => {
  for (let i = 0; i <= others.length; i++)
    for (let k = 0; k <= others.length; k++) {
      const parts: Properties[] = others.slice();
      parts.splice(i, 0, expiry);
      parts.splice(k, 0, alias);
      const p = carried(block(...parts));
      assert.equal(shown(p), rest, `${i} ${k}`);
      assert.equal(p.expiry, 3600);
    }
});

test('alias and expiry alone leave nothing', () => {
  assert.equal(shown(carried(block(alias, expiry))), '');
  assert.equal(shown(carried(block(expiry))), '');
});
