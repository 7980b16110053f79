import type { HubFolder } from './include.ts';
import type { TemplatedDevice } from './template-reading.ts';

/** The files a hub is made of, with their texts, and which of them owns what. Plain data: it may cross to a worker. */
export interface HubFiles {
  /** Name of the hub file in its folder, usually `hub.yaml`; all names are relative to that folder, with `/`. */
  readonly main: string;
  /** The main file first, then the included ones by name, then the tag tables. */
  readonly texts: ReadonlyMap<string, string>;
  /** The patterns of `include`. */
  readonly includes: readonly string[];
  /** `devices/press` → `devices/press.yaml`, `devices/press/groups/line1/tags` → `tags/press.csv`; what is not here stands in the main file. */
  readonly owners: ReadonlyMap<string, string>;
  /** Devices that name a template, as they stand in their file. */
  readonly templated: ReadonlyMap<string, TemplatedDevice>;
}

/** A folder that holds exactly these texts: how a stored revision is read. */
export function folderOf(texts: ReadonlyMap<string, string>): HubFolder {
  return {
    read(path) {
      const text = texts.get(path);
      if (text === undefined) throw Object.assign(new Error('it does not exist'), { code: 'ENOENT' });
      return text;
    },
    list(folder) {
      const prefix = folder === '' ? '' : `${folder}/`;
      const names = new Map<string, boolean>();
      for (const path of texts.keys()) {
        if (!path.startsWith(prefix)) continue;
        const [name = '', ...rest] = path.slice(prefix.length).split('/');
        names.set(name, rest.length > 0);
      }
      return [...names].map(([name, isFolder]) => ({ name, folder: isFolder }));
    },
  };
}

/** A folder in which some files have other texts: what a change would make of it. */
export function overlay(under: HubFolder, texts: ReadonlyMap<string, string>): HubFolder {
  const top = folderOf(texts);
  return {
    read: (path) => (texts.has(path) ? top.read(path) : under.read(path)),
    list: (folder) => {
      const names = new Map([...under.list(folder), ...top.list(folder)].map((entry) => [entry.name, entry]));
      return [...names.values()];
    },
  };
}

/** The file in which a path of the configuration stands. */
export function ownerOf(files: HubFiles, path: readonly string[]): string {
  const table =
    path.length >= 5 && (path[0] === 'devices' || path[0] === 'templates') ? files.owners.get(path.slice(0, 5).join('/')) : undefined;
  return table ?? files.owners.get(path.slice(0, 2).join('/')) ?? files.main;
}
