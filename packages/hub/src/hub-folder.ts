import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { HubFolder } from '@omh/config';

const maxEntries = 10_000;

/**
 * The folder of a hub file on disk. A link inside it may point to another place in it and nowhere else; the hub file itself may be a
 * link to anywhere.
 */
export function hubFolder(folder: string, main: string): HubFolder {
  const inside = (path: string): string => {
    const full = join(folder, path);
    if (path === main) return full;
    const real = realpathSync(full);
    const roots = [realpathSync(folder), behind(join(folder, main))];
    if (!roots.some((root) => real.startsWith(root.endsWith(sep) ? root : root + sep)))
      throw new Error('it leads out of the folder of the hub file');
    return full;
  };
  return {
    read: (path) => readFileSync(inside(path), 'utf8'),
    list(path) {
      try {
        const at = path === '' ? folder : inside(path);
        return readdirSync(at, { withFileTypes: true })
          .slice(0, maxEntries)
          .map((entry) => ({ name: entry.name, folder: entry.isSymbolicLink() ? isFolder(join(at, entry.name)) : entry.isDirectory() }));
      } catch {
        return [];
      }
    },
  };
}

/** The folder that a file really stands in; its own one when it is gone. */
function behind(path: string): string {
  try {
    return dirname(realpathSync(path));
  } catch {
    return dirname(path);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
