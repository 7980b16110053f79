import { nearest } from '@omh/core';
import type { Hub, LastValue } from '@omh/hub';
import { errors } from '../errors.ts';

/** Of a hundred thousand names only the first are compared: an answer must not hold up the loop. */
const mostCompared = 5000;

/** The tag a request names by `device/group/tag` or by its path; an unknown one answers with the nearest name. */
export function tagByKey(hub: Hub, key: string): LastValue {
  return hub.values.byKey(key) ?? unknown('tag', key, keys(hub));
}
export function tagByPath(hub: Hub, path: string): LastValue {
  return hub.values.byPath(path) ?? unknown('path', path, paths(hub));
}

export function unknown(kind: string, name: string, known: Iterable<string>): never {
  const near = nearest(name, known, mostCompared);
  throw errors.API_UNKNOWN_NAME({ kind, name: name.slice(0, 300), hint: near === undefined ? '' : ` Did you mean "${near}"?` });
}

function* keys(hub: Hub): Iterable<string> {
  for (const t of hub.values.tags()) yield `${t.device}/${t.group}/${t.name}`;
}
function* paths(hub: Hub): Iterable<string> {
  for (const t of hub.values.tags()) yield t.path;
}
