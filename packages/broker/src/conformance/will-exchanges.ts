import assert from 'node:assert/strict';
import { kept, silent, withWill } from './connect-exchanges.ts';
import { prop } from './packets.ts';
import type { World } from './world.ts';

export const wills = {
  sentWhenCut: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x);
    await watcher.quiet();
    await x.cut(mortal);
    await watcher.take('w', 'gone');
  },
  sentAfterProtocolError: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x);
    mortal.send('e1 00');
    await mortal.ends(0x81);
    await watcher.take('w', 'gone');
  },
  sentAfterKeepAlive: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, {}, { keepAlive: 1 });
    await silent(x, mortal);
    await watcher.take('w', 'gone');
  },
  notAfterDisconnect: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x);
    await mortal.bye();
    await watcher.quiet();
  },
  onlyOnce: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, {}, kept(x));
    await x.cut(mortal);
    await watcher.take('w', 'gone');
    const again = await x.join('mortal', kept(x));
    await x.cut(again);
    await watcher.quiet();
  },
  removedByDisconnect: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, {}, kept(x));
    await mortal.bye();
    const again = await x.join('mortal', kept(x));
    await x.cut(again);
    await watcher.quiet();
  },
  noneWithoutFlag: async (x: World): Promise<void> => {
    const watcher = await x.join('watcher');
    await watcher.sub('#');
    const a = await x.join('a');
    await x.cut(a);
    await watcher.quiet();
  },
  notRetained: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x);
    await x.cut(mortal);
    await watcher.take('w', 'gone', { retain: false });
    const late = await x.join('late');
    await late.sub('w');
    await late.quiet();
  },
  retained: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, { retain: true });
    await x.cut(mortal);
    await watcher.take('w', 'gone');
    const late = await x.join('late');
    await late.sub('w');
    await late.take('w', 'gone', { retain: true });
  },
  withItsQosAndRetain: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, { qos: 1, retain: true, payload: 'bytes' });
    await x.cut(mortal);
    await watcher.take('w', 'bytes', { qos: 1 });
    const late = await x.join('late');
    await late.sub('w', 2);
    await late.take('w', 'bytes', { qos: 1, retain: true });
  },

  // ---- 5.0
  delayed: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, { props: [[prop.willDelay, 3]] }, { props: [[prop.sessionExpiry, 100]] });
    await x.cut(mortal);
    await x.pass(1);
    await watcher.quiet();
    await x.pass(x.strict ? 3 : 4);
    await watcher.take('w', 'gone');
  },
  delayEndsWithSession: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, { props: [[prop.willDelay, 100]] }, { props: [[prop.sessionExpiry, 3]] });
    await x.cut(mortal);
    await x.pass(1);
    await watcher.quiet();
    await x.pass(x.strict ? 3 : 6);
    await watcher.take('w', 'gone');
  },
  delayEndsAtOnceWithoutSession: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, { props: [[prop.willDelay, 100]] });
    await x.cut(mortal);
    await watcher.take('w', 'gone');
  },
  delayEndsWithCleanStart: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, { props: [[prop.willDelay, 100]] }, { props: [[prop.sessionExpiry, 100]] });
    await x.cut(mortal);
    await watcher.quiet();
    await x.join('mortal', { clean: true });
    await watcher.take('w', 'gone');
  },
  cancelledByReturn: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, { props: [[prop.willDelay, 4]] }, { props: [[prop.sessionExpiry, 100]] });
    await x.cut(mortal);
    await x.pass(1);
    const again = await x.join('mortal', kept(x));
    assert.equal(again.connack.present, true);
    await x.pass(x.strict ? 20 : 5);
    await watcher.quiet();
  },
  takeoverCancelsDelay: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x, { props: [[prop.willDelay, 100]] }, { props: [[prop.sessionExpiry, 100]] });
    await x.join('mortal', kept(x));
    await mortal.ends(0x8e);
    await watcher.quiet();
  },
  sentOnTakeover: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x);
    await x.join('mortal');
    await mortal.ends(0x8e);
    await watcher.take('w', 'gone');
  },
  withReasonOfError: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x);
    await mortal.bye(0x80);
    await watcher.take('w', 'gone');
  },
  withReason4: async (x: World): Promise<void> => {
    const { watcher, mortal } = await withWill(x);
    await mortal.bye(0x04);
    await watcher.take('w', 'gone');
  },
  propertiesInOrder: async (x: World): Promise<void> => {
    const users = [
      [prop.user, ['b', '1']],
      [prop.user, ['a', '2']],
      [prop.user, ['b', '3']],
    ] as const;
    const { watcher, mortal } = await withWill(x, { props: [[prop.payloadFormat, 1], [prop.contentType, 'text/plain'], ...users] });
    await x.cut(mortal);
    const will = await watcher.take('w', 'gone');
    assert.deepEqual(
      will.props.filter(([id]) => id === prop.user),
      users,
    );
    assert.deepEqual([watcher.value(will, prop.payloadFormat), watcher.value(will, prop.contentType)], [1, 'text/plain']);
    assert.equal(watcher.value(will, prop.willDelay), undefined);
  },
  expires: async (x: World): Promise<void> => {
    const keeper = await x.join('keeper', kept(x));
    await keeper.sub('w', 1);
    await keeper.bye();
    const mortal = await x.join('mortal', { will: { topic: 'w', qos: 1, props: [[prop.messageExpiry, 2]] } });
    await x.cut(mortal);
    await x.pass(4);
    const again = await x.join('keeper', kept(x));
    await again.quiet();
  },
};
