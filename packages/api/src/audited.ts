import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AuditEntry, AuditLog } from '@omh/access';
import type { Problem } from './problem.ts';

/** What a handler knows better than its route. */
export interface AuditNote {
  readonly who?: string;
  readonly verb?: string;
  readonly what?: string;
  readonly detail?: NonNullable<AuditEntry['detail']>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The verb in the audit log where the permission is `none` or `any`; false: the route changes nothing, unless its handler notes it. */
    audit?: string | false;
  }
  interface FastifyRequest {
    /** Set by a handler, before it acts. */
    audited: AuditNote | undefined;
    /** The problem that answers this request. */
    problem: Problem | undefined;
  }
}

const settleMs = 2000;
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Every request that may change something is recorded with its outcome before it is answered; so is each refusal to somebody who is
 * known. Bodies and queries never are.
 */
export function auditChanges(app: FastifyInstance, audit: AuditLog): void {
  app.decorateRequest('audited', undefined);
  app.decorateRequest('problem', undefined);
  app.addHook('onSend', async (request, reply) => {
    const result = outcomeOf(request, reply.statusCode);
    if (result === undefined) return;
    const entry = entryOf(request);
    if (result === 'refused') audit.refused(entry);
    else audit.record({ ...entry, result });
    // A log that cannot be written says so in the health of access; what was done stays done and is answered.
    await audit.settled(settleMs);
  });
}

function outcomeOf(request: FastifyRequest, status: number): AuditEntry['result'] | undefined {
  const { permission, audit } = request.routeOptions.config;
  if (permission === undefined) return undefined;
  const unsafe = !safeMethods.has(request.method);
  if (status === 403) return unsafe || request.principal !== undefined ? 'refused' : undefined;
  if (!unsafe) return undefined;
  if (status === 401) return 'refused';
  if (status === 429) return audit === 'login' ? 'refused' : undefined;
  if (audit === false && request.audited === undefined) return undefined;
  if (status < 400) return 'ok';
  return status >= 500 && request.principal !== undefined ? 'failed' : undefined;
}

function entryOf(request: FastifyRequest): Omit<AuditEntry, 'result'> {
  const { principal, audited: note, problem } = request;
  const { permission, audit } = request.routeOptions.config;
  const verb = note?.verb ?? (permission !== 'none' && permission !== 'any' ? permission : audit || undefined);
  const detail = { method: request.method, ...note?.detail, ...(problem === undefined ? {} : { code: problem.code }) };
  return {
    who: note?.who ?? principal?.name ?? 'anonymous',
    kind: principal?.kind ?? (note?.who === undefined ? 'anonymous' : 'person'),
    from: request.ip,
    verb: verb ?? request.method.toLowerCase(),
    what: note?.what ?? placeOf(request),
    detail,
  };
}

/** `/api/v1/devices/:name` with its names filled in: `devices/press`. */
function placeOf(request: FastifyRequest): string {
  const params = request.params as Readonly<Record<string, string>> | undefined;
  return (request.routeOptions.url ?? '').replace(/^\/api\/v1\//, '').replace(/:(\w+)/g, (_whole, name: string) => params?.[name] ?? '');
}
