import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createToken } from '@omh/access';
import { ApiServer } from '@omh/api';
import { isLoopback, systemClock } from '@omh/core';
import { ConfigFile, Hub, hubErrors, InvalidHubFile, loadPlugins, recoverHubFiles, type PortOverrides } from '@omh/hub';
import { removeRunEndpoint, writeRunEndpoint } from '@omh/storage';
import { createLogger, type LogFormat, type LogLevel } from './log.ts';
import { anyFreePort, isFree, nextFreePort } from './free-port.ts';
import { readyTable, type Entrance } from './ready-table.ts';
import { untilSignal } from './until-signal.ts';
import { version } from './version.ts';

export interface RunOptions {
  readonly file: string;
  readonly dataDir: string;
  readonly ports: PortOverrides;
  /** Take the next free port where a default one is taken, and say so. */
  readonly choosePorts: boolean;
  /** How people come in: `link` is always a link that signs in as administrator; `people` is none once there is somebody. */
  readonly entrance: 'link' | 'people';
  readonly json: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

type PortName = Exclude<keyof PortOverrides, 'loopback'>;
const flags: Readonly<Record<PortName, string>> = { http: '--http-port', mqtt: '--mqtt-port', ws: '--ws-port', modbus: '--modbus-port' };
const consoleDir = fileURLToPath(new URL('../../../apps/console/dist', import.meta.url));

/** Runs a hub with its API until a signal stops it. */
export async function runHub(options: RunOptions): Promise<void> {
  const log = createLogger(options.logLevel, options.logFormat);
  const notes: string[] = [];
  const token = createToken();
  const automation = process.env['OMH_ADMIN_TOKEN'];
  // Before the data directory is taken, so that a signal at any moment finds somebody who gives it back.
  let stop = async (): Promise<void> => {};
  const signal = untilSignal(() => stop());
  let hub: Hub;
  try {
    // An apply that a crash cut off is ended first: until then the files may be of two revisions.
    recoverHubFiles(options.file, options.dataDir, log);
    await loadPlugins(options.file);
    const ports = await choosePorts(options, notes);
    if (signal.stopping) return await signal.stopped;
    hub = new Hub({
      file: options.file,
      dataDir: options.dataDir,
      ports,
      version,
      clock: systemClock,
      log,
      loopbackWithoutPeople: options.entrance === 'people',
      adminTokens: automation === undefined || automation === '' ? [token] : [token, automation],
    });
  } catch (thrown) {
    signal.forget();
    throw thrown;
  }
  const api = new ApiServer({
    hub,
    host: hub.config.http.host,
    port: hub.config.http.port,
    clock: systemClock,
    log: log.child({ part: 'api' }),
    ...(existsSync(consoleDir) ? { consoleDir } : {}),
  });
  hub.addPart(api);
  stop = async (): Promise<void> => {
    try {
      removeRunEndpoint(hub.dataDir);
    } finally {
      await api.stop();
      await hub.stop();
    }
  };
  try {
    await hub.start();
    await api.start();
    await settled(hub);
    if (!signal.stopping) writeRunEndpoint(hub.dataDir, { pid: process.pid, url: api.url(), token, startedAt: new Date().toISOString() });
  } catch (thrown) {
    if (signal.stopping) {
      await signal.stopped;
      return;
    }
    await stop();
    signal.forget();
    throw thrown;
  }
  if (signal.stopping) {
    await signal.stopped;
    await api.stop();
    return;
  }
  const url = api.url();
  const entrance = entranceOf(hub, options.entrance);
  const signIn = entrance.kind === 'people' ? undefined : `${url}/#${entrance.kind}=${entrance.code}`;
  notes.push(...warningsOf(hub, options.entrance));
  const startMs = Math.round(performance.now());
  const { tcp, ws } = hub.mqttAddresses();
  const modbus = hub.simulators()[0]?.address();
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ready: true, startMs, http: url, mqtt: tcp, ws, modbus, signIn, dataDir: hub.dataDir })}\n`);
  } else {
    process.stdout.write(readyTable({ hub, startMs, url, entrance, notes }));
  }
  await signal.stopped;
  if (!options.json) process.stdout.write('Stopped; everything that was taken is stored.\n');
}

/** Without anybody the first one in becomes the administrator; with people there they sign in by name. */
function entranceOf(hub: Hub, wanted: RunOptions['entrance']): Entrance {
  if (wanted === 'link') return { kind: 'sign-in', code: hub.access.createSignInCode() };
  return hub.access.people.size === 0 ? { kind: 'first-admin', code: hub.access.createFirstAdminCode() } : { kind: 'people' };
}

/** What an administrator must know of the doors that are open or shut. */
function warningsOf(hub: Hub, wanted: RunOptions['entrance']): string[] {
  const { http, broker } = hub.publicConfig();
  const beyond = [http, broker.listeners.tcp, broker.listeners.ws].some((listener) => listener !== undefined && !isLoopback(listener.host));
  if (wanted === 'people' && hub.access.people.size === 0)
    return [
      'There is nobody who may sign in yet, so the hub listens on this machine only. Open the link below and make the first administrator.',
      ...(beyond ? ['Then start the hub again: it listens where the hub file says from then on.'] : []),
    ];
  return isLoopback(hub.config.http.host)
    ? []
    : [
        `Warning: the console is served in plain HTTP on ${hub.config.http.host}: passwords and sessions can be read on the way. Put a TLS proxy in front, or set http.host to 127.0.0.1.`,
      ];
}

/** The first answer of each device, so that the table shows what is; a device that does not answer at once is shown as it is then. */
async function settled(hub: Hub): Promise<void> {
  for (let i = 0; i < 30 && hub.status().parts.some((part) => part.health.state === 'starting'); i++) await systemClock.sleep(10);
}

/** Which port each listener takes, checked before anything starts, so that a taken one is named together with its flag. */
async function choosePorts(options: RunOptions, notes: string[]): Promise<PortOverrides> {
  const file = new ConfigFile(options.file);
  const loaded = file.load();
  if (!loaded.ok) throw new InvalidHubFile(file.path, loaded.error);
  const { http, broker, simulators } = loaded.value;
  const simulator = Object.values(simulators)[0];
  const wanted: { name: PortName; host: string; port: number; what: string }[] = [
    { name: 'http', host: http.host, port: http.port, what: 'the console' },
    ...(broker.listeners.tcp
      ? [{ name: 'mqtt' as const, host: broker.listeners.tcp.host, port: broker.listeners.tcp.port, what: 'MQTT' }]
      : []),
    ...(broker.listeners.ws
      ? [{ name: 'ws' as const, host: broker.listeners.ws.host, port: broker.listeners.ws.port, what: 'MQTT over WebSocket' }]
      : []),
    ...(simulator
      ? [
          {
            name: 'modbus' as const,
            host: (simulator['host'] as string | undefined) ?? '127.0.0.1',
            port: simulator['port'] as number,
            what: 'the Modbus simulator',
          },
        ]
      : []),
  ];
  const chosen: { -readonly [K in PortName]?: number } = {};
  const taken = new Set<number>();
  for (const { name, host, port: fromFile, what } of wanted) {
    const asked = options.ports[name] ?? fromFile;
    let port = asked;
    // The device must know the simulator's port before it listens; the other listeners may take any.
    if (asked === 0) {
      if (name === 'modbus') port = await anyFreePort(host);
    } else if (taken.has(asked) || !(await isFree(host, asked))) {
      const next = options.choosePorts && options.ports[name] === undefined ? await nextFreePort(host, asked + 1, taken) : undefined;
      if (next === undefined) throw hubErrors.HUB_PORT_TAKEN({ port: asked, host, flag: flags[name] });
      notes.push(`Port ${asked} is taken by another program; ${what} listens on ${next}.`);
      port = next;
    }
    taken.add(port);
    chosen[name] = port;
  }
  return chosen;
}
