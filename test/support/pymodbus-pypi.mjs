import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../node_modules/.cache/omh-pymodbus', import.meta.url));
const done = (command, args) => spawnSync(command, args, { stdio: 'ignore', timeout: 120_000 }).status === 0;

/** The Python of an environment of its own, with the present pymodbus of PyPI once {@link pymodbusAbsent} was asked. */
export const pypiPython = join(folder, 'bin/python');

/** Installs it where that is needed; false when it is there, else one line that says what is missing. */
export function pymodbusAbsent() {
  const isThere = () => existsSync(pypiPython) && done(pypiPython, ['-c', 'import pymodbus, serial']);
  if (isThere()) return false;
  if (!existsSync(pypiPython)) done('python3', ['-m', 'venv', folder]);
  done(pypiPython, ['-m', 'pip', 'install', '-q', 'pymodbus', 'pyserial']);
  return isThere() ? false : 'pymodbus not found: python3 -m venv and pip install pymodbus pyserial do not work here';
}
