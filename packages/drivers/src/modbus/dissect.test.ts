import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock } from '@omh/core';
import { ModbusPeer } from '../testing/modbus-peer.ts';
import { tag } from '../testing/tag.ts';
import { modbusTcp } from './module.ts';

const hasTshark = spawnSync('tshark', ['-v']).status === 0 && spawnSync('text2pcap', ['-v']).status === 0;

for (const [framing, dissector] of [
  ['mbap', 'mbtcp'],
  ['rtu', 'mbrtu'],
] as const) {
  test(`tshark finds nothing malformed in ${framing} frames`, {
    skip: hasTshark ? false : 'tshark not found: apt-get install tshark',
  }, async (t) => {
    const peer = await ModbusPeer.listen({ framing });
    const folder = mkdtempSync(join(tmpdir(), 'omh-dissect-'));
    const frames: { direction: string; bytes: Uint8Array }[] = [];
    const driver = modbusTcp.create(peer.settings, {
      device: 'demo',
      clock: systemClock,
      log: silentLogger,
      onLost: () => {},
      trace: (direction, bytes) => void frames.push({ direction, bytes }),
    });
    t.after(async () => {
      await driver.close();
      await peer.close();
      rmSync(folder, { recursive: true, force: true });
    });
    await driver.open(new AbortController().signal);
    const tags = [tag(1, '1!40001'), tag(2, '1!30001', 'float'), tag(3, '1!00001', 'bit'), tag(4, '1!10005', 'bit')];
    await driver.read(driver.compile(tags), { timeoutMs: 1000 });
    for (const [address, type, value] of [
      ['1!40001', 'int16', 5],
      ['1!40011', 'double', 1.5],
      ['1!40021.3', 'bit', true],
      ['1!00001', 'bit', true],
    ] as const)
      await driver.write([{ tag: tag(9, address, type, 'readwrite'), value }], { timeoutMs: 1000 });
    await driver.identify!(1, { timeoutMs: 1000 }).catch(() => {});
    assert.ok(frames.length >= 16);

    for (const [direction, ports] of [
      ['tx', '40000,502'],
      ['rx', '502,40000'],
    ] as const) {
      const own = frames.filter((f) => f.direction === direction);
      const dump = own.map(({ bytes }) => `000000 ${Buffer.from(bytes).toString('hex').replace(/../g, '$& ')}\n`);
      const [text, pcap] = [join(folder, `${direction}.txt`), join(folder, `${direction}.pcap`)];
      writeFileSync(text, dump.join('\n'));
      const made = spawnSync('text2pcap', ['-q', '-T', ports, text, pcap], { encoding: 'utf8' });
      assert.equal(made.status, 0, made.stderr);
      const asked = ['-r', pcap, '-d', `tcp.port==502,${dissector}`, '-o', `${dissector}.tcp.port:502`, '-V'];
      const shown = spawnSync('tshark', asked, { encoding: 'utf8', maxBuffer: 1 << 24 });
      assert.equal(shown.status, 0, shown.stderr);
      assert.doesNotMatch(shown.stdout, /Malformed|Checksum.*(?:incorrect|bad)/);
      assert.equal(shown.stdout.match(/^Frame \d+/gm)?.length, own.length);
      assert.ok((shown.stdout.match(/^Modbus/gm)?.length ?? 0) >= own.length, 'every frame is Modbus');
    }
  });
}
