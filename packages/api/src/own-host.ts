import { isLoopback } from '@omh/core';

/** `[::1]:7070` → `::1`, `localhost:7070` → `localhost`; undefined when it is no host. */
export function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/?#@[\]]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/**
 * DNS rebinding: a foreign name that resolves to 127.0.0.1 makes a browser believe the hub is that site. A hub that listens on
 * loopback therefore answers to loopback names only. Beyond loopback the names people use are not known, so all are taken.
 */
export function hostAllowed(header: string | undefined, boundHost: string): boolean {
  if (!isLoopback(boundHost)) return true;
  const name = hostName(header);
  return name !== undefined && (name === 'localhost' || name === '127.0.0.1' || name === '::1' || name === boundHost.toLowerCase());
}

/** Whether an Origin header is the host the request was sent to. The scheme may differ behind a proxy that ends TLS. */
export function originIsOwn(origin: string, hostHeader: string | undefined): boolean {
  if (hostHeader === undefined || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  const port = url.protocol === 'https:' ? '443' : '80';
  const bare = (host: string): string => host.toLowerCase().replace(new RegExp(`:${port}$`), '');
  return bare(url.host) === bare(hostHeader);
}
