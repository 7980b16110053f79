import assert from 'node:assert/strict';
import { kept } from './connect-exchanges.ts';
import { auth, connect, disconnect, pingreq, prop, publish, subscribe, unsubscribe } from './packets.ts';
import type { Connect, Props, Received } from './packets.ts';
import type { Peer } from './peer.ts';
import type { World } from './world.ts';

/** Goes on with the exchange, ends it well, and begins one on a live connection (table 3-11). */
const goOn = 0x18;
const done = 0;
const again = 0x19;

/** What CONNECT and AUTH say: the method, and a message of it. */
const says = (x: World, data: string, method = x.server.authMethod!): Props => [
  [prop.authMethod, method],
  [prop.authData, Buffer.from(data)],
];
const asks = (x: World, options: Connect = {}, name = 'good'): Connect => ({
  ...options,
  props: [...says(x, name), ...(options.props ?? [])],
});
const answer = (x: World, data = 'right', code = goOn): Buffer => auth(code, says(x, data));

/** CONNECT, and the challenge that answers it. */
async function begun(x: World, id = 'a', options: Connect = {}, name?: string): Promise<Peer> {
  const a = await x.open();
  a.hello(id, asks(x, options, name));
  await a.got('AUTH', { code: goOn });
  return a;
}
/** Connected with a proof. */
async function proven(x: World, id = 'a', options: Connect = {}, name?: string): Promise<Peer> {
  const a = await begun(x, id, options, name);
  a.send(answer(x));
  a.connack = await a.got('CONNACK', { code: 0 });
  return a;
}
/** Connected, and challenged a second time. */
async function provenAgain(x: World, options: Connect = {}, name = 'good'): Promise<Peer> {
  const a = await proven(x, 'a', options);
  a.send(answer(x, name, again));
  await a.got('AUTH', { code: goOn });
  return a;
}

/** Methods are the server's choice: one without is asked for any, and refuses it with the code for that. */
const offered =
  (run: (x: World) => Promise<void>) =>
  async (x: World): Promise<void> => {
    if (x.server.authMethod !== undefined) {
      await run(x);
      return;
    }
    assert.ok(!x.strict, 'no method is offered');
    const a = await x.open();
    a.hello('a', { props: [[prop.authMethod, 'NONE-SUCH']] });
    await a.got('CONNACK', { code: 0x8c, present: false });
    await a.raw.untilClosed();
  };

const parts = (x: World) =>
  ({
    method: [prop.authMethod, x.server.authMethod!],
    data: [prop.authData, Buffer.from('good')],
    foreign: [prop.topicAlias, 1],
  }) as const;
type Part = keyof ReturnType<typeof parts>;

/** CONNECT with a method, AUTH, and AUTH again on a live connection (MQTT 5.0, 3.15 and 4.12). */
export const authenticating = {
  unknownMethod: async (x: World): Promise<void> => {
    const a = await x.open();
    a.hello('a', { props: [[prop.authMethod, 'NONE-SUCH']] });
    await a.refused(0x8c);
  },
  noneUnasked: async (x: World): Promise<void> => {
    const a = await x.join('a', { username: 'good', password: 'right' });
    assert.equal(a.value(a.connack, prop.authMethod), undefined);
    assert.equal(a.value(a.connack, prop.authData), undefined);
    await a.quiet();
  },
  stray: async (x: World): Promise<void> => {
    const method = x.server.authMethod ?? 'NONE-SUCH';
    for (const packet of [auth(), auth(again, says(x, 'good', method)), auth(goOn, says(x, 'right', method))]) {
      const a = await x.join('a');
      a.send(packet);
      await a.ends(0x82);
    }
  },
  reservedBits: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.send('f1 00');
    await a.ends(0x81);
    if (x.server.authMethod === undefined) return;
    const b = await begun(x);
    const bad = answer(x);
    bad[0]! |= 1;
    b.send(bad);
    await b.refused(0x81);
  },
  nothingElseBefore: offered(async (x) => {
    const watcher = await x.join('watcher');
    await watcher.sub('t');
    const others = [publish(5, 't', 'early'), subscribe(5, 1, [['t', 0]]), unsubscribe(5, 1, ['t']), pingreq, connect(5, 'a')];
    for (const other of others) {
      const a = await begun(x);
      a.send(other);
      await a.refused(0x82);
    }
    await watcher.quiet();
    const leaves = await begun(x);
    leaves.send(disconnect());
    await leaves.refused();
  }),
  reasonCodes: offered(async (x) => {
    const a = await provenAgain(x);
    a.send(answer(x));
    await a.got('AUTH', { code: done });
    for (const code of [done, 0x01, 0x17, 0x1a, 0x87, 0x8c]) {
      const b = await begun(x, 'b');
      b.send(answer(x, 'right', code));
      await b.refused(0x81, 0x82);
    }
    await a.quiet();
  }),
  /** The packet that the method needs is the largest one. */
  withinMaximum: offered(async (x) => {
    const a = await x.open();
    a.hello('a', asks(x));
    const { length } = await a.got('AUTH', { code: goOn });
    const b = await x.open();
    b.hello('b', asks(x, { props: [[prop.maximumPacketSize, length]] }));
    const exact = await b.got('AUTH', { code: goOn, length });
    assert.deepEqual(
      exact.props.map(([id]) => id),
      [prop.authMethod, prop.authData],
    );
    const c = await x.open();
    c.hello('c', asks(x, { props: [[prop.maximumPacketSize, length - 1]] }));
    await c.refused(0x95);
  }),
  challenge: offered(async (x) => {
    const a = await x.open();
    a.hello('a', asks(x));
    for (const next of ['slowly', 'slowly', 'right']) {
      const packet = await a.got('AUTH', { code: goOn });
      assert.equal(String(a.value(packet, prop.authData)), 'who says so?');
      a.send(answer(x, next));
    }
    const connack = await a.got('CONNACK', { code: 0, present: false });
    assert.equal(String(a.value(connack, prop.authData)), 'welcome');
    await a.quiet();
  }),
  answersGoOn: offered(async (x) => {
    const a = await begun(x);
    a.send(answer(x, 'right', again));
    await a.refused(0x82);
    const b = await proven(x);
    await b.quiet();
  }),
  failed: offered(async (x) => {
    const a = await proven(x, 's', kept(x));
    await a.bye();
    const b = await begun(x, 's', kept(x));
    b.send(answer(x, 'wrong'));
    await b.refused(0x87);
    const c = await begun(x, 's', kept(x));
    c.send(answer(x, 'slowly'));
    await c.got('AUTH', { code: goOn });
    c.send(answer(x, 'wrong'), publish(5, 't', 'stray'));
    await c.refused(0x87);
  }),
  methodEverywhere: offered(async (x) => {
    const a = await x.open();
    const named = (packet: Received): void => assert.equal(a.value(packet, prop.authMethod), x.server.authMethod);
    a.hello('a', asks(x));
    named(await a.got('AUTH'));
    a.send(answer(x, 'slowly'));
    named(await a.got('AUTH'));
    a.send(answer(x));
    named(await a.got('CONNACK', { code: 0 }));
    a.send(answer(x, 'good', again));
    named(await a.got('AUTH'));
    a.send(answer(x));
    named(await a.got('AUTH', { code: done }));
  }),
  otherMethodAgain: offered(async (x) => {
    const a = await proven(x);
    a.send(auth(again, says(x, 'good', 'NONE-SUCH')));
    await a.ends(0x8c, 0x82);
    const b = await provenAgain(x);
    b.send(auth(goOn, says(x, 'right', 'NONE-SUCH')));
    await b.ends(0x8c, 0x82);
  }),
  failedAgain: offered(async (x) => {
    const a = await provenAgain(x);
    a.send(answer(x, 'wrong'), pingreq);
    await a.ends(0x87);
  }),

  connectWith:
    (code: number, ...which: Part[]) =>
    async (x: World): Promise<void> => {
      const a = await x.open();
      a.hello('a', { props: which.map((part) => parts(x)[part]) });
      await a.refused(code);
    },
  authWith:
    (code: number, ...which: Part[]) =>
    async (x: World): Promise<void> => {
      const list = which.length === 0 ? undefined : which.map((part) => parts(x)[part]);
      const a = await begun(x);
      a.send(auth(goOn, list));
      await a.refused(code);
      const b = await proven(x);
      b.send(auth(again, list));
      await b.ends(code);
    },
  otherMethod: async (x: World): Promise<void> => {
    const a = await begun(x);
    a.send(auth(goOn, says(x, 'right', 'NONE-SUCH')));
    await a.refused(0x8c, 0x82);
  },
  sessionGoesOn: async (x: World): Promise<void> => {
    const a = await proven(x, 's', kept(x));
    assert.equal(a.connack.present, false);
    await a.sub('t', 1);
    await a.bye();
    const p = await x.join('p');
    await p.put('t', 'waits', { qos: 1 });
    const b = await begun(x, 's', kept(x));
    b.send(answer(x));
    await b.got('CONNACK', { code: 0, present: true });
    await b.take('t', 'waits');
  },
  takesNothingOver: async (x: World): Promise<void> => {
    const a = await proven(x, 'same', kept(x));
    await a.sub('t', 1);
    const b = await begun(x, 'same');
    await a.quiet();
    b.send(answer(x, 'wrong'));
    await b.refused(0x87);
    await a.put('u', 'still here');
    await a.bye();
    const back = await begun(x, 'same', kept(x));
    back.send(answer(x));
    await back.got('CONNACK', { code: 0, present: true });
  },
  noWill: async (x: World): Promise<void> => {
    const watcher = await x.join('watcher');
    await watcher.sub('w');
    const will = { topic: 'w', payload: 'gone' };
    const a = await begun(x, 'a', { will });
    a.send(answer(x, 'wrong'));
    await a.refused(0x87);
    await x.cut(await begun(x, 'b', { will }));
    await watcher.quiet();
    await x.cut(await proven(x, 'c', { will }));
    await watcher.take('w', 'gone');
  },
  permissions: async (x: World): Promise<void> => {
    for (const [name, code] of [
      ['good', 0x10],
      ['other', 0x87],
    ] as const) {
      const a = await proven(x, name, {}, name);
      a.pub('forbidden/t', 'x', { qos: 1, id: 1 });
      await a.got('PUBACK', { id: 1, code });
    }
  },
  stops: async (x: World): Promise<void> => {
    const a = await begun(x, 'a', { keepAlive: 0 });
    await x.pass(60);
    await a.refused();
  },
  goesOnMeanwhile: async (x: World): Promise<void> => {
    const a = await provenAgain(x);
    await a.sub('t', 1);
    await a.put('u', 'x', { qos: 2 });
    const p = await x.join('p');
    await p.put('t', 'meanwhile', { qos: 1 });
    await a.take('t', 'meanwhile');
    a.send(answer(x));
    await a.got('AUTH', { code: done });
    await a.quiet();
    a.send(answer(x, 'good', again));
    await a.got('AUTH', { code: goOn });
  },
  nothingUnderWay: async (x: World): Promise<void> => {
    const a = await proven(x);
    a.send(answer(x));
    await a.ends(0x82);
  },
  twiceAtOnce: async (x: World): Promise<void> => {
    const a = await provenAgain(x);
    a.send(answer(x, 'good', again));
    await a.ends(0x82);
  },
  anotherName: async (x: World): Promise<void> => {
    const a = await provenAgain(x, {}, 'other');
    a.send(answer(x));
    await a.ends(0x87);
  },
  willAfterFailure: async (x: World): Promise<void> => {
    const watcher = await x.join('watcher');
    await watcher.sub('w');
    const a = await provenAgain(x, { will: { topic: 'w', payload: 'gone' } });
    a.send(answer(x, 'wrong'));
    await a.ends(0x87);
    await watcher.take('w', 'gone');
  },
};
