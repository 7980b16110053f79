import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { disagreements } from './disagreements.ts';
import { mosquittoFound, mosquittoHouse } from './mosquitto-house.ts';
import { check, checkAll } from './run.ts';
import { v311 } from './v311-statements.ts';
import { v5 } from './v5-statements.ts';

// Most of its time is waiting: mosquitto's clock is the real one.
void describe('mosquitto', { concurrency: true }, () => {
  for (const [version, title, statements] of [
    [4, '3.1.1', v311],
    [5, '5.0', v5],
  ] as const) {
    void test(`${title}: mosquitto disagrees where docs/conformance.md says so and nowhere else`, async (t) => {
      if (!mosquittoFound) {
        t.skip('mosquitto not found: apt-get install mosquitto');
        return;
      }
      // Debian's mosquitto is asked over TCP only.
      const asked = statements.filter(({ id }) => !id.startsWith('MQTT-6.'));
      const failed = await checkAll(mosquittoHouse, asked, version, { atOnce: 16, patienceMs: 3000 });
      const known = disagreements.filter((one) => one.version === title);
      // On a busy machine a peer of another make may be late: what it does alone and in peace counts.
      for (const id of failed.keys()) {
        const again = known.some((one) => one.id === id) ? undefined : statements.find((one) => one.id === id);
        if (again !== undefined && (await check(mosquittoHouse, again, version, 10_000)) === undefined) failed.delete(id);
      }
      const text = [...failed].map(([id, what]) => `${id}: ${what.split('\n')[0]}`).join('\n');
      assert.deepEqual([...failed.keys()].toSorted(), known.map(({ id }) => id).toSorted(), text);
    });
  }
});
