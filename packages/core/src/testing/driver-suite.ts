import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { systemClock, type Cancel, type Clock } from '../clock.ts';
import type { Driver, DriverModule } from '../driver.ts';
import { OmhError, type Reason } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { isBad, isGood, Quality } from '../quality.ts';
import type { Tag, TagValue } from '../tag.ts';
import type { Micros } from '../time.ts';
import { valueAt } from '../value-batch.ts';

/** How a scriptable peer treats requests from now on. */
export type PeerBehaviour =
  | { readonly kind: 'answer' }
  /** Reads and says nothing. */
  | { readonly kind: 'silent' }
  /** Makes each answer, keeps it, and sends it at `release()`. */
  | { readonly kind: 'hold' }
  /** Sends each answer in two pieces, the first of `at` bytes. */
  | { readonly kind: 'cut'; readonly at: number }
  /** Sends answers only in one piece of `answers`. */
  | { readonly kind: 'join'; readonly answers: number }
  /** Answers with bytes of no protocol. */
  | { readonly kind: 'garbage' }
  /** Closes the connection when a request comes. */
  | { readonly kind: 'hangUp' }
  /** Sends `frames` well-formed frames of random content, then the true answer. */
  | { readonly kind: 'fuzz'; readonly frames: number; readonly random: () => number };

/** A device made for tests; it listens on loopback. */
export interface DriverPeer {
  /** Settings of the driver that reach this peer. */
  readonly settings: unknown;
  behave(behaviour: PeerBehaviour): void;
  release(): void;
  /** Cuts all connections at once. */
  hangUp(): void;
  /** Requests received since it started. */
  requests(): number;
  close(): Promise<void>;
}

/** What a way to the device cannot do, or does of itself. */
export interface DriverDifferences {
  /** After bytes of no protocol the next frame is found again: garbage costs a read, not the link. */
  readonly resyncs?: true;
  /** Nobody hangs up: the other side's end shows only as silence. */
  readonly noHangUp?: true;
  /** One request at a time: a second answer in one piece is nobody's. */
  readonly oneAtATime?: true;
}

export interface DriverHarness {
  readonly module: DriverModule<never>;
  peer(): Promise<DriverPeer>;
  /** Settings that reach nobody, for a driver that can tell when it opens. */
  nobody?(): Promise<unknown>;
  /** What is otherwise than over a connection with frame boundaries; nothing when absent. */
  readonly differences?: DriverDifferences;
  /** Tags that the peer answers, in at least two requests, and what it holds in them. */
  readonly tags: readonly Tag[];
  readonly values: readonly TagValue[];
  /** Bytes of the longest answer. */
  readonly answerBytes: number;
  /** A tag the peer lets be written and read back. */
  readonly writable: { readonly tag: Tag; readonly value: TagValue };
  /** Any other value that fits `writable.tag`. */
  anyValue(random: () => number): TagValue;
  /** An address of the grammar, different for each i. */
  address(i: number): string;
}

/** The system's clock, which counts the timers that are not over. */
class WatchedClock implements Clock {
  pending = 0;
  now(): Micros {
    return systemClock.now();
  }
  monotonicMs(): number {
    return systemClock.monotonicMs();
  }
  after(delayMs: number, callback: () => void): Cancel {
    let isOver = false;
    const end = (): void => {
      if (!isOver) this.pending--;
      isOver = true;
    };
    this.pending++;
    const cancel = systemClock.after(delayMs, () => {
      end();
      callback();
    });
    return () => {
      end();
      cancel();
    };
  }
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(delayMs, signal);
  }
}

const timeoutMs = 2000;
const shortMs = 25;

/** What every driver keeps, whatever its protocol: run it beside the driver's own tests. */
export function driverSuite(name: string, harness: DriverHarness): void {
  const { resyncs = false, noHangUp = false, oneAtATime = false } = harness.differences ?? {};
  interface Stage {
    readonly clock: WatchedClock;
    readonly peer: DriverPeer;
    readonly driver: Driver;
    readonly lost: Reason[];
  }

  const stage = async (t: TestContext): Promise<Stage> => {
    const peer = await harness.peer();
    const lost: Reason[] = [];
    const clock = new WatchedClock();
    const driver = make(peer.settings, lost, clock);
    t.after(async () => {
      await driver.close();
      await peer.close();
      assert.equal(clock.pending, 0, 'no timer is left');
    });
    return { peer, driver, lost, clock };
  };
  const make = (settings: unknown, lost: Reason[], clock: Clock = systemClock): Driver =>
    harness.module.create(settings as never, {
      device: 'suite',
      clock,
      log: silentLogger,
      onLost: (reason) => {
        lost.push(reason);
      },
    });
  const open = (driver: Driver): Promise<void> => driver.open(new AbortController().signal);
  const readAll = async (driver: Driver, plan = driver.compile(harness.tags)): Promise<void> => {
    const batch = await driver.read(plan, { timeoutMs });
    harness.tags.forEach((tag, i) => {
      assert.ok(isGood(batch.quality[i]!), `${tag.name} is good: ${batch.reasons?.[i]?.text ?? ''}`);
      assert.deepEqual(valueAt(batch, i, tag), harness.values[i], tag.name);
      assert.equal(batch.ids[i], tag.id);
    });
  };
  const isSentence = (reason: Reason | undefined): void => {
    assert.ok(reason !== undefined && /^\S+ \S+ .*\.$/s.test(reason.text), `a sentence: ${reason?.text}`);
    assert.doesNotMatch(reason.text, /\bE[A-Z]{4,}\b/);
  };

  describe(`driver contract: ${name}`, () => {
    test('a plan is compiled once and read again and again', async (t) => {
      const { driver, peer } = await stage(t);
      await open(driver);
      const plan = driver.compile(harness.tags);
      assert.ok(plan.requests.length >= 2);
      for (let i = 0; i < 5; i++) await readAll(driver, plan);
      assert.equal(peer.requests(), plan.requests.length * 5);
    });

    test('answers that are cut at any byte are put together', async (t) => {
      const { driver, peer } = await stage(t);
      await open(driver);
      const plan = driver.compile(harness.tags);
      for (let at = 1; at < harness.answerBytes; at++) {
        peer.behave({ kind: 'cut', at });
        await readAll(driver, plan);
      }
    });

    test('two answers in one piece are both taken', async (t) => {
      const { driver, peer } = await stage(t);
      await open(driver);
      peer.behave({ kind: 'join', answers: oneAtATime ? 1 : 2 });
      await readAll(driver);
    });

    test(`garbage costs ${resyncs ? 'one read' : 'the link, with a sentence'}, and what comes after it works`, async (t) => {
      const { driver, peer, lost } = await stage(t);
      await open(driver);
      peer.behave({ kind: 'garbage' });
      const batch = await driver.read(driver.compile(harness.tags), { timeoutMs: resyncs ? shortMs : timeoutMs });
      assert.ok(batch.quality.every((q) => isBad(q)));
      assert.equal(lost.length, resyncs ? 0 : 1);
      if (!resyncs) isSentence(lost[0]);
      peer.behave({ kind: 'answer' });
      if (!resyncs) await open(driver);
      await readAll(driver);
    });

    test('an answer that comes after its time-out is thrown away and counted', async (t) => {
      const { driver, peer } = await stage(t);
      await open(driver);
      const plan = driver.compile(harness.tags);
      peer.behave({ kind: 'hold' });
      const batch = await driver.read(plan, { timeoutMs: shortMs });
      assert.ok(batch.quality.every((q) => q === Quality.badTimeout));
      isSentence(batch.reasons?.[0]);
      peer.behave({ kind: 'answer' });
      peer.release();
      await readAll(driver, plan);
      const { strays, timeouts } = driver.stats();
      assert.ok(strays >= 1 && timeouts >= 1, `${strays} strays, ${timeouts} time-outs`);
    });

    if (!noHangUp)
      test('a peer that hangs up makes the read bad and is reported once', async (t) => {
        const { driver, peer, lost } = await stage(t);
        await open(driver);
        peer.behave({ kind: 'hangUp' });
        const batch = await driver.read(driver.compile(harness.tags), { timeoutMs });
        assert.ok(batch.quality.every((q) => q === Quality.badNoCommunication));
        assert.equal(lost.length, 1);
        isSentence(lost[0]);
        const again = await driver.read(driver.compile(harness.tags), { timeoutMs });
        assert.ok(
          again.quality.every((q) => isBad(q)),
          'a read without a link resolves',
        );
        assert.equal(lost.length, 1);
      });

    if (!noHangUp)
      test('a peer that hangs up while nothing is asked is noticed', async (t) => {
        const { driver, peer, lost } = await stage(t);
        await open(driver);
        await readAll(driver);
        peer.hangUp();
        await until(() => lost.length === 1);
        isSentence(lost[0]);
      });

    if (!noHangUp)
      test('reads and writes in flight when the peer hangs up resolve', async (t) => {
        const { driver, peer } = await stage(t);
        await open(driver);
        peer.behave({ kind: 'silent' });
        const before = peer.requests();
        const reading = driver.read(driver.compile(harness.tags), { timeoutMs });
        const writing = driver.write([harness.writable], { timeoutMs });
        await until(() => peer.requests() > before);
        peer.hangUp();
        assert.ok((await reading).quality.every((q) => isBad(q)));
        assert.ok(isBad((await writing)[0]!.quality));
      });

    test('nobody there, and an attempt that is called off, reject with a coded sentence', async (t) => {
      const { driver, lost } = await stage(t);
      if (harness.nobody !== undefined) {
        const alone = make(await harness.nobody(), lost);
        await assert.rejects(open(alone), (error) => {
          assert.ok(error instanceof OmhError);
          isSentence(error.reason());
          return true;
        });
        await alone.close();
      }
      const off = new AbortController();
      off.abort();
      await assert.rejects(driver.open(off.signal), OmhError);
      const later = new AbortController();
      const opening = driver.open(later.signal);
      later.abort();
      await assert.rejects(opening, OmhError);
      assert.equal(lost.length, 0);
      await open(driver);
      await readAll(driver);
    });

    test('close settles what is pending, is idempotent and reports no loss', async (t) => {
      const { driver, peer, lost } = await stage(t);
      await driver.close();
      const opening = open(driver).catch((error: unknown) => error);
      await driver.close();
      await opening;
      await open(driver);
      peer.behave({ kind: 'silent' });
      const read = driver.read(driver.compile(harness.tags), { timeoutMs: 60_000 });
      const write = driver.write([harness.writable], { timeoutMs: 60_000 });
      await Promise.all([driver.close(), driver.close()]);
      assert.ok((await read).quality.every((q) => isBad(q)));
      assert.ok(isBad((await write)[0]!.quality));
      assert.equal(lost.length, 0);
    });

    test('a write is answered when the device confirmed it', async (t) => {
      const { driver, peer } = await stage(t);
      await open(driver);
      const { tag, value } = harness.writable;
      peer.behave({ kind: 'hold' });
      const before = peer.requests();
      let settled = false;
      const writing = driver.write([{ tag, value }], { timeoutMs });
      void writing.then(() => {
        settled = true;
      });
      await until(() => peer.requests() > before);
      assert.equal(settled, false, 'not before the device answered');
      peer.behave({ kind: 'answer' });
      peer.release();
      assert.deepEqual(await writing, [{ quality: Quality.good }]);
      const batch = await driver.read(driver.compile([tag]), { timeoutMs });
      assert.deepEqual(valueAt(batch, 0, tag), value);
      peer.behave({ kind: 'silent' });
      const [unheard] = await driver.write([{ tag, value }], { timeoutMs: shortMs });
      assert.equal(unheard!.quality, Quality.badTimeout);
      isSentence(unheard!.reason);
    });

    test('what is written is what is read back, whatever the value', async (t) => {
      const { driver } = await stage(t);
      await open(driver);
      const { tag } = harness.writable;
      const plan = driver.compile([tag]);
      const random = generator(7);
      for (let i = 0; i < 100; i++) {
        const value = harness.anyValue(random);
        assert.deepEqual(await driver.write([{ tag, value }], { timeoutMs }), [{ quality: Quality.good }]);
        assert.deepEqual(valueAt(await driver.read(plan, { timeoutMs }), 0, tag), value);
      }
    });

    test('open while open takes the place of the older connection, and nothing outlives close', async (t) => {
      const { driver, lost, clock } = await stage(t);
      for (let i = 0; i < 5; i++) {
        await open(driver);
        await readAll(driver);
      }
      await driver.close();
      assert.equal(clock.pending, 0);
      assert.equal(lost.length, 0);
      await open(driver);
      await readAll(driver);
    });

    test('fifty plans read at the same time are all answered', async (t) => {
      const { driver } = await stage(t);
      await open(driver);
      await Promise.all(Array.from({ length: 50 }, () => readAll(driver)));
    });

    test('ten thousand tags compile, and an address that is none costs only its own row', async (t) => {
      const { driver } = await stage(t);
      const first = harness.tags[0]!;
      const many = Array.from(
        { length: 10_000 },
        (_, i): Tag => ({ ...first, id: (i + 1) as Tag['id'], name: `t${i}`, address: harness.address(i) }),
      );
      assert.equal(driver.compile(many).tags.length, 10_000);
      await open(driver);
      const mixed = [{ ...first, address: '\0 no address' }, ...harness.tags];
      const batch = await driver.read(driver.compile(mixed), { timeoutMs });
      assert.equal(batch.quality[0], Quality.badConfiguration);
      isSentence(batch.reasons?.[0]);
      assert.ok(batch.quality.slice(1).every((q) => isGood(q)));
    });

    test('a hundred thousand frames of random content break nothing', async (t) => {
      const { driver, peer } = await stage(t);
      await open(driver);
      const plan = driver.compile(harness.tags);
      const random = generator(20_26);
      for (let before = peer.requests(), frames = 0; frames < 100_000; ) {
        peer.behave({ kind: 'fuzz', frames: 1000, random });
        const batch = await driver.read(plan, { timeoutMs: 200 });
        assert.equal(batch.ids.length, harness.tags.length);
        frames += 1000 * (peer.requests() - before);
        before = peer.requests();
        if (before > 1000) break;
        await open(driver);
      }
      peer.behave({ kind: 'answer' });
      await open(driver);
      await readAll(driver, driver.compile(harness.tags));
    });
  });
}

/** Waits for something that a socket brings; gives up after two seconds. */
async function until(condition: () => boolean): Promise<void> {
  const end = systemClock.monotonicMs() + 2000;
  while (!condition()) {
    assert.ok(systemClock.monotonicMs() < end, 'it happens within two seconds');
    await systemClock.sleep(2);
  }
}

/** Repeatable random numbers (mulberry32). */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}
