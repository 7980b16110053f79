import type { QoS } from '@omh/core';
import { Acl } from '../acl.ts';
import type { AclAction, AclRule } from '../acl.ts';

const maxRules = 1000;
const keys: ReadonlySet<string> = new Set(['permission', 'action', 'topic', 'topics', 'qos', 'retain']);

/** `whole`: the rules are all that the client may do; what no rule is about is refused. */
export interface ClientRules {
  readonly rules: Acl;
  readonly whole: boolean;
}

/**
 * The rules that a JWT's claim `acl` or an HTTP service gives a client, in the two forms that EMQX has: `{ pub: [], sub: [], all: [] }`
 * or a list of `{ permission, action, topic, qos?, retain? }`. Returns a sentence when they are not understood: a rule that is half
 * understood is none.
 */
export function clientRules(claim: unknown): ClientRules | string {
  try {
    if (Array.isArray(claim)) return { rules: new Acl(bounded(claim).map(ruleOf)), whole: false };
    if (typeof claim === 'object' && claim !== null) return { rules: new Acl(listsOf(claim as Record<string, unknown>)), whole: true };
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return 'the rules are neither a list nor an object';
}

function listsOf(lists: Record<string, unknown>): AclRule[] {
  const names: Readonly<Record<string, AclAction>> = { pub: 'publish', sub: 'subscribe', all: 'all' };
  return Object.entries(lists).map(([name, topics]): AclRule => {
    const allow = Object.hasOwn(names, name) ? names[name] : undefined;
    if (allow === undefined) throw new Error(`the rules have the key "${name.slice(0, 50)}" in place of pub, sub or all`);
    return { allow, topics: texts(topics) };
  });
}

function ruleOf(rule: unknown): AclRule {
  if (typeof rule !== 'object' || rule === null) throw new Error('a rule is no object');
  const { permission, action, topic, topics, qos, retain } = rule as Record<string, unknown>;
  const stranger = Object.keys(rule).find((key) => !keys.has(key));
  if (stranger !== undefined) throw new Error(`a rule has the key "${stranger.slice(0, 50)}"`);
  if (permission !== 'allow' && permission !== 'deny') throw new Error('a rule says neither allow nor deny');
  if (action !== 'publish' && action !== 'subscribe' && action !== 'all') throw new Error('a rule has no action');
  if (retain !== undefined && typeof retain !== 'boolean' && retain !== 'all')
    throw new Error('retain of a rule is neither true nor false');
  return {
    ...(permission === 'allow' ? { allow: action } : { deny: action }),
    topics: texts(topics ?? (topic === undefined ? undefined : [topic])),
    ...(qos === undefined ? {} : { qos: levels(qos) }),
    ...(typeof retain === 'boolean' ? { retain } : {}),
  };
}

function texts(list: unknown): string[] {
  if (!Array.isArray(list)) throw new Error('a rule has no topics');
  return bounded(list).map((text) => {
    if (typeof text !== 'string') throw new Error('a topic of a rule is no text');
    return text;
  });
}
function levels(qos: unknown): QoS[] {
  const list = Array.isArray(qos) ? (qos as unknown[]) : [qos];
  if (!list.every((level): level is QoS => level === 0 || level === 1 || level === 2)) throw new Error('a QoS of a rule is not 0, 1 or 2');
  return list;
}
function bounded(list: readonly unknown[]): readonly unknown[] {
  if (list.length > maxRules) throw new Error(`there are more than ${maxRules} rules or topics`);
  return list;
}
