/** Everything a principal can be allowed to do, with its meaning; every route, MQTT packet and command names one of these. */
export const verbTable = {
  'status.read': 'See the state of the hub and its parts.',
  'values.read': 'See last values of tags.',
  'tag.write': 'Write tags through the checked road.',
  'history.read': 'Read recorded values.',
  'sql.read': 'Run SELECT over history and user tables.',
  'sql.write': 'Change user tables by SQL.',
  'rules.read': 'See rules and their counters.',
  'rules.test': 'Try a rule on a sample.',
  'config.read': 'Read the hub file and its revisions.',
  'config.write': 'Plan, apply and roll back the hub file.',
  'devices.read': 'See devices, their links and their frames.',
  'devices.control': 'Stop, start and pause devices and groups, log their frames, ask them who they are.',
  'apps.read': 'See applications that send values north, and what waits in their queues.',
  'queues.write': 'Send dead letters again, remove them, empty queues.',
  'simulators.read': 'See simulators and their requests.',
  'simulators.control': 'Start and stop simulators, let them fail.',
  'dashboards.read': 'See dashboards.',
  'mqtt.publish': 'Publish MQTT messages.',
  'mqtt.subscribe': 'Subscribe to MQTT topics.',
  'clients.read': 'See MQTT clients, their sessions and subscriptions, bans and counts.',
  'clients.write': 'Send MQTT clients away, choose which topics are counted.',
  'bans.write': 'Keep MQTT clients out, and let them in again.',
  'retained.write': 'Delete retained and delayed messages.',
  'traces.write': 'Follow MQTT clients, topics and addresses through the broker, and read what was found.',
  'metrics.read': 'Read the metrics of the hub.',
  'users.read': "See people, everybody's sessions and device credentials.",
  'users.write': 'Add, change and remove people, end their sessions.',
  'tokens.write': "Make, see and revoke API tokens of one's own.",
  'access.write': "Change device credentials, make sign-in codes, see and revoke everybody's API tokens.",
  'audit.read': 'Read and verify the audit log.',
  'backup.create': 'Take a backup of everything.',
} as const;
export type Verb = keyof typeof verbTable;
export const verbs = Object.keys(verbTable) as readonly Verb[];
export const isVerb = (text: string): text is Verb => Object.hasOwn(verbTable, text);

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
const operator = [...viewer, 'tag.write', 'devices.control', 'clients.read', 'rules.test'] as const satisfies readonly Verb[];
const engineer = [
  ...operator,
  'sql.write',
  'config.read',
  'config.write',
  'simulators.control',
  'queues.write',
  'mqtt.publish',
  'clients.write',
  'bans.write',
  'retained.write',
  'traces.write',
  'tokens.write',
] as const satisfies readonly Verb[];

/**
 * What each role may do, as permissions: `verb` everywhere or `verb filter` below a subtree; `*` is every verb.
 * Publishing any topic can forge values, so it belongs to engineers; operators write tags through the checked road.
 * Who may act, the audit log and backups, which hold everything, belong to admins.
 */
export const roles: Readonly<Record<Role, readonly string[]>> = { viewer, operator, engineer, admin: ['*'] };
/** Each role in one sentence, for who chooses one. */
export const roleMeanings: Readonly<Record<Role, string>> = {
  viewer: 'Sees values, history, rules, dashboards and the state of the hub; changes nothing.',
  operator: 'Sees the same, writes tags that allow it, pauses and stops devices, and tries rules.',
  engineer:
    'Does what an operator does, changes the configuration and user tables, publishes over MQTT, looks after its clients, makes API tokens.',
  admin: 'Does everything: also people, tokens and MQTT credentials of others, the audit log, backups.',
};
