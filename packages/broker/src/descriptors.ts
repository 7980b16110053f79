import { readFileSync } from 'node:fs';

/** How many files and sockets this process may have open; undefined where the system does not say. */
export function descriptorLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return found === undefined || found === 'unlimited' ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
