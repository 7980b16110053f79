import type { TLSSocket } from 'node:tls';

/** The certificate a client showed; checked against the listener's `ca`. */
export interface ClientCertificate {
  /** `CN=press-1, O=Acme`. */
  readonly subject: string;
  readonly commonName?: string;
  /** DNS names, addresses, URIs and mail addresses, without their kind. */
  readonly alternativeNames: readonly string[];
  /** `AB:CD:…`. */
  readonly fingerprint256: string;
  readonly serialNumber: string;
  readonly issuer: string;
  readonly validTo: string;
}

/** Undefined when the client showed none. */
export function certificateOf(socket: TLSSocket): ClientCertificate | undefined {
  const own = socket.getPeerX509Certificate();
  if (own === undefined) return undefined;
  const subject = lines(own.subject);
  const names = subject.filter((line) => line.startsWith('CN='));
  return {
    subject: subject.join(', '),
    // Two common names say nothing certain.
    ...(names.length === 1 ? { commonName: names[0]!.slice(3) } : {}),
    alternativeNames: alternativeNames(own.subjectAltName),
    fingerprint256: own.fingerprint256,
    serialNumber: own.serialNumber,
    issuer: lines(own.issuer).join(', '),
    validTo: own.validTo,
  };
}

const lines = (text: string | undefined): string[] => (text ?? '').split('\n').filter((line) => line !== '');

/** Entries whose value stands in quotes hold characters that could forge another entry; they are left out. */
const alternativeNames = (text: string | undefined): string[] =>
  text === undefined || text.includes('"')
    ? []
    : text
        .split(', ')
        .map((entry) => entry.slice(entry.indexOf(':') + 1))
        .filter((name) => name !== '');
