import { connect } from 'node:net';
import { modbusTcp } from '@omh/drivers';
import { silentLogger, systemClock, type Tag, type TagId } from '@omh/core';
import modbusSerial from 'modbus-serial';
import jsmodbus from 'jsmodbus';
import { percentile } from '../stats.ts';

// Its types describe an ES module, its file is CommonJS: the class stands in both places.
const ModbusRTU = modbusSerial as unknown as typeof modbusSerial.default;

export const libraries = ['omh', 'modbus-serial', 'modbus-serial, one at a time', 'jsmodbus'] as const;
export type Library = (typeof libraries)[number];

export interface PollerSettings {
  readonly library: Library;
  readonly ports: readonly number[];
  readonly registers: number;
  /** Absent: the next cycle begins when the last is done. */
  readonly intervalMs?: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Cycles of this device are not counted. */
  readonly apart?: number;
}
export interface PollerReading {
  readonly registersPerSecond: number;
  /** Of this process, in µs per 1,000 registers. */
  readonly cpuPerThousand: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly window?: number;
}

/** Reads `registers` registers from 0 on; resolves to how many came. */
type Cycle = () => Promise<number>;

/** The standard's most for one request. */
const perRequest = 125;

const requestsOf = (registers: number): { start: number; count: number }[] =>
  Array.from({ length: Math.ceil(registers / perRequest) }, (_, i) => ({
    start: i * perRequest,
    count: Math.min(perRequest, registers - i * perRequest),
  }));

async function open(settings: PollerSettings, port: number): Promise<{ cycle: Cycle; window?: () => number | undefined }> {
  const requests = requestsOf(settings.registers);
  if (settings.library === 'omh') {
    const driver = modbusTcp.create(
      { host: '127.0.0.1', port },
      { device: `d${port}`, clock: systemClock, log: silentLogger, onLost() {} },
    );
    await driver.open(new AbortController().signal);
    const tags = Array.from(
      { length: settings.registers },
      (_, i): Tag => ({
        ...{ id: (i + 1) as TagId, device: 'd', group: 'g', name: `t${i}`, path: `d/t${i}` },
        ...{ address: `1!4${String(i + 1).padStart(5, '0')}`, type: 'uint16', access: 'read' },
      }),
    );
    const plan = driver.compile(tags);
    const cycle = async (): Promise<number> => {
      const { quality } = await driver.read(plan, { timeoutMs: 1000 });
      let good = 0;
      for (let i = 0; i < quality.length; i++) if (quality[i] === 0) good++;
      return good;
    };
    return { cycle, window: () => driver.stats().window };
  }
  if (settings.library === 'jsmodbus') {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new jsmodbus.client.TCP(socket, 1, 1000);
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const read = async ({ start, count }: { start: number; count: number }): Promise<number> =>
      (await client.readHoldingRegisters(start, count)).response.body.valuesAsArray.length;
    return { cycle: async () => total(await Promise.all(requests.map((r) => read(r).catch(() => 0)))) };
  }
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port });
  client.setID(1);
  client.setTimeout(1000);
  const read = async ({ start, count }: { start: number; count: number }): Promise<number> =>
    (await client.readHoldingRegisters(start, count).catch(() => ({ data: [] }))).data.length;
  if (settings.library === 'modbus-serial') return { cycle: async () => total(await Promise.all(requests.map(read))) };
  return {
    async cycle() {
      let n = 0;
      for (const r of requests) n += await read(r);
      return n;
    },
  };
}
const total = (counts: readonly number[]): number => counts.reduce((n, c) => n + c, 0);

process.once('message', (settings: PollerSettings) => {
  void measure(settings).then((reading) => process.send!(reading));
});
process.once('disconnect', () => process.exit(0));

async function measure(settings: PollerSettings): Promise<PollerReading> {
  const { intervalMs, warmUpSeconds, seconds, apart } = settings;
  const devices = await Promise.all(settings.ports.map((port) => open(settings, port)));
  let registers = 0;
  let counting = false;
  let running = true;
  const cycles: number[] = [];
  const run = async (cycle: Cycle, counts: boolean): Promise<void> => {
    const started = performance.now();
    const n = await cycle();
    if (!counting) return;
    registers += n;
    if (counts) cycles.push(performance.now() - started);
  };
  for (const [i, { cycle }] of devices.entries()) {
    if (intervalMs === undefined) {
      void (async () => {
        while (running) {
          await run(cycle, i !== apart);
          // Where answers come at once the loop must still see its timers.
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
      })();
    } else {
      let busy = false;
      setInterval(() => {
        if (busy) return;
        busy = true;
        void run(cycle, i !== apart).finally(() => {
          busy = false;
        });
      }, intervalMs);
    }
  }
  const pause = (s: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, s * 1000);
    });
  await pause(warmUpSeconds);
  counting = true;
  const cpu = process.cpuUsage();
  const started = performance.now();
  await pause(seconds);
  counting = running = false;
  const used = process.cpuUsage(cpu);
  const elapsed = (performance.now() - started) / 1000;
  const window = devices[0]!.window?.();
  return {
    registersPerSecond: registers / elapsed,
    cpuPerThousand: ((used.user + used.system) / registers) * 1000,
    p50Ms: percentile(cycles, 50),
    p99Ms: percentile(cycles, 99),
    ...(window === undefined ? {} : { window }),
  };
}
