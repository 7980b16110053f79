import { readFileSync } from 'node:fs';

/** From the package beside `dist`, so that there is one place to change it. */
export const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
