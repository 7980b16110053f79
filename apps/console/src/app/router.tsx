import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link } from '@tanstack/react-router';
import { ErrorSay, Head, Skeleton } from '../ui/panel.tsx';
import { Frame } from './frame.tsx';
import { Overview } from '../screens/overview/overview.tsx';
import { LiveValues } from '../screens/live-values/live-values.tsx';

const text = (v: unknown): string | undefined =>
  typeof v === 'string' && v !== '' ? v : typeof v === 'number' || typeof v === 'boolean' ? String(v) : undefined;
/** Keeps only what is set, so that an address stays short. */
function only<K extends string>(search: Record<string, unknown>, names: readonly K[]): { [N in K]?: string } {
  const out: { [N in K]?: string } = {};
  for (const name of names) {
    const v = text(search[name]);
    if (v !== undefined) out[name] = v;
  }
  return out;
}

const root = createRootRoute({ component: Frame });
const overview = createRoute({ getParentRoute: () => root, path: '/', component: Overview });
const liveValues = createRoute({
  getParentRoute: () => root,
  path: '/live',
  component: LiveValues,
  validateSearch: (s) => only(s, ['find', 'quality', 'write']),
});
const dashboards = createRoute({
  getParentRoute: () => root,
  path: '/dashboards',
  validateSearch: (s) => only(s, ['from', 'to', 'refresh']),
  component: lazyRouteComponent(() => import('../screens/dashboards/dashboards.tsx'), 'Dashboards'),
});
const dashboard = createRoute({
  getParentRoute: () => root,
  path: '/dashboards/$name',
  validateSearch: (s) => only(s, ['from', 'to', 'refresh']),
  component: lazyRouteComponent(() => import('../screens/dashboards/dashboards.tsx'), 'Dashboards'),
});
const devices = createRoute({
  getParentRoute: () => root,
  path: '/devices',
  component: lazyRouteComponent(() => import('../screens/devices/devices.tsx'), 'Devices'),
});
const device = createRoute({
  getParentRoute: () => root,
  path: '/devices/$name',
  validateSearch: (s) => only(s, ['view', 'group', 'device', 'address', 'tag']),
  component: lazyRouteComponent(() => import('../screens/devices/devices.tsx'), 'Devices'),
});
const apps = createRoute({
  getParentRoute: () => root,
  path: '/apps',
  component: lazyRouteComponent(() => import('../screens/apps/apps.tsx'), 'Apps'),
});
const app = createRoute({
  getParentRoute: () => root,
  path: '/apps/$name',
  component: lazyRouteComponent(() => import('../screens/apps/apps.tsx'), 'Apps'),
});
const namespace = createRoute({
  getParentRoute: () => root,
  path: '/namespace',
  validateSearch: (s) => only(s, ['at', 'find']),
  component: lazyRouteComponent(() => import('../screens/namespace/namespace.tsx'), 'Namespace'),
});
const messages = createRoute({
  getParentRoute: () => root,
  path: '/messages',
  validateSearch: (s) => only(s, ['filter', 'topic', 'path']),
  component: lazyRouteComponent(() => import('../screens/messages/messages.tsx'), 'Messages'),
});
const rules = createRoute({
  getParentRoute: () => root,
  path: '/rules',
  component: lazyRouteComponent(() => import('../screens/rules/rules.tsx'), 'Rules'),
});
const rule = createRoute({
  getParentRoute: () => root,
  path: '/rules/$name',
  component: lazyRouteComponent(() => import('../screens/rules/rules.tsx'), 'Rules'),
});
const data = createRoute({
  getParentRoute: () => root,
  path: '/data',
  validateSearch: (s) => only(s, ['sql', 'view']),
  component: lazyRouteComponent(() => import('../screens/data/data.tsx'), 'Data'),
});
const simulators = createRoute({
  getParentRoute: () => root,
  path: '/simulators',
  component: lazyRouteComponent(() => import('../screens/simulators/simulators.tsx'), 'Simulators'),
});
const simulator = createRoute({
  getParentRoute: () => root,
  path: '/simulators/$name',
  component: lazyRouteComponent(() => import('../screens/simulators/simulators.tsx'), 'Simulators'),
});
const configuration = createRoute({
  getParentRoute: () => root,
  path: '/configuration',
  validateSearch: (s) => only(s, ['view', 'file', 'revision', 'against']),
  component: lazyRouteComponent(() => import('../screens/configuration/configuration.tsx'), 'Configuration'),
});
const system = createRoute({
  getParentRoute: () => root,
  path: '/system',
  component: lazyRouteComponent(() => import('../screens/system/system.tsx'), 'System'),
});

const accessPage = lazyRouteComponent(() => import('../screens/access/access.tsx'), 'AccessScreen');
const finding = (s: Record<string, unknown>) => only(s, ['find']);
const access = createRoute({ getParentRoute: () => root, path: '/access', validateSearch: finding, component: accessPage });
const accessTab = createRoute({ getParentRoute: () => root, path: '/access/$tab', validateSearch: finding, component: accessPage });
const accessName = createRoute({ getParentRoute: () => root, path: '/access/$tab/$name', validateSearch: finding, component: accessPage });
const accountPage = lazyRouteComponent(() => import('../screens/access/account.tsx'), 'Account');
const account = createRoute({ getParentRoute: () => root, path: '/account', component: accountPage });
const accountTab = createRoute({ getParentRoute: () => root, path: '/account/$tab', component: accountPage });
const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (s) => only(s, ['who', 'verb', 'what', 'result', 'from', 'to', 'record']),
  component: lazyRouteComponent(() => import('../screens/audit/audit.tsx'), 'Audit'),
});
const brokerPage = lazyRouteComponent(() => import('../screens/broker/broker.tsx'), 'BrokerScreen');
const brokerPlace = (s: Record<string, unknown>) => only(s, ['find', 'item', 'state', 'kind', 'value']);
const broker = createRoute({ getParentRoute: () => root, path: '/broker', validateSearch: brokerPlace, component: brokerPage });
const brokerTab = createRoute({ getParentRoute: () => root, path: '/broker/$tab', validateSearch: brokerPlace, component: brokerPage });

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    liveValues,
    dashboards,
    dashboard,
    devices,
    device,
    apps,
    app,
    namespace,
    messages,
    broker,
    brokerTab,
    rules,
    rule,
    data,
    simulators,
    simulator,
    configuration,
    system,
    access,
    accessTab,
    accessName,
    account,
    accountTab,
    audit,
  ]),
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Skeleton />,
  defaultErrorComponent: ({ error, reset }) => <ErrorSay error={error} retry={reset} />,
  defaultNotFoundComponent: () => (
    <div className="screen">
      <div>
        <Head
          sentence="There is no such page."
          sub={
            <>
              Perhaps the object was renamed. <Link to="/">Go to the overview</Link>, or press Ctrl K and search.
            </>
          }
        />
      </div>
    </div>
  ),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
