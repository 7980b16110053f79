import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench } from './testing/bench.ts';
import { testTag, type FakeDevice } from './testing/fake-driver.ts';

const capMs = 4800;
/** Each brings trouble in its own way. */
const events: Readonly<Record<string, (fake: FakeDevice) => void>> = {
  refused(fake) {
    fake.opening = 'refused';
    fake.cut();
  },
  'time-out'(fake) {
    fake.opening = 'silent';
    fake.cut();
  },
  reset: (fake) => fake.cut('The device reset the connection.'),
  'half-open'(fake) {
    fake.halfOpen = true;
  },
  silent(fake) {
    fake.reading = 'silent';
  },
  garbage(fake) {
    fake.reading = 'garbage';
  },
  broken(fake) {
    fake.reading = 'rejects';
  },
};
function heal(fake: FakeDevice): void {
  fake.opening = 'opens';
  fake.reading = 'good';
  fake.halfOpen = false;
}

test('after each of 1,000 link events of every kind a device is good again within the back-off cap, on one link, and nothing is left', async () => {
  const rejected: unknown[] = [];
  const note = (thrown: unknown): void => {
    rejected.push(thrown);
  };
  process.on('unhandledRejection', note);
  try {
    const tags = [testTag(1, 'a'), testTag(2, 'b', { report: {} })];
    const b = bench([
      { name: 'g', intervalMs: 1000, tags },
      { name: 'h', intervalMs: 500, tags: [testTag(3, 'c', { group: 'h' })] },
    ]);
    const { clock, fake, device } = b;
    fake.openMs = 5;
    fake.closeMs = 2;
    await device.start();
    await clock.advance(100);
    await clock.advance(100);
    const kinds = Object.keys(events);
    let seed = 1;
    const random = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
    let most = 0;
    for (let i = 0; i < 1000; i++) {
      const kind = kinds[i % kinds.length]!;
      events[kind]!(fake);
      await clock.advance(random(i % 25 === 0 ? 20_000 : 3000));
      heal(fake);
      // The next try comes at the cap at the latest, after an attempt that hangs up to 3 s later; then a cycle brings values.
      const healed = clock.monotonicMs();
      while (!['a', 'b'].every((name) => b.quality(name) === 'good') || b.quality('c', 'h') !== 'good') {
        await clock.advance(100);
        const took = clock.monotonicMs() - healed;
        assert.ok(
          took <= capMs + (kind === 'time-out' ? 3000 : 0) + 1100,
          `${kind}: not good after ${took} ms: ${device.health().reason.text}`,
        );
        most = Math.max(most, took);
      }
      assert.equal(fake.mostLinks, 1, kind);
      assert.ok(clock.pending <= 10, `${clock.pending} timers after ${kind}`);
    }
    assert.ok(most > 0);
    const stopped = device.stop();
    await clock.advance(10);
    await stopped;
    assert.deepEqual([fake.links, clock.pending], [0, 0]);
    await clock.advance(60_000);
    assert.deepEqual([fake.links, clock.pending], [0, 0]);
  } finally {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.off('unhandledRejection', note);
  }
  assert.deepEqual(rejected, []);
});

test('a driver that rejects its reads is told as missed cycles, and comes back', async () => {
  const b = bench([{ name: 'g', intervalMs: 1000, tags: [testTag(1, 'a')] }]);
  await b.device.start();
  await b.clock.advance(10);
  b.fake.reading = 'rejects';
  await b.clock.advance(2500);
  assert.deepEqual([b.quality('a'), b.reason('a')], ['bad', 'The fake breaks.']);
  b.fake.reading = 'good';
  await b.clock.advance(1000);
  assert.equal(b.quality('a'), 'good');
  await b.device.stop();
});

test('a reader, a static store or a probe that throws costs no cycle its place', async () => {
  const rejected: unknown[] = [];
  const note = (thrown: unknown): void => {
    rejected.push(thrown);
  };
  process.on('unhandledRejection', note);
  const broken = testTag(2, 'kept', { group: 'h', address: '', source: { kind: 'static', value: 1 } });
  const around = {
    lastValue: () => undefined,
    statics: {
      get(): never {
        throw new Error('The store breaks.');
      },
      set() {},
    },
  };
  const groups = [
    { name: 'g', intervalMs: 1000, tags: [testTag(1, 'a')] },
    { name: 'h', intervalMs: 1000, tags: [broken] },
  ];
  const b = bench(groups, { around });
  b.fake.reachable = false;
  await b.device.start();
  await b.clock.advance(3000);
  b.fake.reachable = true;
  await b.clock.advance(6000);
  b.device.probe({
    due() {
      throw new Error('The probe breaks.');
    },
    emitted() {
      throw new Error('The probe breaks.');
    },
  });
  await b.clock.advance(2000);
  await b.device.control('pause', { by: 'anna' });
  await b.device.control('resume', { by: 'anna' });
  b.device.probe(undefined);
  await b.clock.advance(2000);
  assert.equal(b.quality('a'), 'good');
  await b.device.stop();
  await b.clock.advance(10);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  process.off('unhandledRejection', note);
  assert.deepEqual([rejected, b.clock.pending], [[], 0]);
});

test('a link that is lost before its opener heard of it is opened again', async () => {
  const b = bench([{ name: 'g', intervalMs: 1000, tags: [testTag(1, 'a')] }]);
  const { driver } = b.device;
  const open = driver.open.bind(driver);
  let once = true;
  driver.open = async (signal) => {
    await open(signal);
    if (!once) return;
    once = false;
    b.fake.cut();
  };
  await b.device.start();
  await b.clock.advance(10);
  assert.equal(b.device.status().link, 'down');
  await b.clock.advance(2000);
  assert.deepEqual([b.device.status().link, b.quality('a'), b.fake.mostLinks], ['up', 'good', 1]);
  await b.device.stop();
});

test('a link that opens after it was stopped is closed again', async () => {
  const b = bench([{ name: 'g', intervalMs: 1000, tags: [testTag(1, 'a')] }]);
  const { driver } = b.device;
  const open = driver.open.bind(driver);
  driver.open = async () => {
    await b.clock.sleep(500);
    await open(new AbortController().signal);
  };
  await b.device.start();
  await b.clock.advance(100);
  await b.device.stop();
  await b.clock.advance(1000);
  assert.deepEqual([b.fake.opens, b.fake.links, b.device.status().link, b.clock.pending], [1, 0, 'stopped', 0]);
});
