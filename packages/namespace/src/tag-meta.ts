import type { Tag } from '@omh/core';

/** What `{path}/_meta` says of a tag; what does not apply is left out. */
export interface TagMeta {
  readonly type: string;
  readonly count?: number;
  /** UCUM. */
  readonly unit?: string;
  readonly precision?: number;
  readonly description?: string;
  /** In the engineering unit: values outside are reported as the bound. */
  readonly range?: { readonly min?: number; readonly max?: number };
  /** What a write to `{path}/set` must keep to. */
  readonly write?: {
    readonly min?: number;
    readonly max?: number;
    readonly step?: number;
    readonly role?: string;
    readonly reason?: boolean;
  };
  readonly labels?: Readonly<Record<string, string>>;
  readonly access: string;
  readonly source: {
    readonly kind: 'device' | 'static' | 'derived';
    readonly device: string;
    readonly group: string;
    readonly tag: string;
    readonly driver: string;
    readonly address?: string;
    readonly expression?: string;
  };
  /** Of all the rest: the same as long as the definition says the same. */
  readonly hash: string;
}

/** `driver` as in the hub file, e.g. `modbus-tcp`. */
export function metaOf(tag: Tag, driver: string): TagMeta {
  const { type, count, unit, precision, description, clamp, guard, labels, access, source, device, group, name, address } = tag;
  const rest = {
    type,
    ...(count === undefined ? {} : { count }),
    ...(unit === undefined ? {} : { unit }),
    ...(precision === undefined ? {} : { precision }),
    ...(description === undefined ? {} : { description }),
    ...(clamp === undefined ? {} : { range: clamp }),
    ...(access === 'read' ? {} : { write: writeOf(guard) }),
    ...(labels === undefined ? {} : { labels }),
    access,
    source: {
      kind: source === undefined ? ('device' as const) : source.kind,
      device,
      group,
      tag: name,
      driver,
      ...(source === undefined ? { address } : {}),
      ...(source?.kind === 'derived' ? { expression: source.expression } : {}),
    },
  };
  return { ...rest, hash: hashOf(JSON.stringify(rest)) };
}

function writeOf(guard: Tag['guard']): NonNullable<TagMeta['write']> {
  if (guard === undefined) return {};
  const { min, max, step, role, reason } = guard;
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(step === undefined ? {} : { step }),
    ...(role === undefined ? {} : { role }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** FNV-1a twice with different seeds: 64 bits as hex. It tells versions of one definition apart; it protects nothing. */
function hashOf(text: string): string {
  let a = 0x811c9dc5 | 0;
  let b = 0x9747b28c | 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ c ^ (i & 0xff), 0x01000193);
  }
  return hex(a) + hex(b);
}
const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
