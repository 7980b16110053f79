import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { silentLogger, systemClock, type Clock } from '@omh/core';
import { modbus } from '@omh/wire';
import { createSimulator, type SimulatorConfig } from '../registry.ts';
import type { Simulator } from '../simulator.ts';

/** A simulator that listens on a free port until the test ends. */
export async function started(
  t: TestContext,
  config: Partial<SimulatorConfig> = {},
  clock: Clock = systemClock,
): Promise<{ sim: Simulator; port: number }> {
  const sim = createSimulator('plant', { protocol: 'modbus-tcp', port: 0, ...config }, { clock, log: silentLogger });
  t.after(() => sim.stop());
  await sim.start();
  return { sim, port: Number(sim.address()!.split(':').at(-1)) };
}

/** A socket that sees every piece that comes. */
export class RawClient {
  readonly socket: Socket;
  readonly pieces: Buffer[] = [];
  closed: 'no' | 'end' | 'reset' = 'no';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => void this.pieces.push(chunk));
    socket.on('end', () => {
      this.closed = 'end';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') this.closed = 'reset';
    });
  }
  static async to(t: TestContext, port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return new RawClient(socket);
  }
  send(pdu: Uint8Array, transaction = 1, unit = 1): void {
    this.socket.write(modbus.frameOf(transaction, unit, pdu));
  }
  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
  /** Resolves when something holds. */
  async until(holds: () => boolean): Promise<void> {
    for (let i = 0; !holds(); i++) {
      if (i > 2000) throw new Error(`it never came; got ${this.bytes.toString('hex')}, closed: ${this.closed}`);
      await systemClock.sleep(1);
    }
  }
  /** Sends one request and gives the whole frame that answers. */
  async ask(pdu: Uint8Array, transaction = 1, unit = 1): Promise<Buffer> {
    this.pieces.length = 0;
    this.send(pdu, transaction, unit);
    await this.until(() => this.bytes.length >= 6 && this.bytes.length >= 6 + this.bytes.readUInt16BE(4));
    return this.bytes;
  }
  /** The PDU of {@link ask}. */
  async pdu(pdu: Uint8Array, unit = 1): Promise<Buffer> {
    return (await this.ask(pdu, 1, unit)).subarray(modbus.headerLength);
  }
}

export const readHolding = (start: number, count: number): Uint8Array => modbus.encodeRead(3, start, count);
