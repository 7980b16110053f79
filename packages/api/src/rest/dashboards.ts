import { Type, type Static } from '@fastify/type-provider-typebox';
import type { ApiContext, App } from '../context.ts';
import { problemResponses } from '../problem.ts';

export const DashboardRow = Type.Object(
  { name: Type.String(), title: Type.Optional(Type.String()) },
  { additionalProperties: true, description: 'The block as in hub.yaml.' },
);
export const DashboardsAnswer = Type.Object({ dashboards: Type.Array(DashboardRow) });
export type DashboardsAnswer = Static<typeof DashboardsAnswer>;

export function registerDashboards(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/dashboards',
    {
      config: { permission: 'dashboards.read' },
      schema: {
        operationId: 'getDashboards',
        tags: ['dashboards'],
        summary: 'Dashboards, whole.',
        response: { 200: DashboardsAnswer, ...problemResponses },
      },
    },
    async () => ({
      dashboards: Object.entries(hub.config.dashboards).map(([name, block]) => ({ ...(block as Record<string, unknown>), name })),
    }),
  );
}
