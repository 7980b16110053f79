import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { anyFreePort } from '../free-port.ts';
import { end, forkProgram, startServer } from './child.ts';
import { NotInstalled, type Job, type Stack } from './stack.ts';

/** The same job from parts: modbus-serial, mosquitto, MQTT.js and PostgreSQL with their defaults. */
export async function peerStack(job: Job): Promise<Stack> {
  const mosquitto = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'].find((path) => existsSync(path));
  const postgres = postgresFolder();
  if (!mosquitto || !postgres)
    throw new NotInstalled(
      `${[!mosquitto && 'mosquitto', !postgres && 'PostgreSQL'].filter(Boolean).join(' and ')} not found: apt-get install mosquitto postgresql`,
    );
  const dir = mkdtempSync(join(tmpdir(), 'omh-bench-'));
  chmodSync(dir, 0o777);
  const mqttPort = await anyFreePort('127.0.0.1');
  const config = join(dir, 'mosquitto.conf');
  writeFileSync(config, `listener ${mqttPort} 127.0.0.1\nallow_anonymous true\n`);
  const broker = await startServer(mosquitto, ['-c', config], () => answers(mqttPort));
  const database = await startPostgres(postgres, dir);
  const mqttUrl = `mqtt://127.0.0.1:${mqttPort}`;
  const sink = await forkProgram('peer-sink', { mqttUrl, postgres: database.url });
  const poller = await forkProgram('peer-poller', { ...job, mqttUrl });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const number = async (statement: string): Promise<number> =>
    Number((await client.query<{ n: string | null }>(statement)).rows[0]!.n ?? 0);
  return {
    name: 'parts',
    parts: 'modbus-serial + mosquitto + MQTT.js + PostgreSQL',
    mqttUrl,
    topic: '/neuron/app/d0/g',
    pids: () => [broker.pid!, database.pid(), sink.process.pid!, poller.process.pid!],
    committedSeq: () => number('SELECT max(seq) AS n FROM changes'),
    storedSamples: () => number('SELECT count(*) AS n FROM samples'),
    async stop() {
      await client.end();
      await Promise.all([end(poller.process, 'SIGKILL'), end(sink.process, 'SIGKILL'), end(broker)]);
      database.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function postgresFolder(): string | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(root, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
async function startPostgres(bin: string, dir: string): Promise<{ url: string; pid: () => number; stop: () => void }> {
  const data = join(dir, 'postgres');
  const port = await anyFreePort('127.0.0.1');
  const run = (program: string, ...args: string[]): void => {
    const command = [join(bin, program), ...args];
    const [file, ...rest] = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--', ...command] : command;
    execFileSync(file!, rest, { stdio: 'ignore', cwd: dir });
  };
  run('initdb', '-D', data, '-A', 'trust', '-U', 'omh', '-E', 'UTF8', '--no-locale');
  run('pg_ctl', '-D', data, '-w', '-l', join(dir, 'postgres.log'), '-o', `-p ${port} -c listen_addresses=127.0.0.1 -k ${dir}`, 'start');
  return {
    url: `postgres://omh@127.0.0.1:${port}/postgres`,
    pid: () => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]),
    stop: () => run('pg_ctl', '-D', data, '-m', 'fast', '-w', 'stop'),
  };
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
