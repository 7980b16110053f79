import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RetrySchedule } from '@omh/core';
import type { Cancel, Clock, Logger, Micros, Reason } from '@omh/core';
import { errorFrom, errors } from './errors.ts';
import type { OpenRequest, ToChild, ToParent } from './protocol.ts';

const closeWithinMs = 3000;
/** Long enough alive to forget earlier failures. */
const steadyMs = 10_000;
const nodeFlags = ['--max-old-space-size=192', '--max-semi-space-size=4', '--heap-growing-percent=50', '--no-warnings'];

export interface StoreProcessEvents {
  ready(setupFault: Reason | null): void;
  message(message: Exclude<ToParent, { kind: 'ready' | 'cannotOpen' | 'closed' }>): void;
  /** Not there any more; tried again at `nextTry`. */
  lost(reason: Reason, nextTry: Micros, crashed: boolean): void;
}

/** The child process that holds the database: started, watched, started again. */
export class StoreProcess {
  restarts = 0;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #request: () => OpenRequest;
  readonly #events: StoreProcessEvents;
  readonly #afterCrash = new RetrySchedule({ firstMs: 50, maxMs: 800 });
  readonly #afterRefusal = new RetrySchedule({ firstMs: 500, maxMs: 15_000 });
  #child: ChildProcess | undefined;
  #ready = false;
  #wanted = false;
  #restart = new AbortController();
  #steady: Cancel | undefined;
  #refusal: Reason | undefined;
  #first: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #closed: (() => void) | undefined;

  constructor(request: () => OpenRequest, events: StoreProcessEvents, clock: Clock, log: Logger) {
    this.#request = request;
    this.#events = events;
    this.#clock = clock;
    this.#log = log;
  }
  get pid(): number | undefined {
    return this.#child?.pid;
  }
  get isReady(): boolean {
    return this.#ready;
  }

  /** Resolves when the store is open; rejects with why it cannot be, and then does not try again. */
  start(): Promise<void> {
    this.#wanted = true;
    this.#restart = new AbortController();
    return new Promise((resolve, reject) => {
      this.#first = { resolve, reject };
      this.#spawn();
    });
  }

  /** Closes the store; kills it when it takes longer than three seconds. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#restart.abort();
    this.#steady?.();
    this.#first?.reject(errors.HISTORIAN_STOPPED());
    this.#first = undefined;
    const child = this.#child;
    if (!child) return;
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      const cancel = this.#clock.after(closeWithinMs, () => {
        this.#log.warn('The historian does not close in time and is ended.', { pid: child.pid });
        child.kill('SIGKILL');
      });
      child.once('exit', cancel);
      if (this.#ready && child.connected) child.send({ kind: 'close' } satisfies ToChild, () => {});
      else child.kill('SIGKILL');
      this.#ready = false;
    });
  }

  send(message: ToChild): void {
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #spawn(): void {
    this.#refusal = undefined;
    const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [], {
      serialization: 'advanced',
      execArgv: nodeFlags,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // The admin token is none of the store's business.
      env: { ...process.env, OMH_ADMIN_TOKEN: undefined, UV_THREADPOOL_SIZE: '8', NODE_OPTIONS: '', MALLOC_ARENA_MAX: '2' },
    });
    this.#child = child;
    child.stderr!.on('data', (text: Buffer) => this.#log.warn(`The historian says: ${text.toString('utf8', 0, 500).trim()}`));
    child.on('error', (error) => this.#log.error("The historian's process reports an error.", { error: error.message }));
    child.on('message', (message) => this.#receive(child, message as ToParent));
    // 'close' comes after the last message was delivered: a commit that was answered is never sent again
    child.once('close', (code, signal) => this.#gone(child, code, signal));
    child.send(this.#request(), () => {});
  }

  #receive(child: ChildProcess, message: ToParent): void {
    if (child !== this.#child) return;
    switch (message.kind) {
      case 'ready':
        if (!this.#wanted) return;
        this.#ready = true;
        this.#steady = this.#clock.after(steadyMs, () => {
          this.#afterCrash.reset();
          this.#afterRefusal.reset();
        });
        this.#events.ready(message.setupFault);
        this.#first?.resolve();
        this.#first = undefined;
        break;
      case 'cannotOpen':
        this.#refusal = message.reason;
        child.kill('SIGKILL');
        break;
      case 'closed':
        break;
      default:
        this.#events.message(message);
    }
  }

  #gone(child: ChildProcess, code: number | null, signal: string | null): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    this.#ready = false;
    this.#steady?.();
    this.#closed?.();
    this.#closed = undefined;
    if (!this.#wanted) return;
    const refusal = this.#refusal;
    if (this.#first) {
      this.#wanted = false;
      this.#first.reject(
        refusal ? errorFrom(refusal) : errors.HISTORIAN_START_FAILED({ dir: this.#request().dir, message: ended(code, signal) }),
      );
      this.#first = undefined;
      return;
    }
    const delay = (refusal ? this.#afterRefusal : this.#afterCrash).next();
    this.restarts++;
    this.#log.warn("The historian's process ended and is started again.", { code, signal, delayMs: Math.round(delay), ...refusal });
    this.#events.lost(
      refusal ?? {
        code: 'HISTORIAN_RESTARTING',
        params: {},
        text: `The historian's process ended (${ended(code, signal)}); it is started again.`,
      },
      Math.round(this.#clock.now() + delay * 1000) as Micros,
      refusal === undefined,
    );
    // sleep, not after: a historian with entries to store keeps the process alive
    this.#clock.sleep(delay, this.#restart.signal).then(
      () => {
        if (this.#wanted) this.#spawn();
      },
      () => {},
    );
  }
}

const ended = (code: number | null, signal: string | null): string => (signal ? `signal ${signal}` : `exit code ${code ?? 'unknown'}`);
