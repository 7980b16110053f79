import '@fastify/websocket';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { allows, restrictionOf, type Access, type Origin, type Verb } from '@omh/access';
import { isLoopback, type Principal } from '@omh/core';
import { errors } from './errors.ts';
import { cookieValues, sessionCookie } from './cookie.ts';
import { hostAllowed, hostName, originIsOwn } from './own-host.ts';

/** What a route asks of its caller: a verb of package access, `any` signed-in principal, or `none`. */
export type RoutePermission = 'none' | 'any' | Verb;

/** How a caller proved who it is; kept to ask again whether it still holds. */
export type Credential = { readonly kind: 'token' | 'session'; readonly secret: string };

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: RoutePermission;
    /** Scrapers on this machine need no credential. */
    anonymousFromLoopback?: boolean;
    /** The permission below some subtree opens the route; its handler looks at each tag. */
    narrowed?: boolean;
    /** Open to those who must change their password, or make the first administrator, before anything else. */
    whileRestricted?: boolean;
    /** The route takes WebSockets. */
    upgrade?: boolean;
  }
  interface FastifyRequest {
    /** Set on each request whose credential is known. */
    principal: Principal | undefined;
    credential: Credential | undefined;
  }
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export const principalOf = (access: Access, credential: Credential, origin?: Origin): Principal | undefined =>
  credential.kind === 'token' ? access.byToken(credential.secret) : access.bySession(credential.secret, origin);

/** Where a request comes from. */
export const originOf = (request: FastifyRequest): Origin => ({ address: request.ip, userAgent: request.headers['user-agent'] ?? '' });

/** The signed-in principal of a route that asks for one. */
export function signedIn(request: FastifyRequest): Principal {
  if (!request.principal) throw errors.API_NOT_SIGNED_IN();
  return request.principal;
}

/** Refuses unless the principal may do this on this subtree (a namespace path or an MQTT filter). */
export function demand(principal: Principal, verb: Verb, subtree: string): void {
  if (!allows(principal, verb, subtree)) throw errors.API_NOT_ALLOWED({ principal: principal.name, verb: `${verb} ${subtree}` });
}

/**
 * Guards every route of an instance: a route without `config.permission` is not registered, a request passes only with a known
 * host name, an own origin where a browser could be misled, and a principal that has the permission.
 */
export function guard(app: FastifyInstance, o: { access: Access; boundHost: string }): void {
  app.decorateRequest('principal', undefined);
  app.decorateRequest('credential', undefined);
  app.addHook('onRoute', (route) => {
    if (route.config?.permission === undefined)
      throw new TypeError(`route ${String(route.method)} ${route.url} declares no config.permission`);
  });
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const host = request.headers.host;
    if (!hostAllowed(host, o.boundHost)) throw errors.API_HOST_REFUSED({ host: (host ?? '').slice(0, 100) });
    identify(request, o.access);
    checkOrigin(request);
    const { permission, anonymousFromLoopback, narrowed, whileRestricted, upgrade } = request.routeOptions.config;
    if (request.ws && !upgrade) throw errors.API_NO_SOCKET_HERE();
    // Unmatched routes have no permission: the not-found handler answers them and tells nothing.
    if (permission === undefined || permission === 'none') return;
    if (!request.principal) {
      if (anonymousFromLoopback && request.headers.authorization === undefined && isDirectlyLocal(request)) return;
      reply.header('www-authenticate', 'Bearer realm="omh"');
      throw hasCredential(request) ? errors.API_CREDENTIAL_REFUSED() : errors.API_NOT_SIGNED_IN();
    }
    const only = restrictionOf(request.principal);
    if (only !== undefined && !whileRestricted)
      throw only === 'change-password' ? errors.API_PASSWORD_CHANGE_NEEDED() : errors.API_FIRST_ADMIN_NEEDED();
    if (permission !== 'any' && !allows(request.principal, permission) && !(narrowed && allowsSomewhere(request.principal, permission))) {
      throw errors.API_NOT_ALLOWED({ principal: request.principal.name, verb: permission });
    }
  });
}

/** Whether a principal has a verb at least below one subtree. */
export const allowsSomewhere = (principal: Principal, verb: Verb): boolean =>
  principal.permissions.some((p) => p.startsWith(`${verb} `) || p.startsWith('* ')) || allows(principal, verb);

const bearerOf = (request: FastifyRequest): string | undefined =>
  /^Bearer +([^\s]{1,1024})\s*$/i.exec(request.headers.authorization ?? '')?.[1];
const hasCredential = (request: FastifyRequest): boolean =>
  request.headers.authorization !== undefined || cookieValues(request.headers.cookie, sessionCookie).length > 0;

/** A bearer token wins over a cookie; a wrong one is not helped by a cookie. */
function identify(request: FastifyRequest, access: Access): void {
  const credentials: Credential[] = [];
  if (request.headers.authorization !== undefined) {
    const secret = bearerOf(request);
    if (secret !== undefined) credentials.push({ kind: 'token', secret });
  } else {
    for (const secret of cookieValues(request.headers.cookie, sessionCookie)) credentials.push({ kind: 'session', secret });
  }
  for (const credential of credentials) {
    const principal = principalOf(access, credential, originOf(request));
    if (!principal) continue;
    request.principal = principal;
    request.credential = credential;
    return;
  }
}

/** Browsers send Origin with every unsafe request and every WebSocket; programs with a token usually send none. */
function checkOrigin(request: FastifyRequest): void {
  const upgrade = request.ws;
  if (safeMethods.has(request.method) && !upgrade) return;
  const { origin } = request.headers;
  if (origin !== undefined) {
    if (request.credential?.kind === 'token' && !upgrade) return;
    if (!originIsOwn(origin, request.headers.host)) throw errors.API_ORIGIN_REFUSED({ origin: origin.slice(0, 200) });
    return;
  }
  const site = request.headers['sec-fetch-site'];
  if (request.credential?.kind !== 'token' && site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw errors.API_ORIGIN_REFUSED({ origin: site.slice(0, 200) });
  }
}

/** A proxy on this machine speaks for others, and a page whose name was made to point here speaks for its author: neither is local. */
const isDirectlyLocal = (request: FastifyRequest): boolean =>
  isLoopback(request.socket.remoteAddress ?? '') &&
  isLoopback(hostName(request.headers.host) ?? '') &&
  request.headers['x-forwarded-for'] === undefined &&
  request.headers.forwarded === undefined;
