import type { WebSocket } from 'ws';
import { allows, type Verb } from '@omh/access';
import { reasonOf, topicFilterFault, type Logger, type Principal } from '@omh/core';
import type { Hub } from '@omh/hub';
import { errors } from '../errors.ts';
import { allowsSomewhere, type Credential } from '../permission.ts';
import { FlowSubscription } from './flow.ts';
import { SimulatorSubscription } from './simulator.ts';
import type { Snapshots } from './snapshots.ts';
import { StatusSubscription } from './status.ts';
import type { Outlet, Subscription } from './subscription.ts';
import { TagsSubscription, type TagSelection } from './tags.ts';
import { TopicSubscription } from './topic.ts';

export interface LiveSocketOptions {
  readonly socket: WebSocket;
  /** Unique per server; names its bus readers. */
  readonly number: number;
  readonly principal: Principal;
  readonly credential: Credential;
  readonly hub: Hub;
  readonly snapshots: Snapshots;
  readonly log: Logger;
  readonly tick: () => number;
}

/** Counters since the socket opened. */
export interface LiveSocketStats {
  frames: number;
  dropped: number;
}

const maxSubscriptions = 50;
const congestedBytes = 1024 * 1024;
/** A peer that asks on and on without reading the answers is cut off. */
const hopelessBytes = 16 * 1024 * 1024;
const maxMessagesPerTick = 500;

/** One console or program on the live API: its subscriptions and what it asks. */
export class LiveSocket implements Outlet {
  readonly #o: LiveSocketOptions;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly stats: LiveSocketStats = { frames: 0, dropped: 0 };
  #answered = true;
  #received = 0;
  #receivedAt = -1;

  constructor(options: LiveSocketOptions) {
    this.#o = options;
    options.socket.on('message', (data: Buffer, binary: boolean) => this.#receive(data, binary));
    options.socket.on('pong', () => {
      this.#answered = true;
    });
  }
  get credential(): Credential {
    return this.#o.credential;
  }
  get principal(): Principal {
    return this.#o.principal;
  }
  get subscriptions(): number {
    return this.#subscriptions.size;
  }
  get congested(): boolean {
    return this.#o.socket.bufferedAmount > congestedBytes;
  }

  send(text: string): void {
    const { socket } = this.#o;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > hopelessBytes) {
      socket.terminate();
      return;
    }
    this.stats.frames++;
    socket.send(text, ignore);
  }
  drop(count: number): void {
    this.stats.dropped += count;
  }

  flush(tick: number): void {
    for (const [id, subscription] of this.#subscriptions) this.#guarded(id, () => subscription.flush(tick));
  }

  /** Closes a peer that did not answer the former ping; else asks again. */
  ping(): void {
    const { socket } = this.#o;
    if (!this.#answered) {
      socket.terminate();
      return;
    }
    this.#answered = false;
    if (socket.readyState === socket.OPEN) socket.ping(ignore);
  }

  end(code: number, reason: string): void {
    this.#o.socket.close(code, reason);
  }
  terminate(): void {
    this.#o.socket.terminate();
  }

  release(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }

  #receive(data: Buffer, binary: boolean): void {
    const tick = this.#o.tick();
    if (tick !== this.#receivedAt) {
      this.#receivedAt = tick;
      this.#received = 0;
    }
    if (++this.#received > maxMessagesPerTick) {
      this.end(1008, 'too many messages');
      return;
    }
    let message: Record<string, unknown> | undefined;
    try {
      const parsed: unknown = binary ? undefined : JSON.parse(data.toString('utf8'));
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) message = parsed as Record<string, unknown>;
    } catch {
      /* answered below */
    }
    const id = Number.isSafeInteger(message?.id) ? (message!.id as number) : null;
    try {
      this.#do(message, id);
    } catch (thrown) {
      this.#refuse(id, thrown);
    }
  }

  #do(message: Record<string, unknown> | undefined, id: number | null): void {
    if (message === undefined) throw errors.API_LIVE_MESSAGE_INVALID({ fault: 'it is no JSON object in a text frame' });
    if (message.op === 'ping') {
      this.send('{"op":"pong"}');
      return;
    }
    if (message.op !== 'sub' && message.op !== 'unsub')
      throw errors.API_LIVE_MESSAGE_INVALID({ fault: '"op" is none of sub, unsub, ping' });
    if (id === null) throw errors.API_LIVE_MESSAGE_INVALID({ fault: '"id" is no integer' });
    const open = this.#subscriptions.get(id);
    if (message.op === 'unsub') {
      open?.close();
      this.#subscriptions.delete(id);
      return;
    }
    if (open) throw errors.API_LIVE_ID_TAKEN({ id });
    if (this.#subscriptions.size >= maxSubscriptions) throw errors.API_LIVE_FULL({ limit: maxSubscriptions });
    const subscription = this.#subscribe(id, message);
    this.#subscriptions.set(id, subscription);
    this.#guarded(id, () => subscription.flush(this.#o.tick()));
  }

  #subscribe(id: number, message: Record<string, unknown>): Subscription {
    const { hub, snapshots, principal } = this.#o;
    switch (message.kind) {
      case 'tags':
        this.#demandSomewhere('values.read');
        return new TagsSubscription(id, selectionOf(message), principal, hub, this);
      case 'flow':
        this.#demand('status.read');
        return new FlowSubscription(id, snapshots, this);
      case 'status':
        this.#demand('status.read');
        return new StatusSubscription(id, snapshots, this);
      case 'simulator':
        this.#demand('simulators.read');
        return new SimulatorSubscription(id, textOf(message, 'name'), hub, this);
      case 'topic': {
        const filter = textOf(message, 'filter');
        const fault = filter.startsWith('$share/') ? 'shared subscriptions are for MQTT clients' : topicFilterFault(filter);
        if (fault !== undefined) throw errors.API_FILTER_INVALID({ fault });
        this.#demand('mqtt.subscribe', filter);
        return new TopicSubscription(id, filter, `live/${this.#o.number}/${id}`, hub.bus, this);
      }
      default:
        throw errors.API_LIVE_MESSAGE_INVALID({ fault: '"kind" is none of tags, topic, flow, status, simulator' });
    }
  }

  #demand(verb: Verb, subtree?: string): void {
    const { principal } = this.#o;
    if (!allows(principal, verb, subtree))
      throw errors.API_NOT_ALLOWED({ principal: principal.name, verb: subtree === undefined ? verb : `${verb} ${subtree.slice(0, 200)}` });
  }

  /** The subscription shows only what lies below the subtrees of the principal. */
  #demandSomewhere(verb: Verb): void {
    const { principal } = this.#o;
    if (!allowsSomewhere(principal, verb)) throw errors.API_NOT_ALLOWED({ principal: principal.name, verb });
  }

  /** A subscription that fails ends alone. */
  #guarded(id: number, act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#subscriptions.get(id)?.close();
      this.#subscriptions.delete(id);
      this.#refuse(id, thrown);
    }
  }

  #refuse(id: number | null, thrown: unknown): void {
    const reason = reasonOf(thrown);
    const known = reason.code !== 'UNEXPECTED';
    if (!known) this.#o.log.error('a live subscription failed', { err: thrown });
    const { code, text } = known ? reason : errors.API_INTERNAL();
    this.send(JSON.stringify({ id, error: { code, text } }));
  }
}

const ignore = (): void => {};

function textOf(message: Record<string, unknown>, key: string): string {
  const value = message[key];
  if (typeof value !== 'string') throw errors.API_LIVE_MESSAGE_INVALID({ fault: `"${key}" is no text` });
  return value;
}

function selectionOf(message: Record<string, unknown>): TagSelection {
  const { tags } = message;
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((t) => typeof t === 'string'))) {
    throw errors.API_LIVE_MESSAGE_INVALID({ fault: '"tags" is no list of device/group/tag' });
  }
  return {
    ...(message.device === undefined ? {} : { device: textOf(message, 'device') }),
    ...(message.group === undefined ? {} : { group: textOf(message, 'group') }),
    ...(tags === undefined ? {} : { tags }),
  };
}
