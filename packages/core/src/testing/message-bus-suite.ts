import type { MessageBus } from '../message-bus.ts';
import type { Message } from '../message.ts';
import { equal, eventually, principal, reader, turn } from './bus-case.ts';
import { eventCases, stageCases } from './bus-door-cases.ts';

/** A fresh bus with nothing on it; `close` releases it. */
export interface BusUnderTest {
  readonly bus: MessageBus;
  close(): Promise<void>;
}
export interface SuiteCase {
  readonly name: string;
  run(): Promise<void>;
}

/** What every `MessageBus` keeps, embedded or behind a broker elsewhere; run each case as a test. A capability that is false leaves its cases out. */
export function messageBusSuite(open: () => Promise<BusUnderTest>, capabilities: MessageBus['capabilities']): readonly SuiteCase[] {
  const cases: SuiteCase[] = [];
  const add = (name: string, body: (bus: MessageBus) => Promise<void>): void => {
    cases.push({
      name,
      run: async () => {
        const { bus, close } = await open();
        try {
          await body(bus);
        } finally {
          await close();
        }
      },
    });
  };

  add('messages of one publisher arrive in order', async (bus) => {
    const got: unknown[] = [];
    bus.subscribe(
      ['order/+'],
      reader('r', (m) => {
        got.push(m.json());
      }),
    );
    for (let i = 0; i < 100; i++) void bus.publish({ topic: 'order/a', payload: String(i), principal });
    await eventually(() => got.length === 100);
    equal(
      got,
      Array.from({ length: 100 }, (_, i) => i),
    );
  });
  add('a message carries topic, qos, principal, client id and properties', async (bus) => {
    let got: Message | undefined;
    bus.subscribe(
      ['a/b'],
      reader('r', (m) => {
        got = m.keep();
      }),
    );
    await bus.publish({
      topic: 'a/b',
      payload: new Uint8Array([1, 2]),
      qos: 1,
      principal,
      clientId: 'me',
      properties: {
        contentType: 'x',
        responseTopic: 'r',
        userProperties: [
          ['k', '1'],
          ['k', '2'],
        ],
      },
    });
    await eventually(() => got !== undefined);
    equal([got!.topic, got!.qos, got!.retain, got!.peer], ['a/b', 1, false, undefined]);
    equal([got!.principal.kind, got!.principal.permissions.length > 0], capabilities.clients ? ['part', true] : ['anonymous', false]);
    if (capabilities.clients) equal([got!.principal.name, got!.clientId], ['suite', 'me']);
    equal([...got!.bytes()], [1, 2]);
    equal([got!.properties?.contentType, got!.properties?.responseTopic], ['x', 'r']);
    equal(got!.properties?.userProperties, [
      ['k', '1'],
      ['k', '2'],
    ]);
  });
  add('wildcards match as in MQTT and $ topics stay out of them', async (bus) => {
    const got: string[] = [];
    bus.subscribe(
      ['+/x', 'deep/#'],
      reader('r', (m) => {
        got.push(m.topic);
      }),
    );
    for (const topic of ['a/x', 'a/y', 'deep', 'deep/1/2', '$a/x']) void bus.publish({ topic, payload: '', principal });
    await eventually(() => got.length >= 3);
    equal(got, ['a/x', 'deep', 'deep/1/2']);
  });
  add('a reader whose filters overlap gets a message once', async (bus) => {
    let count = 0;
    bus.subscribe(
      ['o/#', 'o/+', 'o/1'],
      reader('r', () => {
        count++;
      }),
    );
    await bus.publish({ topic: 'o/1', payload: '', qos: 1, principal });
    await eventually(() => count > 0);
    equal(count, 1);
  });
  add('QoS 0 returns nothing, QoS 1 a promise', async (bus) => {
    equal(bus.publish({ topic: 'q', payload: '', principal }), undefined);
    const promise = bus.publish({ topic: 'q', payload: '', qos: 1, principal });
    if (!(promise instanceof Promise)) throw new Error('QoS 1 returns no promise');
    await promise;
  });
  if (capabilities.batch)
    add('a lazy payload is not asked for when nobody reads it', async (bus) => {
      let calls = 0;
      bus.subscribe(
        ['other'],
        reader('r', () => {}),
      );
      await bus.publish({
        topic: 'lazy',
        payload: () => {
          calls++;
          return {};
        },
        qos: 1,
        principal,
      });
      equal(calls, 0);
    });
  add('a lazy payload is asked for once, however many read it', async (bus) => {
    let calls = 0;
    const got: unknown[] = [];
    for (const name of ['a', 'b']) {
      bus.subscribe(
        ['lazy'],
        reader(name, (m) => {
          got.push(m.json(), new TextDecoder().decode(m.bytes()));
        }),
      );
    }
    void bus.publish({
      topic: 'lazy',
      payload: () => {
        calls++;
        return { v: 1 };
      },
      principal,
    });
    await eventually(() => got.length === 4);
    equal(got, [{ v: 1 }, '{"v":1}', { v: 1 }, '{"v":1}']);
    equal(calls, 1);
  });
  add('what is not JSON reads as undefined', async (bus) => {
    const got: unknown[] = [];
    bus.subscribe(
      ['j'],
      reader('r', (m) => {
        got.push(m.json());
      }),
    );
    for (const payload of ['{"a":[1,null]}', 'not json', '']) void bus.publish({ topic: 'j', payload, principal });
    await eventually(() => got.length === 3);
    equal(got, [{ a: [1, null] }, undefined, undefined]);
  });
  add('a kept message stays as it was', async (bus) => {
    const kept: Message[] = [];
    bus.subscribe(
      ['k'],
      reader('r', (m) => {
        kept.push(m.keep());
      }),
    );
    for (let i = 0; i < 10; i++) void bus.publish({ topic: 'k', payload: `"${i}"`, properties: { contentType: String(i) }, principal });
    await eventually(() => kept.length === 10);
    equal(
      kept.map((m) => [m.json(), new TextDecoder().decode(m.bytes()), m.properties?.contentType]),
      Array.from({ length: 10 }, (_, i) => [String(i), `"${i}"`, String(i)]),
    );
  });
  add('one reader that throws harms no other', async (bus) => {
    let count = 0;
    bus.subscribe(
      ['t'],
      reader('bad', () => {
        throw new Error('bad reader');
      }),
    );
    bus.subscribe(
      ['t'],
      reader('worse', () => Promise.reject(new Error('worse reader'))),
    );
    bus.subscribe(
      ['t'],
      reader('good', () => {
        count++;
      }),
    );
    await bus.publish({ topic: 't', payload: '', qos: 1, principal });
    await eventually(() => count === 1);
  });
  add('a closed reader gets nothing more, closing twice is harmless', async (bus) => {
    let count = 0;
    let other = 0;
    const subscription = bus.subscribe(
      ['c'],
      reader('r', () => {
        count++;
      }),
    );
    bus.subscribe(
      ['c'],
      reader('other', () => {
        other++;
      }),
    );
    await bus.publish({ topic: 'c', payload: '', qos: 1, principal });
    await eventually(() => count === 1);
    subscription.close();
    subscription.close();
    await bus.publish({ topic: 'c', payload: '', qos: 1, principal });
    await eventually(() => other === 2);
    equal(count, 1);
  });
  add('readers may close themselves and each other while they are called', async (bus) => {
    const got: string[] = [];
    const subscriptions = ['a', 'b', 'c'].map((name) =>
      bus.subscribe(
        ['d'],
        reader(name, () => {
          got.push(name);
          for (const s of subscriptions) s.close();
        }),
      ),
    );
    bus.subscribe(
      ['d'],
      reader('stays', () => {
        got.push('stays');
      }),
    );
    await bus.publish({ topic: 'd', payload: '', qos: 1, principal });
    await bus.publish({ topic: 'd', payload: '', qos: 1, principal });
    await eventually(() => got.filter((n) => n === 'stays').length === 2);
    equal(got.length, 3);
  });
  add('a publication from inside a reader arrives', async (bus) => {
    const got: unknown[] = [];
    bus.subscribe(
      ['in'],
      reader('rule', (m) => {
        void bus.publish({ topic: 'out', payload: JSON.stringify([m.json()]), principal });
      }),
    );
    bus.subscribe(
      ['out'],
      reader('r', (m) => {
        got.push(m.json());
      }),
    );
    void bus.publish({ topic: 'in', payload: '7', principal });
    await eventually(() => got.length === 1);
    equal(got, [[7]]);
  });
  if (capabilities.cursors) {
    add('QoS 1 is acknowledged before a durable reader has it, and comes until the reader has it', async (bus) => {
      const calls: unknown[] = [];
      bus.subscribe(['s'], {
        name: 'a',
        delivery: 'durable',
        receive: (m) => {
          calls.push(m.json());
          return calls.length === 1 ? Promise.reject(new Error('disk full')) : Promise.resolve();
        },
      });
      await bus.publish({ topic: 's', payload: '1', qos: 1, principal });
      await eventually(() => calls.length === 2);
      equal(calls, [1, 1]);
    });
    add('a durable reader gets what came after a message that it could not take in the same order', async (bus) => {
      const taken: unknown[] = [];
      let full = true;
      bus.subscribe(['s'], {
        name: 'a',
        delivery: 'durable',
        receive: (m) => {
          if (full) throw new Error('disk full');
          taken.push(m.json());
        },
      });
      for (let i = 0; i < 20; i++) await bus.publish({ topic: 's', payload: String(i), qos: 1, principal });
      full = false;
      await eventually(() => taken.length >= 20);
      equal(
        taken,
        Array.from({ length: 20 }, (_, i) => i),
      );
    });
  } else {
    add('QoS 1 is acknowledged after every durable reader has it safe', async (bus) => {
      const release: (() => void)[] = [];
      for (const name of ['a', 'b'])
        bus.subscribe(['s'], {
          name,
          delivery: 'durable',
          receive: () =>
            new Promise<void>((resolve) => {
              release.push(resolve);
            }),
        });
      let acknowledged = false;
      const published = bus.publish({ topic: 's', payload: '', qos: 1, principal })!.then(() => {
        acknowledged = true;
      });
      await eventually(() => release.length === 2);
      release[0]!();
      await turn();
      equal(acknowledged, false);
      release[1]!();
      await published;
    });
    add('QoS 1 is refused when a durable reader cannot take it', async (bus) => {
      bus.subscribe(['f'], { name: 'full', delivery: 'durable', receive: () => Promise.reject(new Error('disk full')) });
      const refused = await bus.publish({ topic: 'f', payload: '', qos: 1, principal })!.then(
        () => undefined,
        (e: unknown) => e,
      );
      if (!(refused instanceof Error) || refused.name !== 'OmhError') throw new Error(`not refused with an OmhError: ${String(refused)}`);
    });
  }
  add('a topic with a wildcard is refused', async (bus) => {
    const refused = await bus.publish({ topic: 'a/#', payload: '', qos: 1, principal })!.then(
      () => undefined,
      (e: unknown) => e,
    );
    if (!(refused instanceof Error) || refused.name !== 'OmhError') throw new Error(`not refused with an OmhError: ${String(refused)}`);
  });
  if (capabilities.retained) {
    add('retained messages come on request, flagged, and can be cleared', async (bus) => {
      await bus.publish({ topic: 'ret/a', payload: '1', retain: true, qos: 1, principal });
      await bus.publish({ topic: 'ret/b', payload: '2', retain: true, qos: 1, principal });
      await bus.publish({ topic: 'ret/b', payload: '', retain: true, qos: 1, principal });
      const got: unknown[] = [];
      let plain = 0;
      bus.subscribe(
        ['ret/#'],
        reader('without', () => {
          plain++;
        }),
      );
      bus.subscribe(
        ['ret/#'],
        reader('with', (m) => {
          got.push([m.topic, m.json(), m.retain]);
        }),
        { retained: true },
      );
      await eventually(() => got.length > 0);
      equal(got, [['ret/a', 1, true]]);
      equal(plain, 0);
    });
  }
  if (capabilities.batch) {
    add('a message born here keeps its batch', async (bus) => {
      const batch = {
        ids: new Uint32Array(0),
        quality: new Uint16Array(0),
        num: new Float64Array(0),
        i64: null,
        any: null,
        sourceTime: null,
        receiveTime: 0 as never,
        reasons: null,
      };
      let same = false;
      bus.subscribe(
        ['b'],
        reader('r', (m) => {
          same = m.batch === batch;
        }),
      );
      await bus.publish({ topic: 'b', payload: () => ({}), batch, qos: 1, principal });
      equal(same, true);
    });
  }
  if (capabilities.stages) for (const [name, body] of stageCases) add(name, body);
  if (capabilities.events) for (const [name, body] of eventCases) add(name, body);
  return cases;
}
