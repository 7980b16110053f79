import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { FrameLog } from './frame-log.ts';
import { bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const request = hex('0001 0000 0006 01 03 0000 0002');
const answer = hex('0001 0000 0007 01 03 04 0102 0304');

function logOf(...frames: readonly (readonly ['tx' | 'rx', Uint8Array])[]): FrameLog {
  const log = new FrameLog(new VirtualClock(1_700_000_000_123_456), () => {});
  log.start();
  for (const [direction, bytes] of frames) log.add(direction, bytes);
  log.stop();
  return log;
}

test('a log ends by itself: after ten minutes, after what was asked for, after an hour at most', async () => {
  for (const [asked, lastsMs] of [
    [undefined, 600_000],
    [1000, 1000],
    [86_400_000, 3_600_000],
    [Number.POSITIVE_INFINITY, 3_600_000],
    [Number.NaN, 600_000],
    [-5, 0],
  ] as const) {
    const clock = new VirtualClock();
    const changes: boolean[] = [];
    const log: FrameLog = new FrameLog(clock, () => changes.push(log.on));
    log.start(asked);
    assert.equal(log.status().until, clock.now() + lastsMs * 1000);
    await clock.advance(Math.max(0, lastsMs - 1));
    if (lastsMs > 0) assert.ok(log.on, String(asked));
    await clock.advance(2);
    assert.deepEqual([log.on, changes, clock.pending], [false, [true, false], 0], String(asked));
  }
});

test('frames are copied, counted and read on from any place', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const log = logOf(['tx', bytes], ['rx', request], ['tx', answer]);
  bytes.fill(0);
  assert.deepEqual([...log.frames()[0]!.bytes], [1, 2, 3]);
  assert.deepEqual(
    log.frames(1).map(({ seq }) => seq),
    [2, 3],
  );
  assert.deepEqual([log.frames(3), log.frames(99), log.frames(0, 1).length], [[], [], 1]);
  log.clear();
  assert.deepEqual([log.frames(), log.status().frames], [[], 0]);
  log.add('tx', request);
  assert.equal(log.frames()[0]!.seq, 4);
});

test('a log is bounded in frames and bytes; the oldest go first and are counted', () => {
  const clock = new VirtualClock();
  const byCount = new FrameLog(clock, () => {});
  for (let i = 0; i < 100_500; i++) byCount.add('rx', Uint8Array.of(i & 255));
  assert.deepEqual([byCount.status().frames, byCount.status().dropped, byCount.frames()[0]!.seq], [100_000, 500, 501]);
  const bySize = new FrameLog(clock, () => {});
  const large = new Uint8Array(64 * 1024);
  for (let i = 0; i < 100; i++) bySize.add('rx', large);
  assert.deepEqual([bySize.status().frames, bySize.status().dropped], [64, 36]);
});

test('a device hands its frames out only while somebody watches', async () => {
  const { clock, fake, device } = bench([{ name: 'g', intervalMs: 1000, tags: [testTag(1, 'a')] }]);
  await device.start();
  await clock.advance(10);
  assert.equal(fake.context!.trace, undefined);
  device.frames.start(5000);
  fake.context!.trace!('tx', request);
  assert.equal(device.frames.status().frames, 1);
  await clock.advance(6000);
  assert.equal(fake.context!.trace, undefined);
  device.frames.start();
  await device.stop();
  assert.deepEqual([device.frames.on, clock.pending], [false, 0]);
});

test('a capture of Modbus TCP has the bytes of a TCP conversation with port 502', () => {
  const pcap = Buffer.from(logOf(['tx', request], ['rx', answer]).pcap());
  assert.equal(pcap.subarray(0, 24).toString('hex'), 'd4c3b2a1020004000000000000000000ffff000065000000');
  assert.deepEqual([pcap.readUInt32LE(24), pcap.readUInt32LE(28)], [1_700_000_000, 123_456]);
  assert.deepEqual([pcap.readUInt32LE(32), pcap.readUInt32LE(36)], [52, 52]);
  const ip = pcap.subarray(40, 60);
  assert.deepEqual([ip[0], ip.readUInt16BE(2), ip[9], ip.readUInt32BE(12), ip.readUInt32BE(16)], [0x45, 52, 6, 0x0a000001, 0x0a000002]);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += ip.readUInt16BE(i);
  assert.equal((sum & 0xffff) + (sum >>> 16), 0xffff);
  const second = 24 + 16 + 52 + 16;
  assert.deepEqual([pcap.readUInt16BE(second + 20), pcap.readUInt32BE(second + 24), pcap.readUInt32BE(second + 28)], [502, 1, 13]);
  assert.equal(pcap.subarray(second + 40).toString('hex'), Buffer.from(answer).toString('hex'));
  assert.equal(pcap.length, second + 40 + answer.length);
});

test('a capture of other frames has them alone, as link type USER0', () => {
  const rtu = hex('01 03 0000 0002 c40b');
  const pcap = Buffer.from(logOf(['tx', rtu]).pcap());
  assert.deepEqual([pcap.readUInt32LE(20), pcap.readUInt32LE(32), pcap.subarray(40).equals(Buffer.from(rtu))], [147, 8, true]);
  assert.equal(logOf().pcap().length, 24);
});

test('Wireshark dissects a capture as Modbus and finds nothing wrong', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'omh-pcap-'));
  try {
    const file = join(folder, 'frames.pcap');
    writeFileSync(file, logOf(['tx', request], ['rx', answer], ['tx', request], ['rx', answer]).pcap());
    const fields = ['modbus.func_code', 'modbus.regval_uint16', '_ws.malformed', '_ws.expert.severity'].flatMap((name) => ['-e', name]);
    const { error, stdout } = spawnSync('tshark', ['-r', file, '-T', 'fields', '-E', 'separator=;', ...fields], { encoding: 'utf8' });
    if (error !== undefined) {
      t.skip('tshark not found: apt-get install tshark');
      return;
    }
    assert.deepEqual(stdout.trim().split('\n'), ['3;;;', '3;258,772;;', '3;;;', '3;258,772;;']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
