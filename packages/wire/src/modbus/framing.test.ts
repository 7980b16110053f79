import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lrc } from './ascii.ts';
import type { Framing } from './framing.ts';
import { framings } from './framings.ts';
import { crc16 } from './rtu.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
function frameOf(framing: Framing, unit: number, pdu: Uint8Array, transaction = 0): Uint8Array {
  const out = new Uint8Array(framing.frameLength(pdu.length));
  assert.equal(framing.put(out, 0, transaction, unit, pdu, 0, pdu.length), out.length);
  return out;
}
function collect(framing: Framing, role: 'client' | 'server' = 'client') {
  const got: string[] = [];
  return { got, scanner: framing.scanner((bytes, start, end, unit) => void got.push(`${unit} ${hex(bytes.subarray(start, end))}`), role) };
}
function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) % n;
}

const read = Uint8Array.of(3, 0, 0, 0, 2);
const answers = [
  Uint8Array.of(3, 4, 0, 10, 0, 20),
  Uint8Array.of(0x83, 2),
  Uint8Array.of(1, 1, 5),
  Uint8Array.of(5, 0, 1, 0xff, 0),
  Uint8Array.of(0x16, 0, 4, 0, 0xf2, 0, 0x25),
  Uint8Array.of(0x18, 0, 4, 0, 1, 1, 0xb8),
  Uint8Array.of(0x2b, 0x0e, 1, 1, 0, 0, 2, 0, 2, 65, 66, 1, 1, 67),
  Uint8Array.of(3, 250, ...new Uint8Array(250)),
];

test('RTU and ASCII frames carry the check sums of the specification', () => {
  // V1.02, appendix B: CRC of 02 07 is 1241; section 6.2.1 for the LRC.
  assert.equal(crc16(Uint8Array.of(2, 7), 0, 2), 0x1241);
  assert.equal(lrc(Uint8Array.of(0xf7, 3, 0x13, 0x89, 0, 0x0a), 0, 6), 0x60);
  assert.equal(hex(frameOf(framings.rtu, 1, read)), '010300000002c40b');
  assert.equal(Buffer.from(frameOf(framings.ascii, 0xf7, Uint8Array.of(3, 0x13, 0x89, 0, 0x0a))).toString(), ':F7031389000A60\r\n');
});

for (const framing of [framings.rtu, framings.ascii, framings.mbap]) {
  test(`${framing.name}: frames are found wherever the stream is cut, and what is put is what is found`, () => {
    const stream = Buffer.concat(answers.map((pdu) => frameOf(framing, 9, pdu)));
    const expected = answers.map((pdu) => `9 ${hex(pdu)}`);
    for (let cut = 0; cut <= stream.length; cut += 1 + (cut > 80 ? 7 : 0)) {
      const { scanner, got } = collect(framing);
      scanner.push(stream.subarray(0, cut));
      scanner.push(stream.subarray(cut));
      assert.deepEqual(got, expected, `cut at ${cut}`);
    }
    const { scanner, got } = collect(framing);
    for (const byte of stream) scanner.push(Uint8Array.of(byte));
    assert.deepEqual(got, expected);
    assert.equal(scanner.held, 0);
  });

  test(`${framing.name}: requests are found as a server finds them`, () => {
    const requests = [read, Uint8Array.of(16, 0, 0, 0, 1, 2, 7, 8), Uint8Array.of(0x2b, 0x0e, 1, 0), Uint8Array.of(7)];
    const { scanner, got } = collect(framing, 'server');
    scanner.push(Buffer.concat(requests.map((pdu) => frameOf(framing, 1, pdu))));
    assert.deepEqual(
      got,
      requests.map((pdu) => `1 ${hex(pdu)}`),
    );
  });

  test(`${framing.name}: random bytes never throw and are never kept without bound`, () => {
    const next = generator(framing.name.length);
    const { scanner } = collect(framing);
    for (let i = 0; i < 20_000; i++) {
      if (next(4) === 0) scanner.expect(next(4), read, 0, read.length);
      const chunk = Uint8Array.from({ length: next(60) }, () => (next(3) === 0 ? next(256) : next(8)));
      if (scanner.push(chunk) !== undefined) scanner.reset();
      assert.ok(scanner.held <= 512);
    }
  });
}

for (const framing of [framings.rtu, framings.ascii]) {
  test(`${framing.name}: an answer is found behind garbage, and a broken one is none`, () => {
    const answer = frameOf(framing, 1, answers[0]!);
    const next = generator(3);
    for (let i = 0; i < 500; i++) {
      const { scanner, got } = collect(framing);
      scanner.expect(1, read, 0, read.length);
      const garbage = Uint8Array.from({ length: next(80) }, () => (next(2) === 0 ? next(256) : [1, 3, 4, 0x3a][next(4)]!));
      scanner.push(garbage);
      scanner.push(answer);
      assert.equal(got.at(-1), '1 0304000a0014', `garbage ${hex(garbage)}`);
    }
    const broken = Uint8Array.from(answer);
    broken[5]! ^= 1;
    const { scanner, got } = collect(framing);
    scanner.expect(1, read, 0, read.length);
    scanner.push(broken);
    assert.deepEqual(got, []);
    scanner.reset();
    assert.ok(scanner.noise >= answer.length - 2, `${scanner.noise} bytes`);
  });
}

test('an RTU answer whose length only the CRC tells is found', () => {
  const pdu = Uint8Array.of(0x41, 1, 2, 3, 4, 5);
  const { scanner, got } = collect(framings.rtu);
  scanner.expect(1, Uint8Array.of(0x41, 9), 0, 2);
  for (const byte of frameOf(framings.rtu, 1, pdu)) scanner.push(Uint8Array.of(byte));
  assert.deepEqual(got, [`1 ${hex(pdu)}`]);
});

test('an RTU frame of another unit does not hold up the answer that is awaited', () => {
  const { scanner, got } = collect(framings.rtu);
  scanner.expect(1, read, 0, read.length);
  scanner.push(frameOf(framings.rtu, 2, answers[0]!));
  scanner.push(frameOf(framings.rtu, 1, answers[0]!));
  assert.deepEqual(got, [`2 ${hex(answers[0]!)}`, `1 ${hex(answers[0]!)}`]);
});
