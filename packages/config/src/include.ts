/** One name in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly folder: boolean;
}

/** The folder of hub.yaml as the reader sees it; paths are relative to it, with `/`. */
export interface HubFolder {
  /** Throws when the file cannot be read, with `code` ENOENT, EACCES or EISDIR where that is why. */
  read(path: string): string;
  /** Names in a folder, '' for the folder itself; empty when there is no such folder. */
  list(folder: string): readonly FolderEntry[];
}

const maxNameLength = 1000;
const maxDepth = 16;
export const maxFiles = 1000;

/** Why a path or pattern may not stand in `include` or `tags.file`; it never leaves the folder of hub.yaml. */
export function pathFault(path: string, wildcards: boolean): string | undefined {
  if (path === '') return 'it is empty';
  if (path.length > maxNameLength) return `it has ${path.length} characters`;
  if (/\\|\p{Cc}/u.test(path)) return 'folders are separated by /, and control characters are not allowed';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'it must be relative to the folder of the hub file';
  const segments = path.split('/');
  if (segments.includes('..')) return 'it leaves the folder of the hub file';
  if (segments.length > maxDepth) return 'it is too deep';
  if (segments.some((s) => s === '' || s === '.')) return 'a folder in it has no name';
  if (segments.some((s) => s.includes('**'))) return '** is not read; write one line for each depth, like devices/*/*.yaml';
  return wildcards || !/[*?]/.test(path) ? undefined : '* and ? have no meaning here';
}

export type Expansion = { readonly files: readonly string[] } | { readonly why: string };

/** The files of a pattern in the order of their names. `*` and `?` match inside one name and never a name that begins with a dot. */
export function expandInclude(pattern: string, folder: HubFolder): Expansion {
  let found = [''];
  const segments = pattern.split('/');
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1;
    const next: string[] = [];
    for (const parent of found) {
      const at = parent === '' ? '' : `${parent}/`;
      if (!/[*?]/.test(segment)) {
        next.push(at + segment);
        continue;
      }
      for (const { name, folder: isFolder } of folder.list(parent)) {
        if (isFolder === last || name.startsWith('.') || !matches(segment, name)) continue;
        next.push(at + name);
        if (next.length > maxFiles) return { why: `it matches more than ${maxFiles} files` };
      }
    }
    found = next;
  }
  return { files: found.sort() };
}

/** Linear in practice: a failed match only ever goes back to the last star. */
function matches(pattern: string, name: string): boolean {
  let p = 0;
  let star = -1;
  let mark = 0;
  for (let n = 0; n < name.length; ) {
    if (p < pattern.length && (pattern[p] === '?' || (pattern[p] === name[n] && pattern[p] !== '*'))) {
      p++;
      n++;
    } else if (pattern[p] === '*') {
      star = p++;
      mark = n;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
