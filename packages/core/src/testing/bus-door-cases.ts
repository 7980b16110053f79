import type { BusEvent } from '../bus-events.ts';
import type { MessageBus } from '../message-bus.ts';
import type { PublishStage } from '../publish-stage.ts';
import { equal, eventually, principal, reader } from './bus-case.ts';
import type { BusCase } from './bus-case.ts';

const stage = (name: string, topics: string, run: PublishStage['run']): PublishStage => ({
  name,
  appliesTo: (topic) => topic.startsWith(topics),
  run,
});
const refused = (bus: MessageBus, topic: string): Promise<unknown> =>
  bus.publish({ topic, payload: '1', qos: 1, retain: true, principal })!.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

/** For a bus with `stages`. */
export const stageCases: readonly BusCase[] = [
  [
    'stages see the topics they apply to, in their order, and each sees what the one before made',
    async (bus) => {
      const seen: unknown[] = [];
      const got: unknown[] = [];
      bus.subscribe(
        ['st/#', 'other'],
        reader('r', (m) => {
          got.push([m.topic, m.json()]);
        }),
      );
      for (const name of ['one', 'two'])
        bus.attach!(
          stage(name, 'st/', (m) => {
            seen.push([name, m.json(), m.principal.name]);
            return name === 'one' ? { payload: '2', topic: 'st/new' } : undefined;
          }),
        );
      await bus.publish({ topic: 'st/a', payload: '1', qos: 1, principal });
      await bus.publish({ topic: 'other', payload: '3', qos: 1, principal });
      await eventually(() => got.length === 2);
      equal(seen, [
        ['one', 1, 'suite'],
        ['two', 2, 'suite'],
      ]);
      equal(got, [
        ['st/new', 2],
        ['other', 3],
      ]);
    },
  ],
  [
    'a stage refuses with a sentence, and one that throws refuses as well; nobody gets the message',
    async (bus) => {
      let count = 0;
      bus.subscribe(
        ['st/#'],
        reader('r', () => {
          count++;
        }),
        { retained: true },
      );
      const attached = bus.attach!(
        stage('gate', 'st/', (m) => {
          if (m.topic === 'st/throw') throw new Error('broken');
          return { refuse: 0x87, reason: 'it is closed' };
        }),
      );
      for (const topic of ['st/refuse', 'st/throw']) {
        const thrown = await refused(bus, topic);
        if (!(thrown instanceof Error) || thrown.name !== 'OmhError') throw new Error(`not refused with an OmhError: ${String(thrown)}`);
      }
      equal(count, 0);
      attached.close();
      attached.close();
      equal(await refused(bus, 'st/refuse'), undefined);
      await eventually(() => count === 1);
    },
  ],
];

/** For a bus with `events`. */
export const eventCases: readonly BusCase[] = [
  [
    'a message that nobody takes is an event for those who ask, and one listener that throws harms no other',
    async (bus) => {
      const seen: unknown[] = [];
      bus.events!.subscribe(['message.dropped'], () => {
        throw new Error('bad listener');
      });
      const subscription = bus.events!.subscribe(['message.dropped', 'session.created'], (event: BusEvent) => {
        if (event.type === 'message.dropped') seen.push([event.message.topic, event.clientId, event.reason]);
      });
      await bus.publish({ topic: 'ev/nobody', payload: '1', qos: 1, principal });
      await eventually(() => seen.length === 1);
      equal(seen, [['ev/nobody', 'suite', 'no_subscribers']]);
      subscription.close();
      await bus.publish({ topic: 'ev/nobody', payload: '1', qos: 1, principal });
      equal(seen.length, 1);
    },
  ],
];
