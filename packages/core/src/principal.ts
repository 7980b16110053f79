import type { Micros } from './time.ts';

/** Who acts: a person, an API token, a device with MQTT credentials, a part of the hub itself, or nobody in particular. */
export interface Principal {
  readonly kind: 'person' | 'token' | 'device' | 'part' | 'anonymous';
  readonly name: string;
  /** Granted permissions, `verb subtree`; `*` grants every verb. Empty for anonymous. Meaning: package access. */
  readonly permissions: readonly string[];
  /** When what it came with ends by itself; absent: when somebody ends it. */
  readonly expires?: Micros;
}

/** Parts of the hub act under their own name and may do what their wiring lets them do. */
export const partPrincipal = (id: string): Principal => ({ kind: 'part', name: id, permissions: ['*'] });
