import type { Clock } from './clock.ts';
import type { Reason } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Quality } from './quality.ts';
import type { Result } from './result.ts';
import type { Tag, TagAccess, TagValue, DataType } from './tag.ts';
import type { ValueBatch } from './value-batch.ts';

/** A JSON Schema object (draft 2020-12); the one source of validation, editor completion, forms and docs. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The manifest of a driver: what `plugins:` loads, what forms and docs are made from. */
export interface DriverModule<S = unknown> {
  readonly omhApi: 1;
  /** As in `driver:` of the hub file, e.g. `modbus-tcp`. */
  readonly id: string;
  readonly title: string;
  /** Schema of a device's `settings`; every property has title, description, default where it has one, and `effect`. */
  readonly settings: JsonSchema;
  readonly capabilities: { readonly read: boolean; readonly write: boolean; readonly subscribe: boolean; readonly browse: boolean };
  /** Pure and synchronous: run on each keystroke and on imports of 100,000 rows. `settings` say which notation the device uses. */
  parseAddress(
    address: string,
    tag: { readonly type: DataType; readonly access: TagAccess; readonly count?: number | undefined },
    settings?: Readonly<Record<string, unknown>>,
  ): Result<ParsedAddress>;
  /** Where the device is, for people: `127.0.0.1:5020`. */
  endpoint(settings: S): string;
  create(settings: S, context: DriverContext): Driver;
  /** What a frame of a link with these settings says, as `DriverContext.trace` hands it out; undefined where it is none. Absent: frames are bytes. */
  describeFrame?(frame: Uint8Array, direction: 'tx' | 'rx', settings: S): FrameSummary | undefined;
}

/** One frame for people; what it does not say is absent. */
export interface FrameSummary {
  readonly unit?: number;
  /** Pairs an answer with its request. */
  readonly transaction?: number;
  readonly function?: number;
  readonly functionName?: string;
  /** First address on the wire, and how many points. */
  readonly address?: number;
  readonly count?: number;
  /** The device refuses with this code. */
  readonly exception?: number;
  /** The whole in a few words: `read holding registers 0–9`. */
  readonly text: string;
}

export interface ParsedAddress {
  /** The one spelling of this address that two equal addresses share. */
  readonly canonical: string;
  readonly writable: boolean;
}

export interface DriverContext {
  readonly device: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The link went away by itself (not by `close`). Called at most once per `open`. */
  onLost(reason: Reason): void;
  /** What the driver learnt of this device and wants to find again after a restart: small, plain JSON. Absent in one-shot use. */
  readonly memory?: DriverMemory;
  /** Shared by all drivers of one hub, by a key of the driver's own: a serial port or a gateway that several devices stand behind. */
  readonly shared?: Map<string, unknown>;
  /** Each frame as sent and received while somebody watches; absent when nobody does. */
  trace?(direction: 'tx' | 'rx', frame: Uint8Array): void;
}

export interface DriverMemory {
  /** What was put last, or undefined. */
  get(): unknown;
  /** Kept soon, not at once; the newest wins. */
  put(value: unknown): void;
}

/**
 * One link to one device. Pure protocol: scheduling, back-off, scaling and last values live in acquisition.
 * Never throws out of a socket callback; a tag that cannot be read is a quality, not an exception.
 * Reads and writes may be asked for at any time and together: the driver brings them in order on its link, writes ahead of reads.
 */
export interface Driver {
  /** One attempt; rejects with an OmhError that says why. Acquisition calls again. */
  open(signal: AbortSignal): Promise<void>;
  /** Idempotent; pending reads resolve and pending writes settle before it resolves. */
  close(): Promise<void>;
  /** Turns tags into requests once; the plan is reused each cycle and dies with `open`/`close` unharmed. */
  compile(tags: readonly Tag[]): ReadPlan;
  /** The plan that `compile` makes, with a `pause` every few milliseconds of work; absent where compiling is quick for any number. */
  compileInSlices?(tags: readonly Tag[], pause: () => Promise<void>): Promise<ReadPlan>;
  /**
   * Row i of the result is `tags[i]` of the plan, raw (unscaled) values. Resolves always, within `timeoutMs` per request plus the
   * planned number of rounds: no answer is `badTimeout`, a lost link `badNoCommunication`, a refusal the quality and reason of it.
   */
  read(plan: ReadPlan, options: ReadOptions): Promise<ValueBatch>;
  /** Result i belongs to item i; resolves after the device answered. */
  write(items: readonly WriteItem[], options: ReadOptions): Promise<readonly WriteResult[]>;
  /** Asks the device who it is; absent where the protocol has no such question. Rejects with an OmhError when it does not say. */
  identify?(unit: number, options: ReadOptions): Promise<DeviceIdentity>;
  /** Forgets which addresses the device refuses, so that the next reads ask for all of them; absent where nothing is learnt. */
  forgetLearnt?(): void;
  stats(): DriverStats;
}

export interface ReadPlan {
  readonly tags: readonly Tag[];
  /** What goes over the wire, for people and tests. */
  readonly requests: readonly {
    readonly unit: number;
    readonly area: string;
    readonly start: number;
    readonly count: number;
    readonly tags: number;
  }[];
}
export interface ReadOptions {
  readonly timeoutMs: number;
}
/** `value` is raw: already scaled back and checked against the type by acquisition. */
export interface WriteItem {
  readonly tag: Tag;
  readonly value: TagValue;
}
export interface WriteResult {
  readonly quality: Quality;
  readonly reason?: Reason;
}

/** Counters since `create`. */
export interface DriverStats {
  readonly requests: number;
  readonly responses: number;
  readonly refusals: number;
  readonly timeouts: number;
  /** Late or wrong-transaction answers that were thrown away. */
  readonly strays: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly connects: number;
  /** Round trip of the last answered request. */
  readonly lastRttMs: number | undefined;
  /** Round trips of the newest answered requests, half and 99 % of them; undefined before the first. */
  readonly rttP50Ms?: number;
  readonly rttP99Ms?: number;
  /** How often each fault was met, by its error code. */
  readonly faults?: Readonly<Record<string, number>>;
  /** Requests that may be under way at once now. */
  readonly window?: number;
  /** Ranges that the device refuses, as learnt; `code` is the protocol's own. */
  readonly holes?: readonly DeviceHole[];
  /** Most points the device gives in one request, where it gives fewer than the protocol allows. */
  readonly limits?: readonly DeviceLimit[];
}

/** A range of addresses, as they go over the wire, that the device refuses to read. */
export interface DeviceHole {
  readonly unit: number;
  readonly area: string;
  readonly start: number;
  readonly count: number;
  readonly code: number;
  /** It lies between values, and only some of it need be refused: no request reads over it. */
  readonly gap?: boolean;
}

export interface DeviceLimit {
  readonly unit: number;
  readonly area: string;
  readonly count: number;
}

/** What a device says of itself: names as the protocol gives them, e.g. `VendorName`, `ProductCode`, `MajorMinorRevision`. */
export type DeviceIdentity = Readonly<Record<string, string>>;
