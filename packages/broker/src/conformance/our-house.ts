import type { Principal } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import type { AuthExchange } from '../enhanced-auth.ts';
import type { BrokerLimits } from '../limits.ts';
import { eventually, openBroker, tcpPort } from '../test-support.ts';
import type { House } from './world.ts';

/** Small bounds, so that going beyond them is quick. */
const limits: Partial<BrokerLimits> = { maxPacketSize: 4096, receiveMaximum: 10, topicAliasMaximum: 10 };

const authMethod = 'TWO-STEPS';
/** A name, then `right`; `slowly` asks for another challenge. */
class TwoSteps implements AuthExchange {
  #principal: Principal | undefined;
  step(data: Uint8Array): ReturnType<AuthExchange['step']> {
    const text = Buffer.from(data).toString();
    if (this.#principal === undefined || text === 'slowly') {
      this.#principal ??= { kind: 'device', name: text, permissions: [] };
      return { is: 'challenge', data: Buffer.from('who says so?') };
    }
    const { name } = this.#principal;
    return text === 'right'
      ? { is: 'accepted', principal: this.#principal, username: name, data: Buffer.from('welcome') }
      : { is: 'refused' };
  }
}

/** Our broker in this process, in virtual time. */
export const ourHouse = (more: Partial<BrokerLimits> = {}): House => ({
  name: 'omh',
  strict: true,
  async open() {
    const clock = new VirtualClock();
    const broker = await openBroker({
      clock,
      limits: { ...limits, ...more },
      authenticate: ({ username, password }) =>
        username === undefined || (username === 'good' && Buffer.from(password ?? []).toString() === 'right')
          ? { kind: username === undefined ? 'anonymous' : 'device', name: username ?? 'anyone', permissions: [] }
          : undefined,
      beginAuth: (method) => (method === authMethod ? new TwoSteps() : undefined),
      authorize: (principal, _action, topic) => !topic.startsWith('forbidden') || principal.name === 'good',
    });
    return {
      port: tcpPort(broker),
      wsUrl: broker.addresses().ws,
      authMethod,
      pass: (seconds) => clock.advance(seconds * 1000),
      settled: async () => {
        const { connections } = broker.stats();
        await eventually(() => broker.stats().connections < connections, 'the broker to see the end');
      },
      stop: async () => {
        const stopped = broker.stop();
        await clock.advance(3000);
        await stopped;
      },
    };
  },
});
