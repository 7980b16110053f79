import { createPublicKey, createSecretKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { errors } from '../errors.ts';
import { isJwtAlgorithm } from './jwt.ts';
import type { JwtAlgorithm, JwtKey } from './jwt.ts';

const minRsaBits = 2048;
const maxKeys = 100;

/** An HMAC key has at least as many bits as the hash (RFC 7518, 3.2). Throws ACCESS_JWT_KEY when it is too short for any. */
export function secretKey(secret: string, base64: boolean): JwtKey {
  const bytes = Buffer.from(secret, base64 ? 'base64' : 'utf8');
  const algorithms = ([256, 384, 512] as const).filter((bits) => bytes.length * 8 >= bits).map((bits): JwtAlgorithm => `HS${bits}`);
  if (algorithms.length === 0) throw errors.ACCESS_JWT_KEY({ fault: `the secret has ${bytes.length} bytes; HS256 needs 32 or more` });
  return { kid: undefined, algorithms, key: createSecretKey(bytes) };
}

/** A public key or a certificate, PEM. Throws ACCESS_JWT_KEY. */
export function pemKey(pem: string): JwtKey {
  let key: KeyObject;
  if (/PRIVATE KEY/.test(pem)) throw errors.ACCESS_JWT_KEY({ fault: 'it is a private key; the hub needs the public one' });
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw errors.ACCESS_JWT_KEY({ fault: 'it is no public key in PEM' }, { cause });
  }
  const algorithms = algorithmsOf(key);
  if (algorithms.length === 0) throw errors.ACCESS_JWT_KEY({ fault: `a key of type ${typeOf(key)} is not used for JWT, or is too short` });
  return { kid: undefined, algorithms, key };
}

/** A JWK set (RFC 7517, 5). Keys that are not for signatures, secret or of another kind are left out. Throws ACCESS_JWKS. */
export function keySet(text: string): JwtKey[] {
  let keys: unknown;
  try {
    keys = (JSON.parse(text) as { keys?: unknown } | null)?.keys;
  } catch (cause) {
    throw errors.ACCESS_JWKS({ fault: 'it is not JSON' }, { cause });
  }
  if (!Array.isArray(keys)) throw errors.ACCESS_JWKS({ fault: 'it has no list "keys"' });
  if (keys.length > maxKeys) throw errors.ACCESS_JWKS({ fault: `it has ${keys.length} keys; at most ${maxKeys} are taken` });
  const out = keys.flatMap((jwk: unknown) => {
    const key = typeof jwk === 'object' && jwk !== null ? jwkKey(jwk as JsonWebKey) : undefined;
    return key === undefined ? [] : [key];
  });
  if (out.length === 0) throw errors.ACCESS_JWKS({ fault: 'none of its keys can check signatures' });
  return out;
}

function jwkKey(jwk: JsonWebKey): JwtKey | undefined {
  const { kid, alg, use, key_ops: operations, kty } = jwk as Record<string, unknown>;
  if (kty === 'oct' || (use !== undefined && use !== 'sig')) return undefined;
  if (Array.isArray(operations) && !operations.includes('verify')) return undefined;
  try {
    // Only the public members: what is private in a set that was published by mistake is not kept.
    const { d: _, ...open } = jwk;
    const key = createPublicKey({ key: open, format: 'jwk' });
    const algorithms = algorithmsOf(key).filter((one) => alg === undefined || one === alg);
    if (algorithms.length === 0 || (alg !== undefined && !isJwtAlgorithm(alg))) return undefined;
    return { kid: typeof kid === 'string' ? kid : undefined, algorithms, key };
  } catch {
    return undefined;
  }
}

function algorithmsOf(key: KeyObject): readonly JwtAlgorithm[] {
  switch (typeOf(key)) {
    case 'rsa':
      return (key.asymmetricKeyDetails?.modulusLength ?? 0) < minRsaBits ? [] : ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
    case 'rsa-pss':
      return (key.asymmetricKeyDetails?.modulusLength ?? 0) < minRsaBits ? [] : ['PS256', 'PS384', 'PS512'];
    case 'ec prime256v1':
      return ['ES256'];
    case 'ec secp384r1':
      return ['ES384'];
    case 'ec secp521r1':
      return ['ES512'];
    case 'ed25519':
      return ['EdDSA'];
    default:
      return [];
  }
}
const typeOf = (key: KeyObject): string => [key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve].filter(Boolean).join(' ');
