import { createHash, createHmac, pbkdf2, pbkdf2Sync, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { errors } from './errors.ts';

/** What is kept of a password; the two are always written together. */
export interface PasswordVerifiers {
  /** `$scrypt$ln=15,r=8,p=1$salt$hash`, base64 without padding (PHC string format). */
  readonly scrypt: string;
  /** `SCRAM-SHA-256$15000:salt$StoredKey:ServerKey` (RFC 5802 and 7677), spelt as PostgreSQL spells it. */
  readonly scram: string;
}

export const scramIterations = 15_000;
const keyBytes = 32;
const mapped = /\u{ad}|\u{34f}|\u{1806}|[\u{180b}-\u{180d}]|[\u{200b}-\u{200d}]|\u{2060}|[\u{fe00}-\u{fe0f}]|\u{feff}/gu;
const blanks = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/** One spelling for what looks the same on different keyboards (SASLprep, RFC 4013, without its refusals). */
export const prepared = (password: string): string => password.replace(mapped, '').replace(blanks, ' ').normalize('NFKC');

/**
 * Makes and checks verifiers of people's passwords. Each takes 32 MB and over a tenth of a second of a pool thread, so two run at
 * a time and twenty wait; more are refused with ACCESS_LOGIN_BUSY.
 */
export class Passwords {
  readonly #costLog2: number;
  readonly #nobody: string;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #checks = 0;

  /** `costLog2`: scrypt's N as a power of two. */
  constructor(costLog2 = 15) {
    this.#costLog2 = costLog2;
    this.#nobody = phc(costLog2, randomBytes(16), randomBytes(keyBytes));
  }
  /** How often scrypt ran to check a password, those of unknown names too. */
  get checks(): number {
    return this.#checks;
  }

  hash(password: string): Promise<PasswordVerifiers> {
    return this.#inTurn(async () => {
      const text = prepared(password);
      const [salt, scramSalt] = [randomBytes(16), randomBytes(16)];
      const hash = await derive(text, salt, this.#costLog2);
      return { scrypt: phc(this.#costLog2, salt, hash), scram: await scramVerifier(text, scramSalt, scramIterations) };
    });
  }

  /** Whether this is the password behind a verifier. Without one it takes as long and is false: a name tells nothing by its time. */
  check(password: string, verifier: string | undefined): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#checks++;
      const [, , parameters, salt, hash] = (verifier ?? this.#nobody).split('$');
      const known = Buffer.from(hash ?? '', 'base64');
      const found = await derive(prepared(password), Buffer.from(salt ?? '', 'base64'), Number(/ln=(\d+)/.exec(parameters ?? '')?.[1]));
      return known.length === found.length && timingSafeEqual(known, found) && verifier !== undefined;
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= 2) {
      if (this.#waiting.length >= 20) throw errors.ACCESS_LOGIN_BUSY();
      // The one who ends hands its place on, so nobody who comes in between takes it.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

const pbkdf2Async = promisify(pbkdf2);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
const phc = (costLog2: number, salt: Uint8Array, hash: Uint8Array): string =>
  `$scrypt$ln=${costLog2},r=8,p=1$${base64(salt)}$${base64(hash)}`;

function derive(text: string, salt: Buffer, costLog2: number): Promise<Buffer> {
  const N = 2 ** costLog2;
  return new Promise((resolve, reject) =>
    scrypt(text, salt, keyBytes, { N, r: 8, p: 1, maxmem: 128 * N * 8 + 1024 * 1024 }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}

/** RFC 5802, section 3. */
export const scramVerifier = async (text: string, salt: Buffer, iterations: number): Promise<string> =>
  verifierText(await pbkdf2Async(text, salt, iterations, keyBytes, 'sha256'), salt, iterations);
/** The same at once, for few iterations. */
export const scramVerifierNow = (text: string, salt: Buffer, iterations: number): string =>
  verifierText(pbkdf2Sync(text, salt, iterations, keyBytes, 'sha256'), salt, iterations);
function verifierText(salted: Buffer, salt: Buffer, iterations: number): string {
  const hmac = (word: string): Buffer => createHmac('sha256', salted).update(word).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest();
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey.toString('base64')}:${hmac('Server Key').toString('base64')}`;
}

export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}
export function parseScram(text: string): ScramVerifier | undefined {
  const match = /^SCRAM-SHA-256\$(\d{1,9}):([\w+/=]+)\$([\w+/=]+):([\w+/=]+)$/.exec(text);
  if (!match) return undefined;
  const [salt, storedKey, serverKey] = match.slice(2).map((part) => Buffer.from(part, 'base64')) as [Buffer, Buffer, Buffer];
  return { iterations: Number(match[1]), salt, storedKey, serverKey };
}
