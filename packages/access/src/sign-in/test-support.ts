import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Credentials } from './authenticator.ts';
import type { JwtOptions } from './jwt-authenticator.ts';

export const credentials = (more: Partial<Credentials> = {}): Credentials => ({
  clientId: 'client-1',
  username: undefined,
  password: undefined,
  peer: '10.0.0.1:50000',
  anonymousAllowed: false,
  secret: undefined,
  address: '10.0.0.1',
  ...more,
});

export const jwtOptions = (more: Partial<JwtOptions>): JwtOptions => ({
  type: 'jwt',
  from: 'password',
  base64: false,
  refreshMs: 300_000,
  timeoutMs: 5000,
  leewayMs: 30_000,
  requireExpiry: false,
  claims: {},
  nameClaim: 'sub',
  aclClaim: 'acl',
  disconnectAfterExpiry: true,
  ...more,
});

const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
export function hmacToken(claims: object, secret: string, header: object = {}): string {
  const signed = `${b64({ alg: 'HS256', typ: 'JWT', ...header })}.${b64(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** An Ed25519 key of somebody who signs tokens. */
export class Signer {
  readonly kid: string;
  readonly #key: KeyObject;
  readonly jwk: object;
  constructor(kid: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.kid = kid;
    this.#key = privateKey;
    this.jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'EdDSA' };
  }
  token(claims: object, kid: string | undefined = this.kid): string {
    const signed = `${b64({ alg: 'EdDSA', ...(kid === undefined ? {} : { kid }) })}.${b64(claims)}`;
    return `${signed}.${sign(undefined, Buffer.from(signed), this.#key).toString('base64url')}`;
  }
}

export interface HttpHouse {
  readonly url: string;
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }[];
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
}
/** A real HTTP server on a free port that keeps what it was asked. */
export async function httpHouse(t: TestContext, answer: HttpHouse['answer']): Promise<HttpHouse> {
  const house = { url: '', requests: [] as HttpHouse['requests'][number][], answer };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      house.requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      house.answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  house.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return house;
}
export const json = (response: ServerResponse, body: unknown, status = 200, type = 'application/json'): void => {
  response.writeHead(status, { 'content-type': type });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};
