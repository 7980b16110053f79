import { OmhError, RefusedPublication, topicNameFault } from '@omh/core';
import type { BusReader, BusSubscription, Logger, Message, MessageBus, Principal, PublishStage, Refusal, Replacement } from '@omh/core';
import type { CurrentValues } from './current-values.ts';
import { errors } from './errors.ts';

/** The way of a write into the hub. */
export interface WriteDoor {
  /** Whether it has `tag.write` on the path now. */
  mayWrite(principal: Principal, path: string): boolean;
  /** Whether the answer may go to this topic: where its asker may publish. */
  mayAnswer(message: Message, topic: string): boolean;
  /** Resolves after the device confirmed; rejects with an OmhError. */
  write(path: string, value: unknown, principal: Principal, reason: string | undefined): Promise<void>;
  /** Every command with its outcome. */
  audit(entry: WriteEntry): void;
}
export interface WriteEntry {
  readonly principal: Principal;
  /** `ip:port`. */
  readonly peer: string | undefined;
  readonly path: string;
  readonly value: unknown;
  readonly reason: string | undefined;
  readonly result: 'ok' | 'refused' | 'failed';
  readonly code: string | undefined;
}

interface Command {
  readonly value: unknown;
  readonly reason: string | undefined;
}

const suffix = '/set';
/** MQTT 5.0, 2.4. */
const code = { implementation: 0x83, notAuthorized: 0x87, quota: 0x97, payload: 0x99 } as const;

/**
 * `{path}/set`: what is published there is written to the tag. What can be refused at once is, before anybody sees the message; a QoS 1
 * or 2 publication is acknowledged after the device confirmed, or with the reason code of its refusal.
 */
export class WriteCommands {
  readonly #bus: MessageBus;
  readonly #values: CurrentValues;
  readonly #door: WriteDoor;
  readonly #log: Logger;
  readonly counts = { ok: 0, refused: 0, failed: 0 };
  #stage: BusSubscription | undefined;
  #reader: BusSubscription | undefined;
  #filters = '';

  constructor(bus: MessageBus, values: CurrentValues, door: WriteDoor, log: Logger) {
    this.#bus = bus;
    this.#values = values;
    this.#door = door;
    this.#log = log;
  }

  /** Listens below these device paths from now on. */
  listen(paths: Iterable<string>): void {
    this.#stage ??= this.#bus.attach?.(this.#checking);
    const filters = [...new Set(paths)].map((path) => `${path}/+${suffix}`);
    const text = filters.join('\n');
    if (text === this.#filters) return;
    this.#filters = text;
    this.#reader?.close();
    this.#reader = filters.length === 0 ? undefined : this.#bus.subscribe(filters, this.#writing);
  }
  stop(): void {
    this.#reader?.close();
    this.#stage?.close();
    this.#reader = this.#stage = undefined;
    this.#filters = '';
  }

  readonly #checking: PublishStage = {
    name: 'namespace/set',
    appliesTo: (topic) => topic.endsWith(suffix),
    run: (message) => this.#check(message),
  };
  /** A command is for now: nobody who comes later gets it. */
  #check(message: Message): Replacement | Refusal | undefined {
    const path = this.#pathOf(message.topic);
    if (path === undefined) return undefined;
    const { principal } = message;
    const refusal = this.#door.mayWrite(principal, path)
      ? parse(message, path)
      : errors.NAMESPACE_NOT_ALLOWED({ principal: principal.name, path });
    if (!(refusal instanceof OmhError)) return message.retain ? { retain: false } : undefined;
    this.#ended(message.keep(), path, undefined, refusal);
    return { refuse: codeOf(refusal), reason: refusal.text };
  }

  readonly #writing: BusReader = {
    name: 'namespace/set',
    delivery: 'durable',
    receive: (message) => {
      const path = this.#pathOf(message.topic);
      return path === undefined ? undefined : this.#write(message.keep(), path);
    },
  };
  async #write(message: Message, path: string): Promise<void> {
    const command = parse(message, path);
    try {
      if (command instanceof OmhError) throw command;
      const { principal } = message;
      if (!this.#door.mayWrite(principal, path)) throw errors.NAMESPACE_NOT_ALLOWED({ principal: principal.name, path });
      await this.#door.write(path, command.value, principal, command.reason);
      this.#ended(message, path, command, undefined);
    } catch (thrown) {
      const error = thrown instanceof OmhError ? thrown : this.#unexpected(path, thrown);
      this.#ended(message, path, command instanceof OmhError ? undefined : command, error);
      throw new RefusedPublication(error, codeOf(error));
    }
  }
  #pathOf(topic: string): string | undefined {
    const path = topic.slice(0, -suffix.length);
    return topic.endsWith(suffix) && this.#values.byPath(path) !== undefined ? path : undefined;
  }
  #unexpected(path: string, thrown: unknown): OmhError {
    this.#log.error('a write over MQTT ended unexpectedly', { path, err: thrown });
    return errors.NAMESPACE_WRITE_FAILED({ path, detail: thrown instanceof Error ? thrown.message : String(thrown) }, { cause: thrown });
  }

  #ended(message: Message, path: string, command: Command | undefined, error: OmhError | undefined): void {
    const { principal, peer } = message;
    const result = error === undefined ? 'ok' : codeOf(error) === code.implementation ? 'failed' : 'refused';
    this.counts[result]++;
    this.#door.audit({ principal, peer, path, value: command?.value, reason: command?.reason, result, code: error?.code });
    this.#answer(message, error);
  }
  /** Goes where its asker may publish, and under the asker's name: it can start nothing that they could not. */
  #answer(message: Message, error: OmhError | undefined): void {
    const { responseTopic: topic, correlationData } = message.properties ?? {};
    if (topic === undefined || topicNameFault(topic) !== undefined || topic.startsWith('$') || topic.endsWith(suffix)) return;
    if (!this.#door.mayAnswer(message, topic)) return;
    const answer =
      error === undefined
        ? { result: 'ok' }
        : { type: `urn:omh:error:${error.code}`, status: error.status, detail: error.text, code: error.code, next: error.next };
    this.#bus
      .publish({
        topic,
        payload: JSON.stringify(answer),
        qos: message.qos === 0 ? 0 : 1,
        ...(correlationData === undefined ? {} : { properties: { correlationData } }),
        principal: message.principal,
        clientId: 'namespace',
      })
      ?.catch((thrown: unknown) => this.#log.debug('the answer to a write was not published', { topic, err: thrown }));
  }
}

/** A JSON value, or `{"v":…,"reason":"…"}`. */
function parse(message: Message, path: string): Command | OmhError {
  const json = message.json();
  if (json === undefined) return errors.NAMESPACE_PAYLOAD({ path, fault: 'it is no JSON' });
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { value: json, reason: undefined };
  const { v, reason } = json as { readonly v?: unknown; readonly reason?: unknown };
  if (v === undefined) return errors.NAMESPACE_PAYLOAD({ path, fault: 'the object has no v' });
  if (reason !== undefined && typeof reason !== 'string') return errors.NAMESPACE_PAYLOAD({ path, fault: 'reason is no text' });
  return { value: v, reason };
}

/** The device or the way to it: 0x83; the hub has too much to do: 0x97; the rest is in the command. */
function codeOf({ row, status }: OmhError): number {
  if (status === 403) return code.notAuthorized;
  if (row.blame !== 'caller' && row.blame !== 'config') return code.implementation;
  return status === 429 ? code.quota : code.payload;
}
