import { BlockList, isIP } from 'node:net';
import { topicFilterFault, topicMatches } from '@omh/core';
import type { QoS } from '@omh/core';
import { errors } from './errors.ts';

export type AclAction = 'publish' | 'subscribe' | 'all';

/** Whom a rule is about; every key that is there must fit. */
export interface AclWho {
  /** User name; `*` stands for any characters. */
  readonly user?: string;
  /** Client id; `*` stands for any characters. */
  readonly client?: string;
  /** An IP address or a block of them, `192.168.10.0/24`. */
  readonly address?: string;
}
/** One line of the list: `allow` or `deny`, never both. */
export interface AclRule {
  readonly allow?: AclAction;
  readonly deny?: AclAction;
  /** Everybody when absent. */
  readonly who?: AclWho;
  /**
   * Filters with `${clientid}` and `${username}`; `eq ` before one takes it as it is, wildcards included. Every topic when absent.
   */
  readonly topics?: readonly string[];
  readonly qos?: readonly QoS[];
  readonly retain?: boolean;
}
export interface AclRequest {
  readonly action: 'publish' | 'subscribe';
  /** A topic to publish to, or a filter to subscribe to. */
  readonly topic: string;
  readonly clientId: string;
  readonly username: string | undefined;
  /** `ip:port`, or an address alone. */
  readonly peer: string;
  readonly qos: QoS;
  readonly retain: boolean;
}

type Test = (request: AclRequest) => boolean;
interface Compiled {
  readonly allow: boolean;
  readonly tests: readonly Test[];
}

/**
 * Ordered rules: the first that fits decides, and where none fits the permissions do. A rule fits a subscription when it covers the
 * whole filter: `deny: subscribe` for `plant/secret` leaves `plant/#` alone, as in EMQX.
 */
export class Acl {
  readonly #rules: readonly Compiled[];
  /** Some rule looks at QoS or RETAIN, so a verdict holds for one message only. */
  readonly byFlags: boolean;

  /** Throws ACCESS_ACL_INVALID with the place of the rule that is wrong. */
  constructor(rules: readonly AclRule[]) {
    this.#rules = rules.map(compile);
    this.byFlags = rules.some(({ qos, retain }) => qos !== undefined || retain !== undefined);
  }
  get size(): number {
    return this.#rules.length;
  }
  /** undefined when no rule is about it. */
  decide(request: AclRequest): boolean | undefined {
    for (const { allow, tests } of this.#rules) if (tests.every((test) => test(request))) return allow;
    return undefined;
  }
}

function compile(rule: AclRule, index: number): Compiled {
  const wrong = (fault: string): Error => errors.ACCESS_ACL_INVALID({ rule: index + 1, fault });
  const action = rule.allow ?? rule.deny;
  if (action === undefined || (rule.allow !== undefined && rule.deny !== undefined)) throw wrong('it says neither allow nor deny, or both');
  const tests: Test[] = [];
  if (action !== 'all') tests.push((r) => r.action === action);
  const { who, topics, qos, retain } = rule;
  if (who?.user !== undefined) {
    const fits = glob(who.user);
    tests.push((r) => r.username !== undefined && fits(r.username));
  }
  if (who?.client !== undefined) {
    const fits = glob(who.client);
    tests.push((r) => fits(r.clientId));
  }
  if (who?.address !== undefined) {
    const fits = block(who.address);
    if (fits === undefined) throw wrong(`"${who.address}" is neither an address nor a block of addresses`);
    tests.push((r) => fits(r.peer));
  }
  if (qos !== undefined) tests.push((r) => qos.includes(r.qos));
  if (retain !== undefined) tests.push((r) => r.action === 'publish' && r.retain === retain);
  if (topics !== undefined) {
    const fits = topics.map((topic) => {
      const fault = topicFilterFault(topic.startsWith('eq ') ? topic.slice(3) : topic);
      if (fault !== undefined) throw wrong(`"${topic}" is no topic filter: ${fault}`);
      return topicTest(topic);
    });
    tests.push((r) => fits.some((test) => test(r)));
  }
  return { allow: rule.allow !== undefined, tests };
}

/** `*` for any characters; no regular expression, so no text can make it slow. */
function glob(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return (text) => text === pattern;
  const [first, last] = [parts[0]!, parts.at(-1)!];
  const middle = parts.slice(1, -1);
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > text.length - last.length) return false;
      at = found + part.length;
    }
    return true;
  };
}

function block(text: string): ((peer: string) => boolean) | undefined {
  const [address, bits, ...rest] = text.split('/');
  const family = isIP(address!);
  const prefix = bits === undefined ? (family === 4 ? 32 : 128) : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || rest.length > 0 || !(prefix <= (family === 4 ? 32 : 128))) return undefined;
  const list = new BlockList();
  list.addSubnet(address!, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return (peer) => {
    const host = hostOf(peer);
    const kind = isIP(host);
    return kind !== 0 && list.check(host, kind === 4 ? 'ipv4' : 'ipv6');
  };
}
/** `ip:port`, `[ip]:port` or an address alone; an IPv4 address inside IPv6 is the IPv4 one. */
function hostOf(peer: string): string {
  let host = peer;
  if (isIP(peer) === 0) {
    host = peer.slice(0, Math.max(0, peer.lastIndexOf(':')));
    if (host.startsWith('[') && host.endsWith(']')) host = host.slice(1, -1);
  }
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(host) ? host.slice(7) : host;
}

function topicTest(text: string): Test {
  const exact = text.startsWith('eq ');
  const filter = exact ? text.slice(3) : text;
  const covers = exact ? (f: string, topic: string): boolean => f === topic : topicMatches;
  if (!/\$\{(clientid|username)\}/.test(filter)) return (r) => covers(filter, r.topic);
  return (r) => {
    const own = filled(filter, r);
    return own !== undefined && covers(own, r.topic);
  };
}
/** Undefined when a name is missing or would be more than a part of one level: a client called `#` is not all of them. */
function filled(filter: string, { clientId, username }: AclRequest): string | undefined {
  let whole = true;
  const text = filter.replaceAll(/\$\{(clientid|username)\}/g, (_, name: string) => {
    const value = name === 'clientid' ? clientId : username;
    if (value === undefined || value === '' || /[+#/]/.test(value)) whole = false;
    return value ?? '';
  });
  return whole ? text : undefined;
}
