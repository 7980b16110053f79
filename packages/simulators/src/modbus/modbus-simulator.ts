import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { HealthState, type Cancel, type Clock, type Health, type Logger, type MetricSample, type OmhError } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import type { SimulatorConfig } from '../registry.ts';
import { RequestLog } from '../request-log.ts';
import type { RegisterView, RequestLogEntry, Simulator, SimulatorStats } from '../simulator.ts';
import { blueprintDevice, emptyDevice, type DeviceModel } from './device-model.ts';

const maxConnections = 64;
const tickMs = 1000;

/** A Modbus TCP server with one unit. Garbage from a client closes that client's connection only. */
export class ModbusSimulator implements Simulator {
  readonly id: string;
  readonly name: string;
  readonly protocol = 'modbus-tcp';
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #host: string;
  readonly #device: DeviceModel;
  readonly #health: HealthState;
  readonly #requests = new RequestLog();
  readonly #sockets = new Set<Socket>();
  #port: number;
  #server: Server | undefined;
  #cancelTick: Cancel | undefined;
  #exceptions = 0;

  constructor(name: string, config: SimulatorConfig, deps: { clock: Clock; log: Logger }) {
    this.id = `simulator/${name}`;
    this.name = name;
    this.#clock = deps.clock;
    this.#log = deps.log.child({ part: this.id });
    this.#host = config.host ?? '127.0.0.1';
    this.#port = config.port;
    this.#device = config.preset === 'blueprint' ? blueprintDevice(config.unit ?? 1) : emptyDevice(config.unit ?? 1);
    this.#health = new HealthState(() => deps.clock.now(), 'The simulator is stopped.');
  }

  /** Rejects with SIMULATORS_PORT_TAKEN, _PORT_DENIED, _HOST_UNKNOWN or _LISTEN. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    this.#health.set('starting', `The simulator begins to listen on ${this.#host}:${this.#port}.`);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.once('close', resolve);
        server.listen({ host: this.#host, port: this.#port }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      this.#server = undefined;
      const error = this.#listenFault(cause);
      this.#health.set('failed', error.reason());
      throw error;
    }
    if (this.#server !== server) return;
    server.on('error', (error) => this.#log.warn('the listener reports an error', { detail: error.message }));
    this.#port = (server.address() as AddressInfo).port;
    if (this.#device.changes) this.#scheduleTick();
    this.#health.set('running', `Unit ${this.#device.unit} answers on ${this.address()}.`);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await closed;
    this.#health.set('stopped', 'The simulator is stopped.');
  }

  health(): Health {
    return this.#health.get();
  }
  address(): string | undefined {
    return this.#server?.listening ? `${this.#host}:${this.#port}` : undefined;
  }
  requests(after?: number): readonly RequestLogEntry[] {
    return this.#requests.since(after);
  }
  registers(): readonly RegisterView[] {
    return this.#device.registers();
  }
  stats(): SimulatorStats {
    return { connections: this.#sockets.size, requests: this.#requests.total, exceptions: this.#exceptions };
  }

  *metrics(): Iterable<MetricSample> {
    const labels = { simulator: this.name };
    yield { name: 'omh_simulators_connections', value: this.#sockets.size, labels };
    yield { name: 'omh_simulators_requests_total', value: this.#requests.total, labels };
    yield { name: 'omh_simulators_exceptions_total', value: this.#exceptions, labels };
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(tickMs, () => {
      this.#device.tick();
      this.#scheduleTick();
    });
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#server === undefined || this.#sockets.size >= maxConnections) {
      if (this.#server !== undefined) this.#log.warn('a client is turned away: all connections are taken', { limit: maxConnections });
      socket.destroy();
      return;
    }
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const out: Uint8Array[] = [];
    const scanner = new modbus.FrameScanner((bytes, start, end) => {
      out.push(this.#answer(peer, bytes, start, end));
    });
    socket.on('data', (chunk) => {
      const fault = scanner.push(chunk);
      if (out.length > 0 && !socket.write(out.length === 1 ? out[0]! : Buffer.concat(out))) {
        // A client that does not read its answers gets no further questions read.
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
      out.length = 0;
      if (fault === undefined) return;
      this.#log.warn('a client is cut off', { peer, detail: fault.text });
      socket.destroy();
    });
  }

  #answer(peer: string, bytes: Uint8Array, start: number, end: number): Uint8Array {
    const unit = bytes[start + 6]!;
    const pdu = bytes.subarray(start + modbus.headerLength, end);
    const request = modbus.decodeRequest(pdu);
    const answer =
      request.kind === 'refuse'
        ? request.exception
        : unit !== this.#device.unit
          ? modbus.ExceptionCode.gatewayTargetNoResponse
          : this.#device.answer(pdu, request);
    const place = 'start' in request ? { address: request.start, count: 'count' in request ? request.count : 1 } : {};
    const outcome = typeof answer === 'number' ? `refused: ${modbus.exceptionMeaning(answer).name} (exception ${answer})` : 'answered';
    if (typeof answer === 'number') this.#exceptions++;
    this.#requests.add({
      at: this.#clock.now(),
      peer,
      unit,
      function: request.function,
      functionName: modbus.functionName(request.function),
      ...place,
      outcome,
    });
    return modbus.frameOf(
      (bytes[start]! << 8) | bytes[start + 1]!,
      unit,
      typeof answer === 'number' ? modbus.encodeException(request.function, answer) : answer,
    );
  }

  #listenFault(cause: unknown): OmhError {
    const params = { name: this.name, host: this.#host, port: this.#port };
    switch ((cause as { code?: string }).code) {
      case 'EADDRINUSE':
        return errors.SIMULATORS_PORT_TAKEN(params, { cause });
      case 'EACCES':
        return errors.SIMULATORS_PORT_DENIED({ name: params.name, port: params.port }, { cause });
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        return errors.SIMULATORS_HOST_UNKNOWN({ name: params.name, host: params.host }, { cause });
      default:
        return errors.SIMULATORS_LISTEN({ ...params, detail: cause instanceof Error ? cause.message : String(cause) }, { cause });
    }
  }
}
