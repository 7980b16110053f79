import type { TestContext } from 'node:test';
import { AppendLog } from '@omh/storage';
import { SimulatedFiles } from '@omh/storage/testing';
import { systemClock } from '@omh/core';
import type { Clock } from '@omh/core';
import type { Broker } from '../broker.ts';
import type { BrokerLimits } from '../limits.ts';
import { openBroker } from '../test-support.ts';

export interface Life {
  readonly mode?: 'os' | 'strict';
  readonly clock?: Clock;
  readonly limits?: Partial<BrokerLimits>;
  readonly segmentBytes?: number;
  readonly bufferBytes?: number;
}

/** A disk, and the brokers that live on it one after the other. */
export class Lives {
  readonly files = new SimulatedFiles();
  readonly #options: Life;
  broker!: Broker;
  /** The log of the present life. */
  log!: AppendLog;

  constructor(t: TestContext, options: Life = {}) {
    this.#options = options;
    t.after(() => this.kill());
  }
  async start(options: Life = {}): Promise<Broker> {
    const { mode = 'os', clock = systemClock, limits = {}, segmentBytes, bufferBytes } = { ...this.#options, ...options };
    const { files } = this;
    this.broker = await openBroker({
      clock,
      limits,
      durable: async () => {
        this.log = await AppendLog.open('/broker', {
          mode,
          files,
          clock,
          ...(segmentBytes === undefined ? {} : { segmentBytes }),
          ...(bufferBytes === undefined ? {} : { bufferBytes }),
        });
        return this.log;
      },
    });
    return this.broker;
  }
  /** Everything that was written until now is safe. */
  async settled(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await this.log.durable(this.log.next - 1);
  }
  /** The process ends here and now: what it wrote stays, and it writes nothing more. */
  async kill(): Promise<void> {
    this.files.kill();
    await this.#bury();
  }
  /** The machine loses power. */
  async powerCut(random: () => number = () => 0): Promise<void> {
    this.files.crash(random);
    await this.#bury();
  }
  async #bury(): Promise<void> {
    const { fault } = this.files;
    this.files.fault = () => ({ code: 'EIO' });
    await this.broker.stop();
    this.files.fault = fault;
  }
}
