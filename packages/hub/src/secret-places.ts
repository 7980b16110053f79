import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Keys to the hub itself: whoever may write the hub file must not get them by it. */
const ownVariables = new Set(['OMH_ADMIN_TOKEN', 'OMH_TOKEN']);
/** Folders of a data directory. */
const ownFolders = new Set(['run', 'state', 'audit', 'revisions', 'historian', 'broker', 'queues']);

/** What `!env NAME` means; undefined for a variable that is not set, and for the hub's own keys. */
export const secretVariable = (name: string): string | undefined => (ownVariables.has(name) ? undefined : process.env[name]);

/**
 * What `!file PATH` means. Who may change the hub file from afar shall not read the machine by it: the file stands in the folder of the
 * hub file, in /run/secrets, in systemd's CREDENTIALS_DIRECTORY or in a folder that OMH_SECRET_DIRS names, and in none of a data
 * directory's own folders. Throws with the reason as the end of a sentence.
 */
export function readSecret(path: string, folder: string): string {
  const { OMH_SECRET_DIRS = '', CREDENTIALS_DIRECTORY = '' } = process.env;
  const roots = [folder, '/run/secrets', CREDENTIALS_DIRECTORY, ...OMH_SECRET_DIRS.split(delimiter)].filter((root) => root !== '');
  const file = resolve(folder, path);
  if (!roots.some((root) => inside(root, file)))
    throw new Error('it stands neither in the folder of the hub file nor in one that OMH_SECRET_DIRS names');
  if (existsSync(file) && inDataDirectory(realpathSync(file))) throw new Error('it belongs to the hub itself');
  return readFileSync(file, 'utf8');
}

function inside(root: string, file: string): boolean {
  const rest = relative(resolve(root), file);
  return rest !== '' && rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest);
}

function inDataDirectory(file: string): boolean {
  for (let at = dirname(file); at !== dirname(at); at = dirname(at)) {
    const parent = dirname(at);
    const own = relative(parent, at);
    if (ownFolders.has(own) && existsSync(join(parent, 'lock')) && existsSync(join(parent, 'state'))) return true;
  }
  return false;
}
