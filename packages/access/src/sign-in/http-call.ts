import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '@omh/core';

export interface HttpCall {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}
export interface HttpLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Connections at once. */
  readonly connections: number;
  /** Certificates of the authorities to trust, PEM; those of Node when absent. */
  readonly ca?: string | undefined;
}

/**
 * Asks one HTTP service. No redirect is followed, nothing is unpacked, an answer is bounded in time and bytes. Rejects with a plain
 * clause ("it does not answer within 5 s"), never with a bare system code.
 */
export class HttpCaller {
  readonly #clock: Clock;
  readonly #limits: HttpLimits;
  readonly #plain: HttpAgent;
  readonly #secure: HttpsAgent;

  constructor(clock: Clock, limits: HttpLimits) {
    this.#clock = clock;
    this.#limits = limits;
    const { connections, ca } = limits;
    this.#plain = new HttpAgent({ keepAlive: true, maxSockets: connections });
    this.#secure = new HttpsAgent({ keepAlive: true, maxSockets: connections, ...(ca === undefined ? {} : { ca }) });
  }
  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  async call(call: HttpCall): Promise<HttpAnswer> {
    const first = await this.#once(call);
    // The service closed a kept connection just when it was used again.
    const answer = first === 'stale' ? await this.#once(call) : first;
    if (answer === 'stale') throw new Error('it closes the connection');
    return answer;
  }
  #once({ url, method, headers, body }: HttpCall): Promise<HttpAnswer | 'stale'> {
    const { timeoutMs, maxBytes } = this.#limits;
    return new Promise((resolve, reject) => {
      const all = { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) };
      const request = url.startsWith('https:')
        ? httpsRequest(url, { method, headers: all, agent: this.#secure })
        : httpRequest(url, { method, headers: all, agent: this.#plain });
      let answered = false;
      const fail = (error: Error): void => {
        cancel();
        if (!answered && request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET') resolve('stale');
        else reject(new Error(plain(error), { cause: error }));
        request.destroy();
      };
      const cancel = this.#clock.after(timeoutMs, () => fail(new Error(`it does not answer within ${timeoutMs / 1000} s`)));
      request.on('error', fail);
      request.on('response', (response) => {
        answered = true;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) fail(new Error(`its answer has more than ${maxBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () => {
          cancel();
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', body: text });
        });
      });
      request.end(body);
    });
  }
}

function plain(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name is not known';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'it closes the connection';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no way to it';
    default:
      return code === undefined
        ? error.message
        : /CERT|SSL|TLS|ISSUER|SIGNATURE/.test(code)
          ? 'its certificate is not trusted'
          : error.message;
  }
}
