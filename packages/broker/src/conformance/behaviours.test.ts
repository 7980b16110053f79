import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behaviours, behaviours5 } from './behaviours.ts';
import { extras } from './extras.ts';
import { ourHouse } from './our-house.ts';
import { check } from './run.ts';

const house = ourHouse();
/** As in examples/conformance.yaml. */
const suiteHouse = ourHouse({ maxPacketSize: 268_435_460, receiveMaximum: 20, topicAliasMaximum: 10, maxKeepAlive: 60 });

for (const version of [4, 5] as const) {
  for (const behaviour of behaviours) {
    test(`${version === 4 ? '3.1.1' : '5.0'}: ${behaviour.says}`, async () => {
      assert.equal(await check(house, behaviour, version), undefined);
    });
  }
}
for (const behaviour of behaviours5) {
  test(`5.0: ${behaviour.says}`, async () => {
    assert.equal(await check(suiteHouse, behaviour, 5), undefined);
  });
}
for (const extra of extras) {
  test(`5.0: ${extra.says}`, async () => {
    assert.equal(await check(house, extra, 5), undefined);
  });
}
