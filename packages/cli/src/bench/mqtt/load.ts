import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compile, compiler, hasProgram } from '../c-program.ts';
import type { Certificate } from './settings.ts';

const run = promisify(execFile);

/** Figures by the names that the load generator and the columns use. */
export type Reading = Readonly<Record<string, number>>;
export interface Endpoint {
  readonly port: number;
  readonly pid: number;
}

/** The load generator, compiled for this run, and what else the run needs on disk. */
export class LoadGenerator {
  readonly dir: string;
  /** Broker on the first core, load on the second. */
  readonly pinned: boolean;
  readonly tls: boolean;
  readonly certificate: Certificate | undefined;
  readonly #program: string;

  private constructor(dir: string, tls: boolean, certificate: Certificate | undefined) {
    this.dir = dir;
    this.tls = tls;
    this.certificate = certificate;
    this.pinned = hasProgram('taskset');
    this.#program = join(dir, 'mqload');
  }
  /** undefined where there is no C compiler. */
  static async build(): Promise<LoadGenerator | undefined> {
    if (compiler() === undefined) return undefined;
    const dir = mkdtempSync(join(tmpdir(), 'omh-bench-'));
    const tls = await compile('mqload', dir, '-DWITH_TLS', '-lssl', '-lcrypto').then(
      () => true,
      () => compile('mqload', dir).then(() => false),
    );
    return new LoadGenerator(dir, tls, await certificate(dir).catch(() => undefined));
  }
  async measure(target: Endpoint, load: readonly string[], seconds: number): Promise<Reading> {
    const args = [...load, '--port', `${target.port}`, '--pid', `${target.pid}`, '--seconds', `${seconds}`];
    const options = { timeout: 180_000 };
    const { stdout } = await (this.pinned
      ? run('taskset', ['-c', '1', this.#program, ...args], options)
      : run(this.#program, args, options));
    return JSON.parse(stdout) as Reading;
  }
  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function certificate(dir: string): Promise<Certificate> {
  const made = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', ['req', '-x509', ...curve, '-keyout', made.key, '-out', made.cert, '-days', '2', '-subj', '/CN=localhost']);
  return made;
}
