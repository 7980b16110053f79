import type { IconName } from '../ui/glyph.tsx';

/** One entry of the menu; it is there only for who may use it. */
export interface Screen {
  id: string;
  to: string;
  title: string;
  short?: string;
  icon: IconName;
  verb: string;
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
      { id: 'messages', to: '/messages', title: 'Messages', icon: 'messages', verb: 'mqtt.subscribe', phone: true },
      { id: 'rules', to: '/rules', title: 'Rules', icon: 'rule', verb: 'rules.read' },
      { id: 'data', to: '/data', title: 'Data', icon: 'data', verb: 'sql.read' },
    ],
  },
  {
    title: 'Hub',
    screens: [
      { id: 'simulator', to: '/simulators', title: 'Simulator', icon: 'simulator', verb: 'simulators.read' },
      { id: 'system', to: '/system', title: 'System', icon: 'system', verb: 'status.read' },
    ],
  },
];
export const screens = groups.flatMap((g) => g.screens);
