import { execFile, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const hasProgram = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
/** The compiler of this machine, if it has one. */
export const compiler = (): string | undefined => ['cc', 'gcc', 'clang'].find(hasProgram);

/** Compiles the programs of `bench/NAME` into `dir`; rejects with what the compiler said. */
export async function compile(name: string, dir: string, ...options: readonly string[]): Promise<string> {
  const sources = fileURLToPath(new URL(`../../bench/${name}/`, import.meta.url));
  const files = readdirSync(sources).filter((file) => file.endsWith('.c'));
  const program = join(dir, name);
  await run(compiler()!, ['-O2', '-o', program, ...files.map((file) => join(sources, file)), ...options]);
  return program;
}
