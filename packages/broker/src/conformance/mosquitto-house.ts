import { spawn, spawnSync } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RawPeer } from '../test-support.ts';
import { Peer } from './peer.ts';
import type { House } from './world.ts';

const program = ['mosquitto', '/usr/sbin/mosquitto'].find((name) => spawnSync(name, ['-h']).error === undefined);
export const mosquittoFound = program !== undefined;

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

/** `good` with the password `right`, in mosquitto's own form. */
function passwordLine(): string {
  const salt = randomBytes(12);
  return `good:$7$101$${salt.toString('base64')}$${pbkdf2Sync('right', salt, 101, 64, 'sha512').toString('base64')}\n`;
}
const acl = 'topic readwrite #\ntopic readwrite $x/#\ntopic read $SYS/#\ntopic deny forbidden/#\nuser good\ntopic readwrite #\n';

/** mosquitto as a child process, in real time. */
export const mosquittoHouse: House = {
  name: 'mosquitto',
  strict: false,
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'omh-mosquitto-'));
    const port = await freePort();
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const config = file(
      'conf',
      [
        `listener ${port} 127.0.0.1`,
        'allow_anonymous true',
        // Started by root it would become another user, who may not read its files.
        'user root',
        `password_file ${file('passwords', passwordLine())}`,
        `acl_file ${file('acl', acl)}`,
        'max_packet_size 4096',
        'max_inflight_messages 10',
        'log_dest none',
        '',
      ].join('\n'),
    );
    const child = spawn(program!, ['-c', config], { stdio: 'ignore' });
    const exited = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    const probe = async (): Promise<void> => {
      const peer = new Peer(await RawPeer.open(port), 4, false);
      await peer.welcome('probe');
      await peer.bye();
    };
    for (let n = 0; ; n++) {
      try {
        await probe();
        break;
      } catch (thrown) {
        if (n > 1000 || child.exitCode !== null) throw thrown;
        await sleep(10);
      }
    }
    return {
      port,
      wsUrl: undefined,
      pass: (seconds) => sleep(seconds * 1000),
      settled: async () => {
        await sleep(5);
        await probe();
      },
      stop: async () => {
        child.kill('SIGKILL');
        await exited;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
