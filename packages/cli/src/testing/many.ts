import { createInterface } from 'node:readline';
import { run } from '../program.ts';

/** Runs one command after the other in one process, as lines of JSON come in: `{args, env}` → `{code, out, err}`. */
const tell = process.stdout.write.bind(process.stdout);
const tellError = process.stderr.write.bind(process.stderr);
for await (const line of createInterface({ input: process.stdin })) {
  const { args, env } = JSON.parse(line) as { args: string[]; env: Record<string, string> };
  Object.assign(process.env, env);
  let [out, err] = ['', ''];
  process.stdout.write = (text: string | Uint8Array) => {
    out += String(text);
    return true;
  };
  process.stderr.write = (text: string | Uint8Array) => {
    err += String(text);
    return true;
  };
  process.exitCode = 0;
  await run(['node', 'omh', ...args]);
  process.stdout.write = tell;
  process.stderr.write = tellError;
  tell(`${JSON.stringify({ code: process.exitCode, out, err })}\n`);
}
process.exitCode = 0;
