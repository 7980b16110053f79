import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { AppendLog } from '@omh/storage';
import { SimulatedFiles } from '@omh/storage/testing';
import { connect4, open4, openBroker } from '../test-support.ts';
import type { Publish } from '../publish.ts';
import { Retained } from '../retained.ts';
import { formatVersion, GroupReader, GroupWriter } from './record-format.ts';
import { recover } from './recovery.ts';
import { Lives } from '../testing/lives.ts';

const payload = (p: Publish | null): string | undefined => p?.payload.subarray(p.payloadStart, p.payloadEnd).toString();

test('numbers, texts and bytes come back as they were, at every size of a number', () => {
  const w = new GroupWriter();
  const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER];
  for (const n of numbers) w.number(n);
  w.text('Würze €');
  w.text('');
  w.data(Buffer.alloc(100_000, 7), 1, 99_999);
  w.byte(255);
  const r = new GroupReader(w.bytes());
  assert.equal(r.byte(), formatVersion);
  for (const n of numbers) assert.equal(r.number(), n);
  assert.deepEqual([r.text(), r.text()], ['Würze €', '']);
  assert.ok(r.data().equals(Buffer.alloc(99_998, 7)));
  assert.equal(r.byte(), 255);
  assert.equal(r.more, false);
  assert.throws(() => r.byte(), RangeError);
});

test('a reader of any cut or bent group ends with a RangeError or with what is there', () => {
  const w = new GroupWriter();
  w.text('topic');
  w.data(Buffer.from('payload'), 0, 7);
  w.number(300);
  const whole = Buffer.from(w.bytes());
  for (let n = 0; n < whole.length; n++) {
    for (const bend of [0, 0x80, 0xff]) {
      const bytes = Buffer.from(whole.subarray(0, n));
      if (n > 1) bytes[n - 1]! ^= bend;
      const r = new GroupReader(bytes);
      try {
        r.byte();
        r.text();
        r.data();
        r.number();
      } catch (thrown) {
        assert.ok(thrown instanceof RangeError);
      }
    }
  }
});

test('a log of version 1 opens for ever', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-broker-log-'));
  t.after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  cpSync(new URL('../../src/durable/fixtures/version-1', import.meta.url), dir, { recursive: true });
  const log = await AppendLog.open(dir, { mode: 'os' });
  const clock = new VirtualClock();
  const retained = new Retained();
  const found = await recover(log, retained, clock);
  await log.close();
  assert.equal(found.unreadable, 0);
  assert.deepEqual(
    [...retained.all()].map(({ topic, message }) => [topic, payload(message), message!.qos]),
    [
      ['r/1', 'new', 1],
      ['r/3', 'expires', 0],
    ],
  );
  assert.equal(retained.get('r/3')!.message!.expiry, 4_000_000_000);
  const [five, four] = found.sessions;
  assert.equal(found.sessions.length, 2);
  assert.ok(four && five);
  assert.deepEqual([four.clientId, four.version, four.expiry, four.username], ['four', 4, 7200, undefined]);
  assert.deepEqual([...four.received], [9]);
  assert.deepEqual(
    [...four.subscriptions.values()].map(({ filter, qos, id }) => [filter, qos, id]),
    [['$share/g/s', 1, 0]],
  );
  assert.deepEqual(
    [...four.deliveries.values()].map((d) => [d.seq, payload(d.message), d.group]),
    [[0, 'shared', '$share/g/s']],
  );
  assert.deepEqual([five.clientId, five.version, five.expiry, five.username, five.state], ['five', 5, 1000, 'ursula', 1]);
  assert.deepEqual([...five.subscriptions.values()], [{ filter: 'a/+', qos: 2, id: 300, noLocal: true, retainAsPublished: true }]);
  assert.deepEqual([five.will?.delay, five.will?.publish.topic, payload(five.will!.publish)], [60, 'w', 'gone']);
  const deliveries = [...five.deliveries.values()].map((d) => [d.seq, payload(d.message), d.qos, d.ids, d.released]);
  assert.deepEqual(deliveries, [
    [1, undefined, 2, [300], true],
    [2, 'on its way', 1, [300], false],
    [3, 'waits', 2, [300], false],
  ]);
  assert.ok(five.deliveries.get(2)!.message!.props.includes(Buffer.from('text/plain')));
  assert.equal(five.nextSeq, 4);
  assert.equal(five.sentBelow, 3);
});

test('a log of a newer version is refused with a sentence and left as it is', async () => {
  const files = new SimulatedFiles();
  const log = await AppendLog.open('/broker', { mode: 'os', files });
  await log.durable(log.append(Buffer.from([formatVersion + 1, 1, 2, 3])));
  await log.close();
  const before = files.names('/broker').map((name) => files.bytes(`/broker/${name}`));
  await assert.rejects(openBroker({ durable: () => AppendLog.open('/broker', { mode: 'os', files }) }), {
    code: 'BROKER_LOG_NEWER',
    message: 'The log of the broker has version 2; this program reads up to version 1.',
  });
  assert.deepEqual(
    files.names('/broker').map((name) => files.bytes(`/broker/${name}`)),
    before,
  );
});

test('a torn end, a damaged segment and a group that is no whole entry cost only themselves, and the broker says so', async (t) => {
  const lives = new Lives(t, { segmentBytes: 200 });
  let broker = await lives.start();
  const pub = await open4(broker, 'p');
  for (let i = 1; i <= 30; i++) {
    pub.send(`33 0c 0004'r/${String(i).padStart(2, '0')}' ${i.toString(16).padStart(4, '0')} 'abcd'`);
    await pub.take(4);
  }
  lives.log.append(Buffer.from([formatVersion, 99]));
  await lives.settled();
  await lives.kill();
  const paths = lives.files.names('/broker').map((name) => `/broker/${name}`);
  assert.ok(paths.length > 3);
  const middle = lives.files.bytes(paths[1]!);
  middle[60]! ^= 1;
  lives.files.replace(paths[1]!, middle);
  const end = lives.files.bytes(paths.at(-1)!);
  lives.files.replace(paths.at(-1)!, Buffer.concat([end, Buffer.from([40, 0, 0, 0, 1, 2, 3])]));
  broker = await lives.start();
  const { text } = broker.health().reason;
  assert.match(text, /Took up 0 sessions, 0 messages for them and 29 retained messages\./);
  assert.match(text, /Cut 7 bytes of an unfinished record off the end of the log\./);
  assert.match(text, /Put 1 damaged log segment aside\./);
  assert.match(text, /Some of what was kept is lost with it\./);
  assert.equal(broker.stats().retained, 29);
  const back = await open4(broker, 'again');
  back.send(connect4('again'));
});
