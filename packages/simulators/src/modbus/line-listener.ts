import { closeSync, constants, openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import type { Listener, ListenerContext } from './listener.ts';
import type { Session } from './session.ts';

/** A serial line or a pseudo terminal, raw; a real line keeps the speed that the system has set for it (`stty`). */
export class LineListener implements Listener {
  readonly #path: string;
  readonly #context: ListenerContext;
  #session: Session | undefined;
  #ends: (() => void) | undefined;

  constructor(path: string, context: ListenerContext) {
    this.#path = path;
    this.#context = context;
  }
  get sessions(): ReadonlySet<Session> {
    return new Set(this.#session === undefined ? [] : [this.#session]);
  }
  address(): string | undefined {
    return this.#session === undefined ? undefined : this.#path;
  }

  async open(): Promise<void> {
    const flags = constants.O_RDWR | constants.O_NOCTTY;
    const own = openSync(this.#path, flags);
    let input: ReadStream;
    try {
      input = new ReadStream(own);
    } catch (cause) {
      closeSync(own);
      throw cause;
    }
    input.setRawMode(true);
    const output = new WriteStream(openSync(this.#path, flags));
    for (const stream of [input, output])
      stream.on('error', (error: Error) => this.#context.warn('the line reports an error', { detail: error.message }));
    // A line has no connections: where one would end, the next begins.
    const begin = (): void => {
      this.#session = this.#context.session({
        peer: this.#path,
        write: (bytes) => output.write(bytes),
        pause: () => void input.pause(),
        resume: () => void input.resume(),
        destroy: () => {
          if (this.#ends === undefined) return;
          begin();
          if (this.#session?.frozen === false) input.resume();
        },
      });
    };
    this.#ends = () => {
      this.#session?.end();
      input.destroy();
      output.destroy();
    };
    begin();
    output.on('drain', () => this.#session?.drained());
    input.on('data', (chunk: Uint8Array) => this.#session?.receive(chunk));
  }
  async refuse(): Promise<void> {}
  async close(): Promise<void> {
    const ends = this.#ends;
    this.#ends = undefined;
    ends?.();
    this.#session = undefined;
  }
}
