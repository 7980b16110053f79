import { topicMatches } from '@omh/core';
import type { Micros, QoS } from '@omh/core';
import { addressOf } from './placeholders.ts';

/** What to follow: all of one client, of one topic or filter, or of one address. */
export interface TraceRequest {
  /** Unique. */
  readonly name: string;
  readonly by: 'client' | 'topic' | 'address';
  readonly value: string;
  /** hidden (default): its length only. text and hex: its first `payloadBytes`. */
  readonly payload?: 'hidden' | 'text' | 'hex';
  readonly payloadBytes?: number;
  /** Ends by itself after this time, default an hour, at most a day. */
  readonly forMs?: number;
}
export interface TraceState {
  readonly name: string;
  readonly by: TraceRequest['by'];
  readonly value: string;
  readonly payload: 'hidden' | 'text' | 'hex';
  readonly running: boolean;
  readonly since: Micros;
  /** When it ends, or ended, µs UTC. */
  readonly until: Micros;
  readonly lines: number;
  /** Older lines that had to go for newer ones. */
  readonly lost: number;
}
/** One line. Passwords are in none. */
export interface TraceLine {
  readonly time: Micros;
  readonly what: string;
  readonly clientId: string;
  readonly username?: string;
  readonly peer?: string;
  readonly topic?: string;
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly bytes?: number;
  readonly payload?: string;
  readonly detail?: string;
}

const maxLines = 5000;
const maxChars = 1 << 20;
const defaultPayloadBytes = 256;
const maxPayloadBytes = 4096;
const hourMs = 3_600_000;

/** One trace: its lines, the newest of them, bounded by number and size. */
export class Trace {
  readonly request: TraceRequest;
  readonly since: Micros;
  readonly endsMs: number;
  until: Micros;
  running = true;
  lost = 0;
  #lines: { readonly line: TraceLine; readonly chars: number }[] = [];
  #head = 0;
  #chars = 0;

  constructor(request: TraceRequest, since: Micros, nowMs: number) {
    const forMs = Math.min(24 * hourMs, Math.max(1000, request.forMs ?? hourMs));
    this.request = request;
    this.since = since;
    this.endsMs = nowMs + forMs;
    this.until = (since + forMs * 1000) as Micros;
  }
  matches(clientId: string, peer: string | undefined, topic: string | undefined): boolean {
    const { by, value } = this.request;
    if (by === 'client') return clientId === value;
    if (by === 'address') return peer !== undefined && addressOf(peer).host === value;
    return topic !== undefined && topicMatches(value, topic);
  }
  get size(): number {
    return this.#lines.length - this.#head;
  }
  add(line: TraceLine): void {
    const chars = 120 + line.clientId.length + (line.topic?.length ?? 0) + (line.payload?.length ?? 0);
    this.#lines.push({ line, chars });
    this.#chars += chars;
    while (this.size > maxLines || this.#chars > maxChars) {
      this.#chars -= this.#lines[this.#head++]!.chars;
      this.lost++;
    }
    if (this.#head > maxLines) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
  }
  lines(): TraceLine[] {
    return this.#lines.slice(this.#head).map(({ line }) => line);
  }
  state(): TraceState {
    const { name, by, value, payload = 'hidden' } = this.request;
    return { name, by, value, payload, running: this.running, since: this.since, until: this.until, lines: this.size, lost: this.lost };
  }
  payloadOf(bytes: () => Uint8Array): string | undefined {
    const { payload = 'hidden', payloadBytes = defaultPayloadBytes } = this.request;
    if (payload === 'hidden') return undefined;
    const all = bytes();
    const cut = Buffer.from(all.subarray(0, Math.min(payloadBytes, maxPayloadBytes)));
    return cut.toString(payload === 'hex' ? 'hex' : 'utf8') + (cut.length < all.length ? '…' : '');
  }
}

/** One line of a text file. */
export function textOf(line: TraceLine): string {
  const { time, what, clientId, ...rest } = line;
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
  );
  return [new Date(time / 1000).toISOString(), what, JSON.stringify(clientId), ...fields].join(' ');
}
