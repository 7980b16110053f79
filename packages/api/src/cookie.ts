/** The name is part of the public contract. */
export const sessionCookie = 'omh_session';

/** All values of a cookie in a Cookie header, in order; at most eight. A browser sends several when paths overlap. */
export function cookieValues(header: string | undefined, name: string): string[] {
  const out: string[] = [];
  if (header === undefined) return out;
  for (const pair of header.split(';')) {
    const eq = pair.indexOf('=');
    if (eq < 0 || pair.slice(0, eq).trim() !== name) continue;
    const value = pair.slice(eq + 1).trim();
    if (value !== '' && out.push(value) === 8) break;
  }
  return out;
}

/** A Set-Cookie header (RFC 6265) for a secret: never readable by scripts, never sent along from other sites' forms. */
export function serialiseCookie(name: string, value: string, o: { maxAgeSeconds: number; secure: boolean }): string {
  if (!/^[\w!#$%&'*+./:<=>?@[\]^`{|}~-]*$/.test(value))
    throw new RangeError('a cookie value holds no blanks, quotes, commas or semicolons');
  return `${name}=${value}; Path=/; Max-Age=${Math.max(0, Math.floor(o.maxAgeSeconds))}; HttpOnly; SameSite=Lax${o.secure ? '; Secure' : ''}`;
}
