import {
  HealthState,
  parseDurationMs,
  type Cancel,
  type Clock,
  type Health,
  type Logger,
  type MetricSample,
  type OmhError,
  type TagValue,
} from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import { maxFaults, type FaultView } from '../faults/board.ts';
import type { Asked } from '../faults/fault.ts';
import { parseFault } from '../faults/parse.ts';
import { RequestLog } from '../request-log.ts';
import { chance, seedOf } from '../signals/chance.ts';
import type { RegisterView, RequestLogEntry, SignalView, Simulator, SimulatorStats } from '../simulator.ts';
import type { ModbusSimulatorConfig } from './config.ts';
import { Device } from './device.ts';
import { LineListener } from './line-listener.ts';
import type { Listener, ListenerContext } from './listener.ts';
import { Session, type SessionContext, type Wire } from './session.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpListener } from './udp-listener.ts';
import type { UnitSignals } from './unit-signals.ts';

const usualConnections = 64;
/** Rows that are shown; a device with more registers is read by a client. */
const mostRegisters = 2000;
/** Physics goes on without being asked, so that a late question is no long sum. */
const keepUpMs = 1000;

export interface SimulatorDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the files of CSV signals stand; the working directory when absent. */
  readonly folder?: string;
}

/** Simulated Modbus units behind one listener. Garbage from a client closes that client's connection only. */
export class ModbusSimulator implements Simulator {
  readonly id: string;
  readonly name: string;
  readonly protocol = 'modbus-tcp';
  readonly #clock: Clock;
  readonly #config: ModbusSimulatorConfig;
  readonly #device: Device;
  readonly #health: HealthState;
  readonly #requests = new RequestLog();
  readonly #listener: Listener;
  readonly #session: SessionContext;
  readonly #log: Logger;
  readonly #signalCount: number;
  #isRunning = false;
  #lastAddress: string | undefined;
  #frozen = false;
  #refusing = false;
  #cancelWatch: Cancel | undefined;
  #cancelKeepUp: Cancel | undefined;
  #exceptions = 0;
  #drawn = 0;

  /** Throws SIMULATORS_SETTINGS, SIMULATORS_CSV. */
  constructor(name: string, config: ModbusSimulatorConfig, deps: SimulatorDeps) {
    this.id = `simulator/${name}`;
    this.name = name;
    this.#clock = deps.clock;
    this.#config = config;
    this.#log = deps.log.child({ part: this.id });
    this.#device = new Device(name, config, { clock: deps.clock, folder: deps.folder ?? '.' });
    this.#health = new HealthState(() => deps.clock.now(), 'The simulator is stopped.');
    this.#signalCount = [...this.#device.units.values()].reduce((sum, { signals }) => sum + signals.count, 0);
    const seed = seedOf(this.#device.seed, 'jitter');
    this.#session = {
      device: this.#device,
      clock: deps.clock,
      log: this.#log,
      framing: modbus.framings[config.framing ?? (config.transport === 'serial' ? 'rtu' : 'mbap')],
      delayMs: parseDurationMs(config.delay ?? '0s') ?? 0,
      jitterMs: parseDurationMs(config.jitter ?? '0s') ?? 0,
      atOnce: config.limits?.requests ?? Number.POSITIVE_INFINITY,
      chance: () => chance(seed, this.#drawn++),
      logged: (peer, asked, outcome, isException) => this.#logged(peer, asked, outcome, isException),
    };
    this.#listener = this.#makeListener();
  }

  #makeListener(): Listener {
    const { host = '127.0.0.1', port, path, transport, limits } = this.#config;
    const context: ListenerContext = {
      session: (wire) => this.#accept(wire),
      warn: (text, fields) => this.#log.warn(text, fields),
    };
    const most = limits?.connections ?? usualConnections;
    if (transport === 'serial') return new LineListener(path ?? '', context);
    return transport === 'udp' ? new UdpListener(host, port, most, context) : new TcpListener(host, port, most, context);
  }

  #accept(wire: Wire): Session {
    const session = new Session(wire, this.#session);
    if (this.#frozen) session.freeze();
    return session;
  }

  /** Rejects with SIMULATORS_PORT_TAKEN, _PORT_DENIED, _HOST_UNKNOWN, _LISTEN or _LINE. */
  async start(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { host = '127.0.0.1', port } = this.#config;
    this.#health.set('starting', `The simulator begins to listen on ${this.#config.path ?? `${host}:${port}`}.`);
    try {
      await this.#listener.open();
    } catch (cause) {
      this.#isRunning = false;
      const error = this.#listenFault(cause);
      this.#health.set('failed', error.reason());
      throw error;
    }
    // A stop may have come meanwhile.
    if (!(this.#isRunning as boolean)) return;
    this.#device.time.start();
    if (this.#device.hasProcesses) this.#keepUp();
    const { units } = this;
    const who =
      units.length === 1 ? `Unit ${units[0]} answers` : `Units ${units.slice(0, 8).join(', ')}${units.length > 8 ? ' …' : ''} answer`;
    this.#health.set('running', `${who} on ${this.address()}.`);
    await this.#watchConnections();
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#lastAddress = this.address() ?? this.#lastAddress;
    this.#device.time.stop();
    this.#cancelWatch?.();
    this.#cancelKeepUp?.();
    this.#cancelWatch = this.#cancelKeepUp = undefined;
    this.#frozen = this.#refusing = false;
    await this.#listener.close();
    this.#health.set('stopped', 'The simulator is stopped.');
  }

  health(): Health {
    return this.#health.get();
  }
  address(): string | undefined {
    return this.#listener.address();
  }
  lastAddress(): string | undefined {
    return this.address() ?? this.#lastAddress;
  }
  requests(after?: number): readonly RequestLogEntry[] {
    return this.#requests.since(after);
  }
  get units(): readonly number[] {
    return [...this.#device.units.keys()];
  }
  registers(most = mostRegisters): readonly RegisterView[] {
    const out: RegisterView[] = [];
    for (const unit of this.#device.units.values()) if (out.length < most) out.push(...unit.registers(most - out.length));
    return out;
  }
  get signalCount(): number {
    return this.#signalCount;
  }
  signals(from = 0, count = Number.POSITIVE_INFINITY): readonly SignalView[] {
    const out: SignalView[] = [];
    let before = 0;
    for (const { signals } of this.#device.units.values()) {
      if (out.length >= count) break;
      const start = Math.max(0, from - before);
      if (start < signals.count) out.push(...signals.views(start, count - out.length));
      before += signals.count;
    }
    return out;
  }
  holdSignal(unit: number | undefined, name: string, value: TagValue): SignalView {
    const signals = this.#signalsWith(unit, name);
    signals.hold(name, value);
    return signals.view(name);
  }
  releaseSignal(unit: number | undefined, name: string): SignalView {
    const signals = this.#signalsWith(unit, name);
    signals.release(name);
    return signals.view(name);
  }
  /** The unit's signals, or those of the only unit that has this name. */
  #signalsWith(unit: number | undefined, signal: string): UnitSignals {
    const { name } = this;
    const having = [...this.#device.units.values()].filter(
      (each) => (unit === undefined || each.unit === unit) && each.signals.has(signal),
    );
    const [first] = having;
    if (first !== undefined && having.length === 1) return first.signals;
    if (first !== undefined) throw errors.SIMULATORS_SIGNAL_UNIT({ name, signal, units: having.map((each) => each.unit).join(', ') });
    throw unit === undefined ? errors.SIMULATORS_NO_SUCH_SIGNAL({ name, signal }) : errors.SIMULATORS_NO_SIGNAL({ name, signal, unit });
  }

  faults(): readonly FaultView[] {
    return this.#device.faults.views(this.#device.time.ms());
  }
  addFault(settings: unknown): FaultView {
    const { faults, time } = this.#device;
    const config = parseFault(settings);
    if (faults.full(time.ms())) throw errors.SIMULATORS_TOO_MANY_FAULTS({ name: this.name, limit: maxFaults });
    const id = faults.add(config, time.ms());
    void this.#watchConnections();
    return this.faults().find((view) => view.id === id)!;
  }
  removeFault(id: number): void {
    if (!this.#device.faults.remove(id)) throw errors.SIMULATORS_NO_FAULT({ name: this.name, id });
    void this.#watchConnections();
  }
  clearFaults(): number {
    const count = this.#device.faults.clear();
    void this.#watchConnections();
    return count;
  }
  stats(): SimulatorStats {
    return { connections: this.#listener.sessions.size, requests: this.#requests.total, exceptions: this.#exceptions };
  }

  *metrics(): Iterable<MetricSample> {
    const labels = { simulator: this.name };
    yield { name: 'omh_simulators_connections', value: this.#listener.sessions.size, labels };
    yield { name: 'omh_simulators_requests_total', value: this.#requests.total, labels };
    yield { name: 'omh_simulators_exceptions_total', value: this.#exceptions, labels };
    yield { name: 'omh_simulators_faults', value: this.#device.faults.active(this.#device.time.ms()).length, labels };
  }

  #keepUp(): void {
    this.#cancelKeepUp?.();
    this.#cancelKeepUp = this.#clock.after(keepUpMs, () => {
      for (const unit of this.#device.units.values()) unit.signals.advance();
      this.#keepUp();
    });
  }

  /** Connections freeze and thaw when a fault begins or ends, not when a request comes. */
  async #watchConnections(): Promise<void> {
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    if (!this.#isRunning) return;
    const { faults, time } = this.#device;
    const now = time.ms();
    const next = faults.nextConnectionChange(now);
    if (next !== undefined) this.#cancelWatch = this.#clock.after(Math.max(1, Math.ceil(next - now)), () => void this.#watchConnections());
    const { freeze, refuse } = faults.connections(now);
    const thawed = this.#frozen && !freeze;
    this.#frozen = freeze;
    for (const session of this.#listener.sessions) {
      if (freeze) session.freeze();
      // What comes back knows nothing of connections it had before.
      else if (thawed && session.frozen) session.destroy(true);
    }
    if (this.#refusing === refuse) return;
    this.#refusing = refuse;
    await this.#listener.refuse(refuse).catch((cause: unknown) => {
      if (this.#isRunning) this.#health.set('failed', this.#listenFault(cause).reason());
    });
  }

  #logged(peer: string, { unit, function: fn, area, start, count }: Asked, outcome: string, isException: boolean): void {
    if (isException) this.#exceptions++;
    const entry = { at: this.#clock.now(), peer, unit, function: fn, functionName: modbus.functionName(fn), outcome };
    this.#requests.add(area === undefined ? entry : { ...entry, address: start, count });
  }

  #listenFault(cause: unknown): OmhError {
    const { host = '127.0.0.1', port, path, transport } = this.#config;
    const { name } = this;
    const params = { name, host, port };
    const detail = cause instanceof Error ? cause.message : String(cause);
    const { code } = cause as { code?: string };
    if (transport === 'serial')
      return errors.SIMULATORS_LINE({ name, path: path ?? '', detail: code === 'ENOENT' ? 'it does not exist' : detail }, { cause });
    switch (code) {
      case 'EADDRINUSE':
        return errors.SIMULATORS_PORT_TAKEN(params, { cause });
      case 'EACCES':
        return errors.SIMULATORS_PORT_DENIED({ name, port }, { cause });
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        return errors.SIMULATORS_HOST_UNKNOWN({ name, host }, { cause });
      default:
        return errors.SIMULATORS_LISTEN({ ...params, detail }, { cause });
    }
  }
}
