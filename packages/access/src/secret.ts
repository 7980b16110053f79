import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What is kept of a generated secret. Only for secrets of 128 bit and more: a guessable one needs a slow hash. */
export const digest = (secret: string): Buffer => createHash('sha256').update(secret, 'utf8').digest();
export const digestHex = (secret: string): string => digest(secret).toString('hex');

/** Whether a secret is the one behind this digest; unequal lengths are unequal. */
export function digestMatches(secret: string, hex: string): boolean {
  const known = Buffer.from(hex, 'hex');
  const asked = digest(secret);
  return known.length === asked.length && timingSafeEqual(known, asked);
}

/** A new API token, 256 bit: `omh_` and 43 base64url characters. */
export const createToken = (): string => `omh_${randomBytes(32).toString('base64url')}`;
/** A new secret of a device, 144 bit in 24 characters: short enough for the forms of old devices. */
export const createDeviceSecret = (): string => randomBytes(18).toString('base64url');
/** A password to hand out: twelve letters and digits without look-alikes in groups of four, 59 bit. */
export function createPassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  let text = '';
  while (text.length < 12) for (const byte of randomBytes(16)) if (byte < 248 && text.length < 12) text += alphabet[byte % alphabet.length];
  return text.replace(/(.{4})(?=.)/g, '$1-');
}
export const randomId = (bytes: number): string => randomBytes(bytes).toString('base64url');
