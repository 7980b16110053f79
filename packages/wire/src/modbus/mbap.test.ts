import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameScanner, frameOf } from './mbap.ts';

const frames = [
  frameOf(1, 1, Uint8Array.of(3, 2, 1, 2)),
  frameOf(2, 255, Uint8Array.of(0x83, 2)),
  frameOf(3, 0, new Uint8Array(253).fill(7)),
  frameOf(4, 9, Uint8Array.of(1)),
];
const stream = Buffer.concat(frames);
const collect = (): { scanner: FrameScanner; got: string[] } => {
  const got: string[] = [];
  return {
    got,
    scanner: new FrameScanner((bytes, start, end) => {
      got.push(Buffer.from(bytes.subarray(start, end)).toString('hex'));
    }),
  };
};
const expected = frames.map((f) => Buffer.from(f).toString('hex'));

test('frames are found wherever the stream is cut', () => {
  for (let cut = 0; cut <= stream.length; cut++) {
    const { scanner, got } = collect();
    assert.equal(scanner.push(stream.subarray(0, cut)), undefined);
    assert.equal(scanner.push(stream.subarray(cut)), undefined);
    assert.deepEqual(got, expected, `cut at ${cut}`);
    assert.equal(scanner.held, 0);
  }
});

test('frames are found byte by byte', () => {
  const { scanner, got } = collect();
  for (const byte of stream) scanner.push(Uint8Array.of(byte));
  assert.deepEqual(got, expected);
});

test('a protocol identifier or a length that Modbus does not have is a fault, until reset', () => {
  const { scanner, got } = collect();
  const http = scanner.push(Buffer.from('HTTP/1.1 400'));
  assert.equal(http?.code, 'WIRE_MODBUS_PROTOCOL_ID');
  assert.equal(scanner.push(stream), http, 'nothing is read after a fault');
  assert.deepEqual(got, []);
  scanner.reset();
  assert.equal(scanner.push(stream), undefined);
  assert.deepEqual(got, expected);
  for (const length of [0, 1, 255, 65535]) {
    scanner.reset();
    const header = Uint8Array.of(0, 1, 0, 0, length >> 8, length & 255);
    assert.equal(scanner.push(header.subarray(0, 3)), undefined);
    assert.equal(scanner.push(header.subarray(3))?.code, 'WIRE_MODBUS_LENGTH', `${length}`);
  }
});

test('frames before garbage in one chunk still count', () => {
  const { scanner, got } = collect();
  assert.ok(scanner.push(Buffer.concat([frames[0]!, Buffer.from('garbage garbage')])));
  assert.deepEqual(got, expected.slice(0, 1));
});

test('random bytes never throw and never hold more than a frame', () => {
  let seed = 1;
  const next = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n;
  const { scanner } = collect();
  for (let i = 0; i < 10_000; i++) {
    const chunk = Uint8Array.from({ length: next(40) }, (_, at) => (next(3) === 0 ? next(256) : at === 4 ? 0 : next(8)));
    if (scanner.push(chunk) !== undefined) scanner.reset();
    assert.ok(scanner.held < 260);
  }
});
