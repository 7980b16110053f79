import type { IconName } from '../ui/glyph.tsx';

/** One entry of the menu; it is there only for who may use it. */
export interface Screen {
  id: string;
  to: string;
  title: string;
  short?: string;
  icon: IconName;
  /** `any` is for everybody. */
  verb: string;
  /** Which role has the verb at least; engineers when absent. */
  whose?: string;
  phone?: boolean;
}
export const groups: readonly { title: string; screens: readonly Screen[] }[] = [
  {
    title: 'Watch',
    screens: [
      { id: 'overview', to: '/', title: 'Overview', icon: 'overview', verb: 'status.read', phone: true },
      {
        id: 'dashboards',
        to: '/dashboards',
        title: 'Dashboards',
        short: 'Boards',
        icon: 'dashboard',
        verb: 'dashboards.read',
        phone: true,
      },
      { id: 'live', to: '/live', title: 'Live values', short: 'Values', icon: 'live', verb: 'values.read', phone: true },
    ],
  },
  {
    title: 'Flow',
    screens: [
      { id: 'devices', to: '/devices', title: 'Devices', icon: 'device', verb: 'devices.read' },
      { id: 'apps', to: '/apps', title: 'Apps', icon: 'app', verb: 'apps.read' },
      { id: 'namespace', to: '/namespace', title: 'Namespace', icon: 'namespace', verb: 'values.read' },
      { id: 'messages', to: '/messages', title: 'Messages', icon: 'messages', verb: 'mqtt.subscribe', phone: true },
      { id: 'broker', to: '/broker', title: 'Broker', icon: 'broker', verb: 'clients.read', whose: 'operators' },
      { id: 'rules', to: '/rules', title: 'Rules', icon: 'rule', verb: 'rules.read' },
      { id: 'data', to: '/data', title: 'Data', icon: 'data', verb: 'sql.read' },
    ],
  },
  {
    title: 'Hub',
    screens: [
      { id: 'simulator', to: '/simulators', title: 'Simulator', icon: 'simulator', verb: 'simulators.read' },
      { id: 'configuration', to: '/configuration', title: 'Configuration', icon: 'configuration', verb: 'config.read' },
      { id: 'system', to: '/system', title: 'System', icon: 'system', verb: 'status.read' },
      { id: 'access', to: '/access', title: 'Access', icon: 'key', verb: 'users.read', whose: 'administrators' },
      { id: 'audit', to: '/audit', title: 'Audit', icon: 'audit', verb: 'audit.read', whose: 'administrators' },
    ],
  },
];
/** Behind one's own name, not in the menu. */
const account: Screen = { id: 'account', to: '/account', title: 'My account', icon: 'person', verb: 'any' };
export const screens = [...groups.flatMap((g) => g.screens), account];
