import type { Setup } from './row.ts';

/** Where the certificate of the run lies; undefined where it could not be made. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const others = (rules: number): string[] => Array.from({ length: rules - 1 }, (_, i) => `plant/area${i}/#`);

/** A hub file: for `omh broker` its `broker:` block counts, for `omh up` the rest as well. */
export function hubFile(setup: Setup, port: number, certificate: Certificate | undefined, devicePorts: readonly number[]): string {
  const tls = setup.transport === 'tls' ? `, cert: ${certificate!.cert}, key: ${certificate!.key}` : '';
  const topics = setup.aclRules === 0 ? [] : [...others(setup.aclRules), 'bench/#'];
  return `version: 1
hub: { name: bench }
http: { port: 0 }
broker:
  listeners: { ${setup.transport}: { host: 127.0.0.1, port: ${port}, anonymous: true, connectRate: 100000, connectBurst: 100000${tls} } }
  limits: { maxConnections: 16000 }
${topics.length === 0 ? '' : `  acl:\n${topics.map((topic) => `    - { allow: all, topics: ['${topic}'] }\n`).join('')}    - { deny: all }\n`}${rules(setup.sqlRules)}${devices(devicePorts)}`;
}

function rules(n: number): string {
  if (n === 0) return '';
  const rule = (_: unknown, i: number): string =>
    `  r${i}:\n    sql: SELECT topic, qos FROM "bench/site1/+/+/dev${i}/#" WHERE qos > 2\n    actions: [ { console: true } ]\n`;
  return `rules:\n${Array.from({ length: n }, rule).join('')}`;
}

export const tagsPerDevice = 1000;
export const readsPerSecond = 10;

function devices(ports: readonly number[]): string {
  if (ports.length === 0) return '';
  const tags = Array.from(
    { length: tagsPerDevice },
    (_, i) => `          t${i}: { address: 1!4${String(i + 1).padStart(4, '0')}, type: uint16 }\n`,
  ).join('');
  const device = (port: number, i: number): string => `  d${i}:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${port} }
    groups:
      g:
        interval: ${1000 / readsPerSecond}ms
        tags:
${tags}`;
  return `devices:\n${ports.map(device).join('')}`;
}

export function mosquittoFile(setup: Setup, port: number, certificate: Certificate | undefined, dir: string): string {
  return [
    `listener ${port} 127.0.0.1`,
    ...(setup.transport === 'ws' ? ['protocol websockets'] : []),
    ...(setup.transport === 'tls' ? [`certfile ${certificate!.cert}`, `keyfile ${certificate!.key}`] : []),
    'allow_anonymous true',
    'set_tcp_nodelay true',
    'max_queued_messages 0',
    'max_inflight_messages 0',
    ...(setup.aclRules > 0 ? [`acl_file ${dir}/acl`] : []),
    ...(setup.durability === 'none' ? [] : ['persistence true', `persistence_location ${dir}/`]),
    '',
  ].join('\n');
}

export const mosquittoAcl = (rules: number): string => [...others(rules), 'bench/#'].map((topic) => `topic readwrite ${topic}\n`).join('');
