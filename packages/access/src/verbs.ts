/** Everything a principal can be allowed to do; every route, MQTT packet and command names one of these. */
export const verbs = [
  'status.read',
  'values.read',
  'tag.write',
  'history.read',
  'sql.read',
  'sql.write',
  'rules.read',
  'rules.test',
  'config.read',
  'config.write',
  'devices.read',
  'apps.read',
  'simulators.read',
  'simulators.control',
  'dashboards.read',
  'mqtt.publish',
  'mqtt.subscribe',
  'clients.read',
  'metrics.read',
  'access.write',
] as const;
export type Verb = (typeof verbs)[number];

export const roleNames = ['viewer', 'operator', 'engineer', 'admin'] as const;
export type Role = (typeof roleNames)[number];

const viewer = [
  'status.read',
  'values.read',
  'history.read',
  'sql.read',
  'rules.read',
  'devices.read',
  'apps.read',
  'simulators.read',
  'dashboards.read',
  'mqtt.subscribe',
  'metrics.read',
] as const satisfies readonly Verb[];
const operator = [...viewer, 'tag.write', 'clients.read', 'rules.test'] as const satisfies readonly Verb[];
const engineer = [
  ...operator,
  'sql.write',
  'config.read',
  'config.write',
  'simulators.control',
  'mqtt.publish',
] as const satisfies readonly Verb[];

/**
 * What each role may do, as permissions: `verb` everywhere or `verb filter` below a subtree; `*` is every verb.
 * Publishing any topic can forge values, so it belongs to engineers; operators write tags through the checked road.
 */
export const roles: Readonly<Record<Role, readonly string[]>> = { viewer, operator, engineer, admin: ['*'] };
