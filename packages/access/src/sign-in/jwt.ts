import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** JWS algorithms (RFC 7518, 3.1 and RFC 8037, 3.1). `none` is not one of them. */
export const jwtAlgorithms = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];
export const isJwtAlgorithm = (text: unknown): text is JwtAlgorithm => (jwtAlgorithms as readonly unknown[]).includes(text);

/** A key and what it may be used for: a public key never checks an HMAC. */
export interface JwtKey {
  readonly kid: string | undefined;
  readonly algorithms: readonly JwtAlgorithm[];
  readonly key: KeyObject;
}
export type JwtClaims = Readonly<Record<string, unknown>>;
/** A token taken apart; nothing in it is true before `signatureFits`. */
export interface Jwt {
  readonly algorithm: JwtAlgorithm;
  readonly kid: string | undefined;
  readonly claims: JwtClaims;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

const maxLength = 16_384;
const hashOf: Readonly<Record<string, string>> = { 256: 'sha256', 384: 'sha384', 512: 'sha512' };

/** Compact serialization (RFC 7515, 7.1); undefined when the text is none, or asks for what is not spoken here. */
export function parseJwt(text: string): Jwt | undefined {
  if (text.length > maxLength) return undefined;
  const [head, body, tail, ...more] = text.split('.');
  if (head === undefined || body === undefined || tail === undefined || more.length > 0) return undefined;
  const header = jsonObject(head);
  const signature = bytes(tail);
  // `crit` names extensions that must be understood (RFC 7515, 4.1.11), and there are none here.
  if (header === undefined || signature === undefined || 'crit' in header || header.b64 === false || !isJwtAlgorithm(header.alg))
    return undefined;
  const claims = jsonObject(body);
  if (claims === undefined) return undefined;
  const kid = typeof header.kid === 'string' ? header.kid : undefined;
  return { algorithm: header.alg, kid, claims, signed: Buffer.from(`${head}.${body}`, 'latin1'), signature };
}

/** Whether this key made the signature with the token's own algorithm, one that the key is for. */
export function signatureFits({ algorithm, signed, signature }: Jwt, { key, algorithms }: JwtKey): boolean {
  if (!algorithms.includes(algorithm)) return false;
  const hash = hashOf[algorithm.slice(2)];
  try {
    switch (algorithm.slice(0, 2)) {
      case 'HS': {
        const right = createHmac(hash!, key).update(signed).digest();
        return right.length === signature.length && timingSafeEqual(right, signature);
      }
      case 'RS':
        return verify(hash, signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
      case 'PS':
        return verify(
          hash,
          signed,
          { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
          signature,
        );
      case 'ES':
        return verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
      default:
        return verify(undefined, signed, key, signature);
    }
  } catch {
    // A signature of the wrong length for the key, for one.
    return false;
  }
}

/** What of the registered claims is looked at (RFC 7519, 4.1), and what others must say. */
export interface JwtExpectations {
  readonly leewaySeconds: number;
  readonly requireExpiry: boolean;
  readonly issuer?: string | undefined;
  readonly audience?: readonly string[] | undefined;
  /** Texts that claims must be, or hold. */
  readonly claims: ReadonlyMap<string, string>;
}

/** Why these claims do not let anybody in now, or undefined. */
export function claimsFault(claims: JwtClaims, nowSeconds: number, expected: JwtExpectations): string | undefined {
  const { leewaySeconds: leeway, issuer, audience } = expected;
  const { exp, nbf, iat, iss, aud } = claims;
  for (const [name, value] of Object.entries({ exp, nbf, iat }))
    if (value !== undefined && !(typeof value === 'number' && Number.isFinite(value))) return `${name} is no number`;
  if (exp === undefined && expected.requireExpiry) return 'it has no expiry';
  if (exp !== undefined && nowSeconds >= (exp as number) + leeway) return 'it is expired';
  if (nbf !== undefined && nowSeconds < (nbf as number) - leeway) return 'it is not valid yet';
  if (iat !== undefined && nowSeconds < (iat as number) - leeway) return 'it was made in the future';
  if (issuer !== undefined && iss !== issuer) return 'it has another issuer';
  if (audience !== undefined && !audience.some((one) => holds(aud, one))) return 'it is for another audience';
  for (const [name, text] of expected.claims)
    if (!Object.hasOwn(claims, name) || !holds(claims[name], text)) return `its claim ${name} is another`;
  return undefined;
}

const holds = (claim: unknown, text: string): boolean => (Array.isArray(claim) ? claim.some((one) => same(one, text)) : same(claim, text));
const same = (value: unknown, text: string): boolean =>
  typeof value === 'string' ? value === text : (typeof value === 'number' || typeof value === 'boolean') && String(value) === text;

/** base64url without padding (RFC 7515, 2). */
function bytes(text: string): Buffer | undefined {
  return /^[\w-]*$/.test(text) && text.length % 4 !== 1 ? Buffer.from(text, 'base64url') : undefined;
}
function jsonObject(text: string): Record<string, unknown> | undefined {
  const raw = bytes(text);
  if (raw === undefined) return undefined;
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
