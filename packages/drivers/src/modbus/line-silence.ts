import type { Clock } from '@omh/core';

/** Requests in a row without an answer of anybody after which the line counts as deaf, and how often it is tried then. */
const deafAfter = 3;
const tryEveryMs = 5000;
/** A connection on which nothing was heard for so long since then is worth making anew. */
const hopelessMs = 30_000;

/** Whether anything at all answers on a line that stays open: a serial port does, whatever becomes of the cable. */
export class LineSilence {
  readonly #clock: Clock;
  #silentInRow = 0;
  #deafAtMs = 0;
  #tryAtMs = 0;
  #revivals = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Nothing answers, whoever is asked. */
  get isDeaf(): boolean {
    return this.#silentInRow >= deafAfter;
  }
  get silentInRow(): number {
    return this.#silentInRow;
  }
  /** Deaf for so long that the other side may be gone without a word. */
  get isHopeless(): boolean {
    return this.isDeaf && this.#clock.monotonicMs() - this.#deafAtMs >= hopelessMs;
  }
  /** How often something answered again after that. */
  get revivals(): number {
    return this.#revivals;
  }

  timedOut(): void {
    if (++this.#silentInRow !== deafAfter) return;
    this.#deafAtMs = this.#clock.monotonicMs();
    this.#tryAtMs = this.#deafAtMs + tryEveryMs;
  }
  heard(): void {
    if (this.isDeaf) this.#revivals++;
    this.#silentInRow = 0;
  }
  /** Another connection: what was not heard on the former one says nothing. */
  reset(): void {
    this.#silentInRow = 0;
  }
  /** True once every few seconds: then one request may find out whether the line is back. */
  takesTry(): boolean {
    const now = this.#clock.monotonicMs();
    if (now < this.#tryAtMs) return false;
    this.#tryAtMs = now + tryEveryMs;
    return true;
  }
}
