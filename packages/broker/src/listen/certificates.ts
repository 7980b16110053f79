import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { constants } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import type { Clock, Logger, Micros } from '@omh/core';
import { errors } from '../errors.ts';
import type { BrokerListener } from './listener-options.ts';

/** What a listener shows to its clients. */
export interface CertificateInfo {
  /** `CN=broker.plant, O=Acme`. */
  readonly subject: string;
  readonly fingerprint256: string;
  readonly validTo: Micros;
}

const dayMs = 86_400_000;
const warnDays = 30;

/** The files behind a listener's TLS: read when it opens, read again when they change; the last good ones stay in use. */
export class Certificates {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #listener: BrokerListener;
  #stamp = '';
  #digest = '';
  #info: CertificateInfo | undefined;
  #fault: string | undefined;

  constructor(name: string, listener: BrokerListener, clock: Clock, log: Logger) {
    this.#name = name;
    this.#listener = listener;
    this.#clock = clock;
    this.#log = log;
  }
  get info(): CertificateInfo | undefined {
    return this.#info;
  }

  /** Throws BROKER_TLS_FILES, BROKER_CERTIFICATE_UNREADABLE and BROKER_CERTIFICATE_BAD. */
  read(listener = this.#listener): SecureContextOptions {
    const { cert, key, ca, passphrase, clientCertificate = 'none', minVersion = 'TLSv1.2' } = listener;
    if (cert === undefined || key === undefined)
      throw errors.BROKER_TLS_FILES({ listener: this.#name, missing: cert === undefined ? 'cert' : 'key' });
    if (clientCertificate !== 'none' && ca === undefined) throw errors.BROKER_TLS_FILES({ listener: this.#name, missing: 'ca' });
    const texts = { cert: this.#file(cert), key: this.#file(key), ...(ca === undefined ? {} : { ca: this.#file(ca) }) };
    const options: SecureContextOptions = {
      ...texts,
      ...(passphrase === undefined ? {} : { passphrase }),
      minVersion,
      // A resumed session would carry a verdict about the client's certificate past a new `ca`.
      ...(clientCertificate === 'none' ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
    };
    let info: CertificateInfo;
    try {
      createSecureContext(options);
      const own = new X509Certificate(texts.cert);
      info = {
        subject: own.subject.split('\n').join(', '),
        fingerprint256: own.fingerprint256,
        validTo: (Date.parse(own.validTo) * 1000) as Micros,
      };
    } catch (thrown) {
      throw errors.BROKER_CERTIFICATE_BAD({ listener: this.#name, detail: detailOf(thrown) }, { cause: thrown });
    }
    this.#listener = listener;
    this.#digest = digestOf(texts);
    this.#info = info;
    this.#fault = undefined;
    return options;
  }
  #file(path: string): string {
    try {
      return readFileSync(path, 'utf8');
    } catch (thrown) {
      const why = (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (thrown as Error).message;
      throw errors.BROKER_CERTIFICATE_UNREADABLE({ listener: this.#name, path, why }, { cause: thrown });
    }
  }

  /** The new files when they say something new; undefined when they say the same, or nothing good: the old ones stay then. */
  readAgain(): SecureContextOptions | undefined {
    const before = this.#digest;
    try {
      const options = this.read();
      if (this.#digest === before) return undefined;
      this.#log.info('a listener has a new certificate', { listener: this.#name, subject: this.#info!.subject });
      return options;
    } catch (thrown) {
      const fault = (thrown as Error).message;
      if (fault !== this.#fault) this.#log.error('the new certificate of a listener is not taken', { listener: this.#name, reason: fault });
      this.#fault = fault;
      return undefined;
    }
  }
  /** True when a file changed since it was asked last. */
  async changed(): Promise<boolean> {
    const { cert, key, ca } = this.#listener;
    const stamps = await Promise.all(
      [cert, key, ca].map(async (path) => {
        if (path === undefined) return '';
        const s = await stat(path).catch(() => undefined);
        return s === undefined ? 'none' : `${s.ino} ${s.size} ${s.mtimeMs}`;
      }),
    );
    const stamp = stamps.join('|');
    const first = this.#stamp === '';
    if (stamp === this.#stamp) return false;
    this.#stamp = stamp;
    return !first;
  }

  /** Why clients may be refused now or soon, as a sentence. */
  trouble(): string | undefined {
    if (this.#fault !== undefined) return `Listener ${this.#name} goes on with its old certificate: ${this.#fault}`;
    const left = this.#daysLeft();
    return left <= 0 ? `The certificate of listener ${this.#name} has expired.` : undefined;
  }
  /** That it ends soon, as a sentence behind others; empty while it does not. */
  note(): string {
    const left = this.#daysLeft();
    return left > 0 && left <= warnDays ? ` The certificate of listener ${this.#name} expires in ${Math.ceil(left)} days.` : '';
  }
  #daysLeft(): number {
    return this.#info === undefined ? Infinity : (this.#info.validTo - this.#clock.now()) / 1000 / dayMs;
  }
}

const digestOf = (texts: Readonly<Record<string, string>>): string => createHash('sha256').update(JSON.stringify(texts)).digest('hex');

/** OpenSSL's words without its numbers. */
function detailOf(thrown: unknown): string {
  const text = (thrown as Error).message;
  const code = (thrown as { code?: string }).code;
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' || text.includes('key values mismatch'))
    return 'the key does not belong to the certificate';
  if (text.includes('bad decrypt') || text.includes('interrupted or cancelled')) return 'the passphrase does not open the key';
  return text.replace(/^error:[0-9A-F]+:/i, '').replace(/\.$/, '');
}
